//! Go reads both certificates: a re-issued certificate has the identity of the old one in every field.

use airlock_tests::{
    fixtures,
    oracle::{Compare, Compared, ask},
    phases::Phases,
    rotation::CASES,
};

/// The fields that may differ in a certificate of a new CA.
const MAY_DIFFER: [&str; 7] =
    ["authorityKeyId", "issuer", "notAfter", "notBefore", "publicKey", "serial", "subjectKeyId"];

/// The extensions that follow from key and issuer: subject and authority key identifier (RFC 5280, 4.2.1.1 and 4.2.1.2).
const EXTENSIONS_MAY_DIFFER: [&str; 2] = ["2.5.29.14", "2.5.29.35"];

/// Every certificate that phase 2 re-issues, before and after.
fn reissued(phases: &Phases, minted: bool) -> Vec<Compare> {
    let mut all = Vec::new();
    for node in &phases.control_plane {
        for leaf in ["apiserver", "apiserver-kubelet-client", "front-proxy-client"] {
            let file = format!("pki/{leaf}.crt");
            all.push(Compare {
                what: format!("{node}/{leaf}"),
                old: phases.read(0, node, &file),
                new: phases.read(2, node, &file),
            });
        }
    }
    let before = phases.kubeconfigs(0).into_iter().map(|(_, access)| access).chain(phases.clients(0));
    let after = phases.kubeconfigs(2).into_iter().map(|(_, access)| access).chain(phases.clients(2));
    for (old, new) in before.zip(after) {
        // kube-controller-manager, not Airlock, issues the certificate of a kubelet that renews its own.
        if minted || !old.name.contains("kubelet.conf") {
            all.push(Compare { what: old.name, old: old.endpoint.certificate, new: new.endpoint.certificate });
        }
    }
    all
}

#[test]
fn reissued_certificates_keep_their_identity() {
    for case in CASES {
        let minted = case.name.contains("minted") || case.name == "external-1";
        let questions = reissued(case.phases(), minted);
        let answers: Vec<Compared> = ask("identity", &questions);
        // Three leaf certificates and three kubeconfigs, in every release.
        assert!(questions.len() >= 6, "{}: too few certificates", case.name);
        for (question, answer) in questions.iter().zip(answers) {
            let what = format!("{}: {}", case.name, question.what);
            let more: Vec<_> =
                answer.differences.iter().filter(|field| !MAY_DIFFER.contains(&field.as_str())).collect();
            assert!(more.is_empty(), "{what}: {more:?} must not change");
            let more: Vec<_> =
                answer.extensions.iter().filter(|oid| !EXTENSIONS_MAY_DIFFER.contains(&oid.as_str())).collect();
            assert!(more.is_empty(), "{what}: extensions {more:?} must not change");
            for field in ["authorityKeyId", "issuer", "serial"] {
                assert!(answer.differences.iter().any(|name| name == field), "{what}: {field} must change");
            }
            let kept = !answer.differences.iter().any(|name| name == "publicKey");
            assert_eq!(kept, case.name.contains("kept"), "{what}: the key");
            assert!(answer.serial_positive && answer.serial_bits <= 159, "{what}: RFC 5280, 4.1.2.2");
        }
    }
}

/// etcd's certificates, its CA and the service account keys are reported and not changed.
#[test]
fn etcd_and_service_accounts_stay_as_they_are() {
    for case in CASES {
        let phases = case.phases();
        for phase in 1..=3 {
            for node in &phases.control_plane {
                let files = [
                    "etcd/ca.crt",
                    "etcd/server.crt",
                    "etcd/server.key",
                    "apiserver-etcd-client.crt",
                    "sa.key",
                    "sa.pub",
                ];
                for file in files.map(|file| format!("pki/{file}")) {
                    assert_eq!(
                        phases.read(0, node, &file),
                        phases.read(phase, node, &file),
                        "{}: {node}/{file}",
                        case.name
                    );
                }
            }
        }
    }
}

/// No certificate is valid longer than the CA that issued it, and none starts in the future.
#[test]
fn leaves_do_not_outlive_their_authority() {
    for case in CASES {
        let rotation = case.rotation();
        let manifest = rotation.manifest();
        let text = manifest.to_string();
        assert!(text.contains("certificates"), "{}: manifest.json names every certificate", case.name);
        for authority in &rotation.plan.authorities {
            assert!(authority.not_before < fixtures::now(), "{}: {}", case.name, authority.title);
            assert_ne!(authority.old_subject, authority.new_subject, "{}: a distinct subject", case.name);
        }
    }
}
