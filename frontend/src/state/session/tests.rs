use airlock_core::{
    plan::request::{Intent, KubeletCertificates, Workers},
    profile::AuthorityId,
    x509::KeyAlgorithm,
};

use super::*;
use crate::{
    state::work::FileId,
    state::{
        Action, State,
        form::{AuthorityChange, FormChange},
        notice::Notice,
        tests::{after, inventory},
    },
};

fn cluster(change: AuthorityChange) -> Action {
    Action::Form(FormChange::Authority(AuthorityId::Cluster, change))
}

/// Every option differs from its default.
fn chosen() -> State {
    after([
        cluster(AuthorityChange::Name("new-ca".to_owned())),
        cluster(AuthorityChange::KeyAlgorithm(Some(KeyAlgorithm::EcdsaP256))),
        Action::Form(FormChange::Authority(AuthorityId::FrontProxy, AuthorityChange::Rotate(false))),
        Action::Form(FormChange::CaDays("100".to_owned())),
        Action::Form(FormChange::LeafDays("30".to_owned())),
        Action::Form(FormChange::KeepKeys(true)),
        Action::Form(FormChange::KubeletCertificates(KubeletCertificates::Mint)),
        Action::Form(FormChange::Intent(Intent::RenewLeaves)),
        Action::Form(FormChange::Workers(Workers::Replace)),
        Action::PlatformChosen(Some("kubeadm")),
        Action::Form(FormChange::Acknowledge("dependency".to_owned(), true)),
    ])
}

#[test]
fn options_survive_a_reload_by_a_file() {
    let json = chosen().choices().to_json();
    let choices = read(json.as_bytes()).unwrap();
    assert_eq!(choices.platform(), Some("kubeadm"));
    // Saved options after the files, and before them.
    let later = after([]).after(Action::ChoicesLoaded(choices.clone().into(), true));
    assert_eq!(later.notice, Some(Notice::ChoicesLoaded { applied: true }));
    let waiting = State::default().after(Action::ChoicesLoaded(choices.into(), true));
    assert_eq!(waiting.notice, Some(Notice::ChoicesLoaded { applied: false }));
    let first = LoadedFile { id: FileId(0), path: "ca.crt".to_owned(), size: 1 };
    let earlier = waiting.after(Action::Inspected([first].into(), inventory().into()));
    assert_eq!((later.form.intent(), later.form.workers()), (Intent::RenewLeaves, Workers::Replace));
    let mut expected = chosen().form;
    // The acknowledgement was for other files.
    expected.acknowledged.clear();
    assert_eq!((&later.form, &earlier.form), (&expected, &expected));
    assert_eq!(earlier.pending_choices, None, "they are applied once");
    // It can be undone like other changes.
    assert_eq!(later.after(Action::Undo).form, after([]).form);
}

#[test]
fn nothing_of_the_cluster_is_saved() {
    let json: serde_json::Value = serde_json::from_str(&chosen().choices().to_json()).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&json), ["airlockChoices", "platform", "form"]);
    for derived in
        ["underWay", "outages", "acceptOutage", "acknowledged", "startOver", "confirmed", "possible", "takesStrategy"]
    {
        assert!(json["form"].get(derived).is_none(), "{derived}");
    }
    assert_eq!((&json["form"]["intent"], &json["form"]["workers"]), (&"renew-leaves".into(), &"replace".into()));
    let authority = keys(&json["form"]["authorities"][0]);
    for derived in ["title", "progress", "proposedName", "sameKey", "wholeSubject"] {
        assert!(!authority.contains(&derived.to_owned()), "{derived}");
    }
}

#[test]
fn a_file_that_is_not_loaded_is_not_chosen() {
    let mut saved = chosen();
    saved.form.authorities[0].brought = true;
    saved.form.authorities[0].certificate = "ca.crt".to_owned();
    saved.form.authorities[0].key = "gone.key".to_owned();
    let choices = read(saved.choices().to_json().as_bytes()).unwrap();
    let state = after([]).after(Action::ChoicesLoaded(choices.into(), true));
    let authority = &state.form.authorities[0];
    assert_eq!((authority.certificate.as_str(), authority.key.as_str()), ("ca.crt", ""));
}

#[test]
fn another_file_is_refused() {
    assert_eq!(read(b"{}"), None);
    assert_eq!(read(br#"{"airlockChoices":2,"form":{}}"#), None);
    assert_eq!(read(br#"{"airlockChoices":1,"form":{}}"#).unwrap().form, PlanForm::default());
    assert!(is_file_name("airlock-choices.json") && is_file_name("Downloads/airlock-choices (1).json"));
    assert!(!is_file_name("choices.json") && !is_file_name("airlock-choices.yaml"));
}
