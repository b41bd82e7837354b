//! The options of `dcmanager kube-rootca-update-strategy create`, and the combinations that dcmanager rejects.
//!
//! Source: starlingx/distcloud-client: dcmanagerclient/commands/v1/sw_update_manager.py (`validate_group_params`) and
//! kube_rootca_update_manager.py; starlingx/distcloud: dcmanager/api/controllers/v1/sw_update_strategy.py and
//! dcmanager/orchestrator/orchestrator_manager.py (`_process_extra_args_creation`).

use super::model::{new_authority::NewAuthority, request::RotationRequest, subclouds::SubcloudStrategy};
use crate::{
    finding::Finding,
    formats::sysinv,
    profile::{AuthorityRow, Profile},
    time::UnixTime,
};

/// Refuses options for subclouds on a platform without subclouds.
pub(super) fn check_platform(profile: &Profile, request: &RotationRequest, findings: &mut Vec<Finding>) {
    if !profile.takes_strategy() && *request.subclouds != SubcloudStrategy::default() {
        let message = format!("{} has no subclouds, and options for subclouds were set", profile.title);
        let remedy = "Remove these options, or choose the platform starlingx-dc";
        findings.push(Finding::error("subcloud-strategy", "", message).remedy(remedy));
    }
}

/// Reports options that dcmanager rejects or does not have.
pub(super) fn check(row: &AuthorityRow, request: &RotationRequest, now: UnixTime, findings: &mut Vec<Finding>) {
    let new = request.authorities.get(&row.id).cloned().unwrap_or_default();
    let mut reject = |message: String, remedy: &str| {
        findings.push(Finding::error("subcloud-strategy", "", message).remedy(remedy.to_owned()));
    };
    for problem in request.subclouds.problems(&new) {
        reject(problem, "Change the options of the strategy");
    }
    if let Some(Err(error)) = new.subject.as_deref().map(sysinv::subject) {
        reject(format!("dcmanager rejects the subject: {error}"), "Change --subject");
    }
    if let Some(Err(error)) = new.expiry_date.as_deref().map(|date| sysinv::expiry(date, now)) {
        reject(format!("dcmanager rejects the date: {error}"), "Change --expiry-date");
    }
    let taken =
        NewAuthority { subject: new.subject.clone(), expiry_date: new.expiry_date.clone(), ..Default::default() };
    if new != taken {
        reject(
            "each subcloud generates its CA with a subject and an expiry date, or takes one from --cert-file; other properties of the CA cannot be chosen".to_owned(),
            "Leave out the CA's name, key type and files. A package of the platform starlingx makes a file for --cert-file (1-trust-both/cluster/rootca.pem)",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SubcloudApplyType;

    fn strategy(text: &str) -> SubcloudStrategy {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn options_are_read_as_they_follow_create() {
        let all = "--subcloud-apply-type parallel --max-parallel-subclouds=10 --stop-on-failure --force --cert-file '/root/new ca.pem'";
        let expected = SubcloudStrategy {
            apply_type: Some(SubcloudApplyType::Parallel),
            max_parallel: Some(10),
            stop_on_failure: true,
            force: true,
            cert_file: Some("/root/new ca.pem".to_owned()),
            ..SubcloudStrategy::default()
        };
        assert_eq!(strategy(all), expected);
        assert_eq!(strategy(""), SubcloudStrategy::default());
        assert_eq!(strategy("--force \"sub cloud\"").cloud_name.as_deref(), Some("sub cloud"));
        for wrong in [
            "--group",
            "--force=yes",
            "--subcloud-apply-type both",
            "--max-parallel-subclouds ten",
            "--max-parallel-subclouds -1",
            "one two",
            "--yes",
            "--subject CN=a",
            "'open",
        ] {
            assert!(wrong.parse::<SubcloudStrategy>().is_err(), "{wrong}");
        }
    }

    /// `validate_group_params` of the client, the server's own checks, and 0, which the client drops.
    #[test]
    fn combinations_that_dcmanager_rejects_are_problems() {
        let new = NewAuthority::default();
        for taken in [
            "",
            "subcloud1",
            "--group edge",
            "--group edge --stop-on-failure --force",
            "--subcloud-apply-type serial --stop-on-failure",
            "--subcloud-apply-type serial --max-parallel-subclouds 1",
            "--max-parallel-subclouds 5000 --cert-file ca.pem",
        ] {
            assert_eq!(strategy(taken).problems(&new), Vec::<String>::new(), "{taken}");
        }
        for rejected in [
            "--group edge subcloud1",
            "--group edge --subcloud-apply-type parallel",
            "--group edge --max-parallel-subclouds 2",
            "--max-parallel-subclouds 0",
            "--max-parallel-subclouds 5001",
            "--subcloud-apply-type serial --max-parallel-subclouds 2",
            "--group ''",
            "--group=-x",
        ] {
            assert_eq!(strategy(rejected).problems(&new).len(), 1, "{rejected}");
        }
        let dated = NewAuthority { expiry_date: Some("2031-01-01".to_owned()), ..NewAuthority::default() };
        assert_eq!(strategy("--cert-file ca.pem").problems(&dated).len(), 1);
        assert_eq!(strategy("--group edge").problems(&dated), Vec::<String>::new());
    }
}
