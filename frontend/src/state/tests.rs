//! The state's behaviour, without a browser.

use std::rc::Rc;

use airlock_core::{
    Finding, UnixTime,
    plan::{
        BroughtAuthority,
        request::{Intent, PossibleChoices, RotationRequest, Workers},
    },
    profile::AuthorityId,
    report::{
        AuthorityReport, CertificateReport, FilePreview, InventoryReport, OutputFileReport, PackageReport, PlanReport,
        ReplacedReport,
    },
    simulate::TrustMatrix,
    x509::KeyAlgorithm,
};

use super::{
    checks::SelfTest,
    form::{AuthorityChange, AuthorityProgress, BroughtPart, FormChange, FormProblem, PlanForm, Problem},
    matrix_view::MatrixViewChange,
    notice::{Alert, Notice},
    outage::Consent,
    step::Step,
    work::FileId,
    *,
};
use crate::words;

pub(super) fn authority(id: AuthorityId, rotates: bool) -> AuthorityReport {
    AuthorityReport {
        id,
        title: format!("{id:?}"),
        certificate: CertificateReport {
            subject: "CN=kubernetes".to_owned(),
            issuer: "CN=kubernetes".to_owned(),
            alternative_names: Vec::new(),
            key_type: "RSA 2048".to_owned(),
            serial: "0".to_owned(),
            not_before: UnixTime(0),
            not_after: UnixTime(1),
            authority: true,
            signed_by: String::new(),
            fingerprint: String::new(),
            pin: String::new(),
            subject_key_id: String::new(),
            authority_key_id: String::new(),
            signature_algorithm: String::new(),
        },
        key_present: true,
        rotates,
        same_key_algorithm: Some(KeyAlgorithm::Rsa2048),
        successor_name: "kubernetes-20260801".to_owned(),
    }
}

pub(super) fn inventory() -> InventoryReport {
    InventoryReport {
        authorities: vec![
            authority(AuthorityId::Cluster, true),
            authority(AuthorityId::FrontProxy, true),
            authority(AuthorityId::Etcd, false),
        ],
        choices: PossibleChoices { renew_leaves: true, replace_workers: true },
        ..InventoryReport::default()
    }
}

fn file(id: u32, path: &str) -> LoadedFile {
    LoadedFile { id: FileId(id), path: path.to_owned(), size: 1 }
}

fn plan() -> PlanReport {
    PlanReport {
        package: "airlock-one-20260801".to_owned(),
        intent: airlock_core::plan::Intent::Rotate,
        authorities: vec![],
        keys: vec![],
        steps: vec![],
        findings: vec![],
        acknowledged: vec![],
    }
}

fn package() -> PackageReport {
    PackageReport { name: "airlock-one-20260801".to_owned(), files: vec![], matrix: TrustMatrix::default() }
}

/// The state after loading one file, and after `actions`.
pub(super) fn after(actions: impl IntoIterator<Item = Action>) -> State {
    let loaded = State::default().after(Action::Inspected([file(0, "ca.crt")].into(), inventory().into()));
    actions.into_iter().fold(loaded, State::after)
}

pub(super) fn planned() -> Action {
    Action::Planned(Outcome::Plan(plan().into()))
}

pub(super) fn made() -> Action {
    Action::Made(package().into(), Rc::default(), Rc::default())
}

fn cluster(change: AuthorityChange) -> Action {
    Action::Form(FormChange::Authority(AuthorityId::Cluster, change))
}

#[test]
fn the_untouched_form_asks_for_the_default() {
    let mut expected = RotationRequest::default();
    let rotating = [AuthorityId::Cluster, AuthorityId::FrontProxy];
    expected.rotate = Some(rotating.to_vec());
    for id in rotating {
        expected.authorities.insert(id, airlock_core::plan::NewAuthority::default());
    }
    assert_eq!(after([]).form.request(), Ok(expected));
}

#[test]
fn a_renewal_asks_for_nothing_that_core_refuses_with_it() {
    let renewal = || Action::Form(FormChange::Intent(Intent::RenewLeaves));
    let request = after([
        Action::Form(FormChange::ExternalCa(true)),
        Action::Form(FormChange::CaDays("none".to_owned())),
        Action::Form(FormChange::LeafDays("90".to_owned())),
        renewal(),
    ])
    .form
    .request();
    let expected = RotationRequest { intent: Intent::RenewLeaves, leaf_days: 90, ..RotationRequest::default() };
    assert_eq!(request, Ok(expected));
    let problems = after([renewal(), Action::Form(FormChange::LeafDays("0".to_owned()))]).form.request().unwrap_err();
    assert_eq!(problems[0].field, "leaf-days");
}

#[test]
fn a_choice_counts_only_where_the_cluster_allows_it() {
    let state = after([
        Action::Form(FormChange::Intent(Intent::RenewLeaves)),
        Action::Form(FormChange::Workers(Workers::Replace)),
    ]);
    assert_eq!((state.form.intent(), state.form.workers()), (Intent::RenewLeaves, Workers::Replace));
    let mut other = inventory();
    other.choices = PossibleChoices::default();
    let state = state.after(Action::Inspected([file(0, "talosconfig")].into(), other.into()));
    let request = state.form.request().unwrap();
    assert_eq!((request.intent, request.workers), (Intent::Rotate, Workers::Reconfigure));
    // The options come back with the first cluster's files, until they are reset.
    let state = state.after(Action::Inspected([file(1, "ca.crt")].into(), inventory().into()));
    assert_eq!((state.form.intent(), state.form.workers()), (Intent::RenewLeaves, Workers::Replace));
    let reset = state.after(Action::Form(FormChange::Reset)).form;
    assert_eq!((reset.intent(), reset.workers()), (Intent::Rotate, Workers::Reconfigure));
    assert!(reset.possible.renew_leaves, "the cluster still allows it");
}

#[test]
fn authorities_that_do_not_rotate_have_no_fields() {
    let ids: Vec<AuthorityId> = after([]).form.authorities.iter().map(|form| form.id).collect();
    assert_eq!(ids, [AuthorityId::Cluster, AuthorityId::FrontProxy]);
}

#[test]
fn what_was_typed_survives_more_files() {
    let state = after([
        cluster(AuthorityChange::Name("mine".to_owned())),
        cluster(AuthorityChange::BroughtPath(BroughtPart::Certificate, "ca.crt".to_owned())),
        Action::Form(FormChange::CaDays("100".to_owned())),
        Action::Inspected([file(0, "ca.crt"), file(1, "ca.key")].into(), inventory().into()),
    ]);
    assert_eq!(state.form.authorities[0].name.as_deref(), Some("mine"));
    assert_eq!(state.form.authorities[0].certificate, "ca.crt");
    assert_eq!(state.form.ca_days, "100");
}

#[test]
fn a_chosen_file_that_is_removed_is_chosen_no_more() {
    let state = after([
        cluster(AuthorityChange::BroughtPath(BroughtPart::Certificate, "ca.crt".to_owned())),
        Action::Inspected([file(1, "ca.key")].into(), inventory().into()),
    ]);
    assert_eq!(state.form.authorities[0].certificate, "");
}

#[test]
fn a_proposed_name_is_not_a_choice() {
    let state = after([cluster(AuthorityChange::Name("kubernetes-20260801".to_owned()))]);
    assert_eq!(state.form.authorities[0].name, None);
}

#[test]
fn a_key_type_that_is_not_made_here_needs_a_choice() {
    let mut found = inventory();
    found.authorities[0].same_key_algorithm = None;
    let state = after([Action::Inspected([file(0, "ca.crt")].into(), found.into())]);
    assert_eq!(state.form.authorities[0].key_algorithm, Some(KeyAlgorithm::Rsa2048));
}

#[test]
fn a_platforms_own_tool_may_take_a_whole_subject() {
    let mut found = inventory();
    found.platform = "starlingx".to_owned();
    let typed = |found: &InventoryReport, subject: &str, day: &str| {
        after([
            Action::Inspected([file(0, "ca.crt")].into(), found.clone().into()),
            cluster(AuthorityChange::Name("mine".to_owned())),
            cluster(AuthorityChange::Subject(subject.to_owned())),
            cluster(AuthorityChange::ExpiryDate(day.to_owned())),
        ])
        .form
    };
    let form = typed(&found, " C=CA O=Company CN=one ", "2036-01-02");
    assert!(form.authorities[0].whole_subject && !form.authorities[1].whole_subject);
    let new = form.request().unwrap().authorities.remove(&AuthorityId::Cluster).unwrap();
    assert_eq!(new.subject.as_deref(), Some("C=CA O=Company CN=one"));
    assert_eq!((new.expiry_date.as_deref(), new.common_name), (Some("2036-01-02"), None));
    let problems = typed(&found, "C=CA O=Company", "tomorrow").request().unwrap_err();
    let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["cluster-subject", "cluster-expiry-date"]);
    let new = typed(&found, "", "").request().unwrap().authorities.remove(&AuthorityId::Cluster).unwrap();
    assert_eq!((new.subject, new.expiry_date, new.common_name.as_deref()), (None, None, Some("mine")));
    // If the platform's tool accepts none, typed values are ignored.
    found.platform = "kubeadm".to_owned();
    let new =
        typed(&found, "CN=one", "2036-01-02").request().unwrap().authorities.remove(&AuthorityId::Cluster).unwrap();
    assert_eq!((new.subject, new.expiry_date), (None, None));
}

#[test]
fn what_the_person_says_of_the_platform_goes_with_the_files() {
    let state = after([Action::PlatformChosen(Some("talos"))]);
    assert_eq!(state.platform, Some("talos"));
    let state = state.after(Action::Inspected([file(1, "ca.key")].into(), inventory().into()));
    assert_eq!(state.platform, Some("talos"));
    assert_eq!(state.clone().after(Action::Wiped).platform, None);
    assert_eq!(state.after(Action::Inspected([].into(), inventory().into())).platform, None);
}

#[test]
fn problems_name_their_fields() {
    let check = |change: Action, fields: &[&str]| {
        let problems = after([change]).form.request().unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), fields);
    };
    check(Action::Form(FormChange::CaDays("0".to_owned())), &["ca-days"]);
    check(Action::Form(FormChange::LeafDays("a year".to_owned())), &["leaf-days"]);
    check(cluster(AuthorityChange::Name(" ".to_owned())), &["cluster-name"]);
    check(cluster(AuthorityChange::Brought(true)), &["cluster-certificate", "cluster-key"]);

    let none = [AuthorityId::Cluster, AuthorityId::FrontProxy]
        .map(|id| Action::Form(FormChange::Authority(id, AuthorityChange::Rotate(false))));
    assert_eq!(after(none).form.request().unwrap_err()[0].field, "authorities");
}

#[test]
fn an_authority_can_be_brought_along() {
    let state = after([
        cluster(AuthorityChange::Brought(true)),
        cluster(AuthorityChange::BroughtPath(BroughtPart::Certificate, "ca.crt".to_owned())),
        cluster(AuthorityChange::BroughtPath(BroughtPart::Key, "ca.crt".to_owned())),
    ]);
    let request = state.form.request().unwrap();
    let brought = BroughtAuthority { certificate: "ca.crt".to_owned(), key: "ca.crt".to_owned() };
    assert_eq!(request.authorities[&AuthorityId::Cluster].brought, Some(brought));
}

#[test]
fn an_authority_left_alone_is_not_asked_about() {
    let state = after([cluster(AuthorityChange::Brought(true)), cluster(AuthorityChange::Rotate(false))]);
    assert_eq!(state.form.request().unwrap().rotate, Some(vec![AuthorityId::FrontProxy]));
}

#[test]
fn a_changed_choice_takes_plan_and_package_away() {
    let made =
        [Action::Planned(Outcome::Plan(plan().into())), Action::Made(package().into(), Rc::default(), Rc::default())];
    let built = after(std::iter::once(Action::PlanAsked).chain(made));
    assert!(built.is_planned() && built.package.is_some());
    // The plan stays visible until the next one exists, but cannot be built.
    let state = built.after(Action::Form(FormChange::KeepKeys(true)));
    assert!(!state.is_planned() && state.package.is_none());
}

#[test]
fn more_files_take_plan_and_package_away() {
    let made =
        [Action::Planned(Outcome::Plan(plan().into())), Action::Made(package().into(), Rc::default(), Rc::default())];
    let more = Action::Inspected([file(0, "ca.crt"), file(1, "ca.key")].into(), inventory().into());
    let state = after(made.into_iter().chain([more]));
    assert_eq!((state.outcome, state.package), (None, None));
}

#[test]
fn removing_the_last_file_takes_the_inventory_away() {
    let state = after([Action::Inspected([].into(), InventoryReport::default().into())]);
    assert_eq!(state.inventory, None);
    assert!(state.form.authorities.is_empty());
}

#[test]
fn keys_are_counted_up_to_their_number() {
    let state =
        after([Action::Began(Job::Making { done: 0, total: 2 }), Action::KeyMade, Action::KeyMade, Action::KeyMade]);
    assert_eq!(state.job, Some(Job::Making { done: 2, total: 2 }));
    assert_eq!(after([Action::KeyMade]).job, None);
}

#[test]
fn cancelling_keeps_the_plan() {
    let state = after([
        Action::Planned(Outcome::Plan(plan().into())),
        Action::Began(Job::Making { done: 0, total: 2 }),
        Action::Cancelled,
    ]);
    assert!(state.plan().is_some());
    assert_eq!((state.job, state.notice), (None, Some(Notice::Cancelled)));
}

#[test]
fn a_dead_worker_takes_the_plan_but_nothing_loaded() {
    let state =
        after([Action::Planned(Outcome::Plan(plan().into())), Action::CoreDied("core/src/lib.rs:1:1".to_owned())]);
    assert_eq!(state.outcome, None);
    assert_eq!(state.files.len(), 1);
    assert_eq!(state.job, Some(Job::Inspecting), "the new worker takes up the files");
    assert!(words::alert(&state.alert.unwrap()).contains("core/src/lib.rs:1:1"));
}

#[test]
fn files_that_kill_the_worker_are_named() {
    let first = State::default()
        .after(Action::Began(Job::Inspecting))
        .after(Action::CoreDied(String::new()))
        .after(Action::FilesLeftOut(vec!["evil.yaml".to_owned()], "core/src/lib.rs:1:1".to_owned()));
    assert_eq!(first.job, None, "there is nothing to take up");
    let alert = words::alert(&first.alert.unwrap());
    assert!(alert.contains("evil.yaml") && alert.contains("because of a defect (core/src/lib.rs:1:1)"), "{alert}");
}

#[test]
fn memory_that_is_exhausted_is_no_defect() {
    let large = || Action::FilesLeftOut(vec!["dump.yaml".to_owned(), "more.yaml".to_owned()], String::new());
    for action in [Action::CoreDied(String::new()), Action::KeyWorkerDied(String::new()), large()] {
        let alert = words::alert(&after([action]).alert.unwrap());
        assert!(alert.contains("no more memory") && !alert.contains("defect"), "{alert}");
    }
}

#[test]
fn a_page_that_slept_says_so() {
    assert_eq!(after([Action::Resumed]).notice, Some(Notice::Resumed));
    let at_work = after([Action::Began(Job::Making { done: 1, total: 2 }), Action::Resumed]);
    assert_eq!((at_work.alert, at_work.job), (Some(Alert::ResumedDuringWork), Some(Job::Making { done: 1, total: 2 })));
    assert_eq!(State::default().after(Action::Discarded).alert, Some(Alert::Discarded));
}

/// The rotation of the cluster CA is in progress; the front-proxy CA is not rotated.
fn under_way() -> InventoryReport {
    let mut found = inventory();
    let certificate =
        |subject: &str| CertificateReport { subject: subject.to_owned(), ..found.authorities[0].certificate.clone() };
    let replaced = ReplacedReport {
        id: AuthorityId::Cluster,
        title: "Cluster CA".to_owned(),
        old: certificate("CN=kubernetes"),
        new: certificate("CN=kubernetes-2"),
        new_key_present: false,
    };
    found.rotation.authorities.push(replaced);
    found
}

fn going_on(actions: impl IntoIterator<Item = Action>) -> State {
    let loaded = after([Action::Inspected([file(0, "ca.crt")].into(), under_way().into())]);
    actions.into_iter().fold(loaded, State::after)
}

#[test]
fn a_rotation_that_is_under_way_asks_nothing_about_its_new_ca() {
    let state = going_on([cluster(AuthorityChange::Brought(true))]);
    let courses: Vec<_> = state.form.authorities.iter().map(|form| &form.progress).collect();
    assert_eq!(
        courses,
        [&AuthorityProgress::InProgress("CN=kubernetes-2".to_owned(), false), &AuthorityProgress::NotIncluded]
    );
    let request = state.form.request().unwrap();
    assert_eq!((request.start_over, request.authorities[&AuthorityId::Cluster].brought.as_ref()), (false, None));
}

#[test]
fn a_third_ca_is_never_made_by_accident() {
    let choose = || Action::Form(FormChange::StartOver(true));
    let confirm = || Action::Form(FormChange::Confirmed(true));
    assert!(!after([choose(), confirm()]).form.start_over, "nothing is under way");
    assert!(!going_on([confirm(), choose()]).form.confirmed, "nobody confirms what was not chosen");
    let problems = going_on([choose()]).form.request().unwrap_err();
    assert_eq!(problems[0].field, "confirm-start-over");
    assert!(words::confirm_start_over(&going_on([]).form.under_way).contains("CN=kubernetes-2"));
    assert!(going_on([choose(), confirm()]).form.request().unwrap().start_over);
    let back = going_on([choose(), confirm(), Action::Form(FormChange::StartOver(false))]);
    assert!(!back.form.request().unwrap().start_over && !back.form.confirmed);
    let other = going_on([choose(), confirm(), Action::Inspected([].into(), under_way().into())]);
    assert!(!other.form.start_over && !other.form.confirmed, "other files, another question");
}

#[test]
fn starting_over_asks_about_the_new_ca_again() {
    let state = going_on([
        Action::Form(FormChange::StartOver(true)),
        Action::Form(FormChange::Confirmed(true)),
        cluster(AuthorityChange::Name("third".to_owned())),
    ]);
    let request = state.form.request().unwrap();
    assert_eq!(request.authorities[&AuthorityId::Cluster].common_name.as_deref(), Some("third"));
}

#[test]
fn a_key_that_stays_elsewhere_is_not_asked_for() {
    let external = || Action::Form(FormChange::ExternalCa(true));
    let problems = after([external()]).form.request().unwrap_err();
    let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["cluster-certificate", "front-proxy-certificate"]);
    let chosen = AuthorityChange::BroughtPath(BroughtPart::Certificate, "ca.crt".to_owned());
    let without_proxy = FormChange::Authority(AuthorityId::FrontProxy, AuthorityChange::Rotate(false));
    let request = after([external(), cluster(chosen), Action::Form(without_proxy)]).form.request().unwrap();
    let brought = BroughtAuthority { certificate: "ca.crt".to_owned(), key: String::new() };
    assert_eq!(
        (request.external_ca, request.authorities[&AuthorityId::Cluster].brought.as_ref()),
        (true, Some(&brought))
    );
    // While rolling back, the package identifies that CA.
    assert!(going_on([external()]).form.request().unwrap().external_ca);
}

#[test]
fn options_of_the_command_line_are_not_the_pages_words() {
    let said = words::without_options("Choose a key type (--key-type); or leave it (see there) out (--rotate cluster)");
    assert_eq!(said, "Choose a key type; or leave it (see there) out");
    assert_eq!(words::without_options("Leave --start-over out"), "Leave --start-over out");
}

fn output(path: &str, phase: u8, secret: bool) -> OutputFileReport {
    OutputFileReport {
        path: path.to_owned(),
        mode: 0o600,
        size: 1,
        sha256: String::new(),
        secret,
        phase,
        holder: String::new(),
        purpose: String::new(),
        appliable: false,
    }
}

#[test]
fn what_is_secret_in_the_zip_is_said_as_it_is() {
    let hint = |files| words::download_hint(&PackageReport { files, ..package() }).0;
    let backup = || output("0-backup/cp1/etc/kubernetes/pki/ca.key", 0, true);
    let request = || output("signing-requests/cp1-apiserver.key", 0, true);
    assert!(hint(vec![output("README.txt", 0, false)]).contains("no private key"));
    assert!(hint(vec![backup(), request()]).contains("none of a new CA"));
    let on_nodes = output("2-switch/control-plane/cp1/etc/kubernetes/pki/ca.key", 2, true);
    assert!(hint(vec![request(), on_nodes]).contains("the new CA keys"));
    assert!(hint(vec![output("ca-keys/ca.key", 0, true)]).contains("the new CA keys"));
}

fn broken() -> Action {
    let finding = Finding::error("edge-broken", "", "a → b breaks").remedy("mend it");
    Action::NotBuilt([finding].into(), super::chart::tests::sample(9).into())
}

#[test]
fn a_refused_package_says_why_and_loses_nothing() {
    let state =
        after([Action::Went(Step::Plan), planned(), Action::Began(Job::Making { done: 0, total: 0 }), broken()]);
    assert_eq!((state.job, state.package.is_some()), (None, false));
    assert!(state.plan().is_some() && state.files.len() == 1 && state.inventory.is_some());
    assert_eq!(state.not_built.len(), 1);
    assert_eq!((state.focus.id.as_str(), &state.notice), ("unmade", &Some(Notice::NotBuilt)));
    assert!(state.is_refused());
    assert_eq!(state.matrix_view.column, 5, "the picture shows what breaks first");
    let again = state.after(Action::Form(FormChange::KeepKeys(true)));
    assert!(again.not_built.is_empty() && again.chart.is_none());
}

fn refused_over_an_outage() -> State {
    let finding = Finding::error("edge-broken", "", "a → b breaks").remedy("mend it");
    let chart = super::chart::tests::outage(9, false, false);
    after([
        Action::Planned(Outcome::Plan(plan().into())),
        Action::Began(Job::Making { done: 0, total: 0 }),
        Action::NotBuilt([finding].into(), chart.into()),
    ])
}

#[test]
fn an_outage_is_accepted_by_a_tick_and_nothing_less() {
    let state = refused_over_an_outage();
    assert_eq!((state.consent, state.form.outages.len()), (Consent::Open, 1));
    let missing = state.after(Action::OutageNotTicked);
    assert_eq!((missing.consent, missing.focus.id.as_str()), (Consent::Missing, "accept-outage"));
    let ticked = missing.after(Action::OutageTicked(true));
    assert!(!ticked.form.accept_outage && !ticked.not_built.is_empty(), "the question is not handed in yet");
    assert_eq!(ticked.clone().after(Action::OutageTicked(false)).consent, Consent::Open);
    let accepted = ticked.after(Action::Form(FormChange::AcceptOutage(true)));
    assert_eq!(accepted.form.request().map(|request| request.accept_outage), Ok(true));
    assert_eq!((accepted.accepted().len(), accepted.not_built.len(), accepted.consent), (1, 0, Consent::Open));
}

#[test]
fn what_was_accepted_can_be_taken_back() {
    let accepted = || refused_over_an_outage().after(Action::Form(FormChange::AcceptOutage(true)));
    let made = accepted().after(Action::Made(
        package().into(),
        Rc::default(),
        super::chart::tests::outage(9, true, false).into(),
    ));
    assert_eq!(made.matrix_view.column, 4, "the picture shows what was accepted first");
    let back = made.after(Action::Form(FormChange::AcceptOutage(false)));
    assert_eq!((back.form.request().map(|request| request.accept_outage), &back.package), (Ok(false), &None));
    assert!(back.accepted().is_empty() && back.form.outages.len() == 1, "it can be accepted again");
    let other = accepted().after(Action::Inspected([file(0, "ca.crt")].into(), inventory().into()));
    assert!(other.accepted().is_empty() && !other.form.accept_outage, "other files, another question");
    let unasked = after([Action::Form(FormChange::AcceptOutage(true))]);
    assert!(!unasked.form.accept_outage, "nobody accepts what was not shown");
}

#[test]
fn keys_in_the_picture_move_the_focus_and_the_pointer_does_not() {
    let made = || after([broken()]);
    let step = made().after(Action::MatrixView(MatrixViewChange::Step(matrix_view::Motion::Down)));
    assert_eq!(step.focus.id, "edge-0:6");
    assert_ne!(step.focus, made().focus);
    let chosen = made().after(Action::MatrixView(MatrixViewChange::Choose(2)));
    assert_eq!((chosen.matrix_view.column, &chosen.focus), (2, &made().focus));
    assert_eq!(
        after([Action::MatrixView(MatrixViewChange::Choose(2))]).matrix_view.column,
        0,
        "there is no picture yet"
    );
}

#[test]
fn keys_that_were_made_and_not_saved_are_not_left_without_a_question() {
    let saved = Action::Downloaded(Downloaded { name: "a.zip".to_owned(), sha256: String::new() });
    assert!(!after([planned()]).has_unsaved_keys());
    assert!(after([Action::Began(Job::Making { done: 0, total: 1 })]).has_unsaved_keys());
    assert!(after([planned(), made()]).has_unsaved_keys());
    assert!(!after([planned(), made(), saved]).has_unsaved_keys());
}

#[test]
fn a_wipe_leaves_nothing_but_where_the_work_runs() {
    let tested = SelfTest { randomness: true, signatures: true };
    let state = after([
        Action::Place(Workplace::Workers(2)),
        Action::Tested(tested),
        planned(),
        made(),
        Action::Went(Step::Download),
    ]);
    assert_eq!((state.memory().files, state.memory().secret_outputs), (1, Some(0)));
    let wiped = state.after(Action::Wiped);
    assert_eq!(wiped.memory(), memory::Memory::default());
    assert_eq!((wiped.step, wiped.place, wiped.checks.tested), (Step::Load, Workplace::Workers(2), Some(tested)));
    assert_eq!((wiped.focus.id.as_str(), &wiped.form), ("load", &PlanForm::default()));
}

#[test]
fn an_attempt_that_was_stopped_is_counted_and_worries() {
    let built = Action::Built { build: String::new(), policy: "default-src 'none'".to_owned() };
    let state = after([built]);
    assert!(state.checks.is_well());
    let blocked = state.after(Action::Blocked);
    assert!(!blocked.checks.is_well());
    assert!(words::checks(&blocked.checks).contains("1 network attempt blocked"), "{}", words::checks(&blocked.checks));
}

#[test]
fn lines_of_another_file_are_not_shown() {
    let lines = |path: &str| FilePreview {
        path: path.to_owned(),
        replaces: String::new(),
        lines: vec![],
        before: vec![],
        after: vec![],
    };
    let state = after([Action::PreviewAsked("b".to_owned()), Action::Previewed(lines("a").into())]);
    assert_eq!(state.preview.unwrap().file, None);
    let state = after([Action::PreviewAsked("a".to_owned()), Action::Previewed(lines("a").into())]);
    assert!(state.preview.unwrap().file.is_some());
}

#[test]
fn attention_follows_the_work() {
    let style = |actions: &[Action]| after(actions.iter().cloned()).focus.id;
    let refused = Action::Planned(Outcome::Refused([].into()));
    let problem = FormProblem::wrong("ca-days", Problem::NotDays);
    assert_eq!(style(&[]), "");
    // The plan is made automatically, and the focus stays in the options.
    assert_eq!(style(&[planned()]), "");
    assert_eq!(style(&[refused]), "");
    assert_eq!(style(&[Action::FormRefused(vec![problem.clone()])]), "");
    assert_eq!(style(&[Action::FormRefused(vec![problem]), Action::ProblemShown]), "ca-days");
    // The focus stays on the pressed button.
    assert_eq!(style(&[Action::Began(Job::Making { done: 0, total: 1 })]), "");
    assert_eq!(style(&[Action::Went(Step::Plan), made()]), "review");
}

#[test]
fn the_same_attention_twice_is_two_events() {
    let shown = |times: usize| {
        let problem = Action::FormRefused(vec![FormProblem::wrong("ca-days", Problem::NotDays)]);
        after(std::iter::once(problem).chain(std::iter::repeat_n(Action::ProblemShown, times))).focus
    };
    assert_ne!(shown(1), shown(2));
}

#[test]
fn a_plan_is_wanted_of_the_options_as_they_are_and_once() {
    assert!(after([]).plan_wanted().is_none(), "the plan is shown on another step");
    let state = after([Action::Went(Step::Plan)]);
    assert!(state.plan_wanted().is_some() && state.is_busy());
    let asked = state.after(Action::PlanAsked);
    assert!(asked.plan_wanted().is_none() && asked.planning && !asked.is_planned());
    let there = asked.after(planned());
    assert!(there.is_planned() && !there.is_busy());
    // After an option changes, the plan is still shown, but cannot be built.
    let changed = there.after(Action::Form(FormChange::KeepKeys(true)));
    assert!(changed.plan().is_some() && !changed.is_planned() && changed.plan_wanted().is_some());
    let more = Action::Inspected([file(0, "ca.crt"), file(1, "ca.key")].into(), inventory().into());
    let loaded = changed.after(Action::PlanAsked).after(planned()).after(more);
    assert!(loaded.plan().is_none() && loaded.plan_wanted().is_some(), "other files, another plan");
}

#[test]
fn planning_that_ends_the_worker_is_not_begun_again_by_itself() {
    let died = after([Action::Went(Step::Plan), Action::PlanAsked, Action::CoreDied(String::new())]);
    let idle = died.after(Action::Inspected([file(0, "ca.crt")].into(), inventory().into()));
    assert!(idle.halted && idle.plan_wanted().is_none());
    assert!(idle.clone().after(Action::PlanRetried).plan_wanted().is_some());
    assert!(idle.after(Action::Form(FormChange::KeepKeys(true))).plan_wanted().is_some());
}

#[test]
fn what_is_missing_is_no_mistake_until_the_person_builds() {
    let bring = cluster(AuthorityChange::Brought(true));
    let state = after([Action::Went(Step::Plan), bring]);
    let problems = state.form.request().unwrap_err();
    assert!(problems.iter().all(|problem| problem.missing));
    let refused = state.after(Action::FormRefused(problems));
    assert!(!refused.attempted && refused.plan_wanted().is_none() && refused.outcome.is_none());
    assert!(refused.after(Action::ProblemShown).attempted);
}

#[test]
fn options_can_be_reset() {
    let state = after([cluster(AuthorityChange::Name("mine".to_owned())), Action::Form(FormChange::KeepKeys(true))]);
    let reset = state.after(Action::Form(FormChange::Reset));
    assert_eq!(reset.form, after([]).form);
    // It can be undone like other changes.
    let back = reset.after(Action::Undo);
    assert_eq!((back.form.keep_keys, back.form.authorities[0].name.as_deref()), (true, Some("mine")));
}

#[test]
fn colours_are_kept_over_a_wipe_and_go_round() {
    let state = after([Action::ThemeChosen(Theme::Dark), Action::Wiped]);
    assert_eq!((state.theme, state.theme.next(), Theme::System.id()), (Theme::Dark, Theme::System, ""));
}

#[test]
fn what_would_break_is_said_before_the_build_and_can_be_accepted() {
    let finding = || Finding::error("edge-broken", "", "a → b breaks");
    let prediction = |more| Action::Prediction(Some((finding(), super::chart::tests::outage(9, false, more).into())));
    let planned = || after([Action::Went(Step::Plan), Action::PlanAsked, planned(), Action::Predicting]);
    assert!(planned().is_busy());
    let forbidden = planned().after(prediction(false));
    assert!(!forbidden.is_busy() && forbidden.is_planned(), "the offer alone makes no other plan");
    assert!(forbidden.forbidden().is_some_and(|prediction| prediction.acceptable) && forbidden.form.outages.len() == 1);
    let accepted = forbidden.after(Action::Form(FormChange::AcceptOutage(true)));
    assert!(accepted.forbidden().is_none() && accepted.plan_wanted().is_some());
    let again = accepted.after(Action::PlanAsked).after(super::tests::planned()).after(prediction(false));
    assert!(again.forbidden().is_none(), "it was accepted");
    let other = planned().after(prediction(true));
    assert!(other.forbidden().is_some_and(|prediction| !prediction.acceptable) && other.form.outages.is_empty());
    assert!(planned().after(Action::Prediction(None)).forbidden().is_none());
}

/// Arguments of dcmanager's `create`; those that it rejects are problems of the field.
#[test]
fn options_for_subclouds_are_read_where_the_platform_has_them() {
    let of = |platform: &str, options: &str| {
        let found = InventoryReport {
            platform: platform.to_owned(),
            authorities: vec![authority(AuthorityId::Cluster, true)],
            ..InventoryReport::default()
        };
        after([
            Action::Inspected([file(0, "ca.crt")].into(), found.into()),
            Action::Form(FormChange::Strategy(options.to_owned())),
        ])
        .form
    };
    let taken = of("starlingx-dc", "--group edge --stop-on-failure").request().unwrap().subclouds;
    assert_eq!((taken.group.as_deref(), taken.stop_on_failure), (Some("edge"), true));
    for wrong in ["--group edge subcloud1", "--group", "--max-parallel-subclouds many"] {
        let problems = of("starlingx-dc", wrong).request().unwrap_err();
        assert!(problems.iter().all(|problem| problem.field == "strategy"), "{wrong}: {problems:?}");
    }
    assert_eq!(of("starlingx", "--group").request().unwrap().subclouds, Default::default());
}
