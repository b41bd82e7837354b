use getrandom::rand_core::UnwrapErr;

use crate::{
    InputFile, InspectOptions, UnixTime, inspect_with,
    plan::{
        model::request::{Intent, RotationRequest, Workers},
        plan,
    },
    sample::SAMPLES,
    x509::PrivateKey,
};

const NOW: UnixTime = UnixTime(1_800_000_000);

/// `plan` refuses the other choice on the platforms that do not allow it, and on no other.
#[test]
fn a_choice_is_possible_where_the_plan_does_not_refuse_it() {
    for sample in SAMPLES {
        let mut key = |algorithm| PrivateKey::generate(algorithm, &mut UnwrapErr(getrandom::SysRng));
        let (name, archive) = sample.archive(NOW, &mut key);
        let options = InspectOptions { platform: sample.platform_to_say(), ..InspectOptions::default() };
        let inventory = inspect_with(vec![InputFile::new(name, archive.to_vec())], options, NOW);
        let refused_over = |request: RotationRequest, code: &str| {
            let request = RotationRequest { accept_outage: true, ..request };
            let refusal = plan(&inventory, &request, NOW).err();
            refusal.is_some_and(|refusal| refusal.findings.iter().any(|finding| finding.code == code))
        };
        let renewal = RotationRequest { intent: Intent::RenewLeaves, ..RotationRequest::default() };
        let replacing = RotationRequest { workers: Workers::Replace, ..RotationRequest::default() };
        let choices = inventory.report(NOW).choices;
        let expected = matches!(sample.id, "kubeadm" | "cluster-api" | "kamaji");
        assert_eq!((choices.renew_leaves, choices.replace_workers), (expected, expected), "{}", sample.id);
        assert_eq!(refused_over(renewal, "intent-unsupported"), !choices.renew_leaves, "{}", sample.id);
        assert_eq!(refused_over(replacing, "workers-not-replaceable"), !choices.replace_workers, "{}", sample.id);
    }
}
