use super::*;

const DATA: &str = "T0xE"; // OLD

fn new_ca() -> KubeconfigEdit {
    KubeconfigEdit::CertificateAuthority { cluster: 0, pem: "NEW CA\n".to_owned() }
}

/// Edits the CA of `before`, and compares the result with `before` after a plain replacement of `old` by `new`.
#[track_caller]
fn check(before: &str, old: &str, new: &str) {
    assert_eq!(before.matches(old).count(), 1, "the fixture holds the old text once");
    let after = edit(before.as_bytes(), &[new_ca()]).unwrap();
    assert_eq!(std::str::from_utf8(&after).unwrap(), before.replace(old, new));
    let parsed = parse(&after).unwrap();
    assert_eq!(parsed.clusters[0].certificate_authority.embedded().unwrap(), b"NEW CA\n");
}

/// A kubeconfig in kubeadm's format (kubernetes-pki.md 2.1): keys in alphabetical order, base64 on one line.
fn kubeadm() -> String {
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {DATA}\n    server: https://10.0.0.1:6443\n  \
         name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: kubernetes-admin\n  name: \
         kubernetes-admin@kubernetes\ncurrent-context: kubernetes-admin@kubernetes\nkind: Config\npreferences: {{}}\nusers:\n\
         - name: kubernetes-admin\n  user:\n    client-certificate-data: Q0VSVA==\n    client-key-data: S0VZ\n"
    )
}

#[test]
fn reads_what_kubeadm_writes() {
    let kubeconfig = parse(kubeadm().as_bytes()).unwrap();
    assert_eq!(kubeconfig.clusters[0].name, "kubernetes");
    assert_eq!(kubeconfig.clusters[0].server, "https://10.0.0.1:6443");
    assert_eq!(kubeconfig.clusters[0].certificate_authority.embedded().unwrap(), b"OLD");
    assert_eq!(kubeconfig.users[0].client_certificate.embedded().unwrap(), b"CERT");
    assert_eq!(kubeconfig.users[0].client_key.embedded().unwrap(), b"KEY");
    assert!(kubeconfig.users[0].others.is_empty());
    assert_eq!(kubeconfig.contexts[0].user, "kubernetes-admin");
    assert_eq!(kubeconfig.current_context, "kubernetes-admin@kubernetes");
}

#[test]
fn edits_only_the_value() {
    check(&kubeadm(), DATA, "TkVXIENBCg==");
    check(&kubeadm().replace('\n', "\r\n"), DATA, "TkVXIENBCg==");
    check(&format!("\u{feff}# Zugänge\n{}# Ende\n", kubeadm()), DATA, "TkVXIENBCg==");
    check(&kubeadm().replace(DATA, "'T0xE' # the old one"), "'T0xE'", "'TkVXIENBCg=='");
    check(&kubeadm().replace(DATA, "\"T0xE\""), "\"T0xE\"", "\"TkVXIENBCg==\"");
    check(&kubeadm().replace(DATA, ">-\n      T0xE"), "T0xE", "TkVXIENBCg==");
    check(&kubeadm().replace(DATA, "|\n      T0xE"), "|\n      T0xE", "|-\n      TkVXIENBCg==");
    check(&kubeadm().replace(DATA, ">\n      T0\n      xE\n"), ">\n      T0\n      xE", ">-\n      TkVXIENBCg==");
    check(&kubeadm().trim_end().replace("preferences: {}\n", ""), DATA, "TkVXIENBCg==");
}

#[test]
fn edits_json_of_any_layout() {
    let json =
        r#"{"kind":"Config","clusters":[{"name":"k","cluster":{"certificate-authority-data":"T0xE","x":"é\/"}}]}"#;
    check(json, "T0xE", "TkVXIENBCg==");
    check(&json.replace(',', ",\n\t").replace('{', "{\r\n"), "T0xE", "TkVXIENBCg==");
}

#[test]
fn a_reference_is_not_edited() {
    let text =
        kubeadm().replace("client-key-data: S0VZ", "client-key: /var/lib/kubelet/pki/kubelet-client-current.pem");
    let key = KubeconfigEdit::ClientKey { user: 0, pem: Zeroizing::new("KEY".to_owned()) };
    assert_eq!(
        edit(text.as_bytes(), &[key]).unwrap_err(),
        KubeconfigEditError::Reference {
            place: "users[0].user.client-key".to_owned(),
            path: "/var/lib/kubelet/pki/kubelet-client-current.pem".to_owned()
        }
    );
}

#[test]
fn an_alias_or_a_second_key_is_refused_with_its_line() {
    let aliased = kubeadm().replace(DATA, "&ca T0xE").replace("Q0VSVA==", "*ca");
    assert_eq!(
        edit(aliased.as_bytes(), &[new_ca()]).unwrap_err().to_string(),
        "line 4: clusters[0].cluster.certificate-authority-data is shared through a YAML alias: write the value out"
    );
    let twice = kubeadm().replace(DATA, "T0xE\n    certificate-authority-data: T0xE");
    assert_eq!(
        edit(twice.as_bytes(), &[new_ca()]).unwrap_err().to_string(),
        "line 5: the key certificate-authority-data stands twice in one mapping"
    );
}

#[test]
fn one_broken_entry_loses_nothing_else() {
    let kubeconfig = parse(kubeadm().replace("Q0VSVA==", "Q0VSVA").as_bytes()).unwrap();
    assert!(matches!(kubeconfig.users[0].client_certificate, Material::Invalid(_)));
    assert_eq!(kubeconfig.users[0].client_key.embedded().unwrap(), b"KEY");
    let kubeconfig = parse(b"kind: Config\nclusters:\n- 1\n- name: a\n  cluster:\nusers: none\n").unwrap();
    assert_eq!(kubeconfig.clusters.len(), 2);
    assert_eq!(kubeconfig.clusters[1].certificate_authority, Material::Absent);
}

#[test]
fn data_win_over_the_file_as_in_client_go() {
    let text = "kind: Config\nclusters:\n- name: a\n  cluster: {certificate-authority: ca.crt, certificate-authority-data: T0xE}\n\
        - name: b\n  cluster: {certificate-authority: ca.crt, certificate-authority-data: ''}\n";
    let kubeconfig = parse(text.as_bytes()).unwrap();
    assert_eq!(kubeconfig.clusters[0].certificate_authority.embedded(), Some(&b"OLD"[..]));
    assert_eq!(kubeconfig.clusters[1].certificate_authority.file(), Some("ca.crt"));
    assert_eq!(
        edit(text.as_bytes(), &[KubeconfigEdit::CertificateAuthority { cluster: 2, pem: String::new() }]).unwrap_err(),
        KubeconfigEditError::Absent { place: "clusters[2].cluster.certificate-authority-data".to_owned() }
    );
}

#[test]
fn several_contexts_change_one_by_one() {
    let text = "# mine\nusers:\n- {name: a, user: {client-certificate-data: Q0E=, client-key-data: 'S0E='}}\n\
        - name: b\n  user:\n    exec: {command: get-token}\n- name: c\n  user: {client-certificate-data: Q0M=, client-key-data: S0M=}\n\
        clusters: []\nkind: Config\n";
    let edits = [
        KubeconfigEdit::ClientKey { user: 2, pem: Zeroizing::new("NEW KEY".to_owned()) },
        KubeconfigEdit::ClientCertificate { user: 2, pem: "NEW CERT".to_owned() },
        KubeconfigEdit::ClientKey { user: 0, pem: Zeroizing::new("KEY A".to_owned()) },
    ];
    let after = edit(text.as_bytes(), &edits).unwrap();
    let expected =
        text.replace("S0M=", "\"TkVXIEtFWQ==\"").replace("Q0M=", "\"TkVXIENFUlQ=\"").replace("S0E=", "S0VZIEE=");
    let expected = expected.replace("\"TkVXIEtFWQ==\"", "TkVXIEtFWQ==").replace("\"TkVXIENFUlQ=\"", "TkVXIENFUlQ=");
    assert_eq!(std::str::from_utf8(&after).unwrap(), expected);
    assert!(!parse(&after).unwrap().users[1].others.is_empty());
}

#[test]
fn what_is_no_kubeconfig_is_refused() {
    for (text, message) in [
        ("", "the text is not a kubeconfig: it is empty"),
        ("a: b", "the text is not a kubeconfig: it has neither kind Config nor a list of clusters"),
        (
            "kind: Secret\nclusters: []",
            "the text is not a kubeconfig: it has neither kind Config nor a list of clusters",
        ),
        ("kind: Config\n---\nkind: Config\n", "the file holds 2 documents, a kubeconfig is one"),
        ("a: [", "line 1: "),
    ] {
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
    assert_eq!(parse(b"---\nkind: Config\n---\n").unwrap().clusters, []);
}

#[test]
fn nothing_secret_is_printed() {
    let text = kubeadm();
    let edits = [KubeconfigEdit::ClientKey { user: 0, pem: Zeroizing::new("KEY".to_owned()) }, new_ca()];
    let printed = format!("{:?} {:?}", parse(text.as_bytes()).unwrap(), edits);
    assert!(!printed.contains("KEY") && !printed.contains("75, 69, 89"), "{printed}");
    // An error in the line of a key reports only the position.
    let broken = text.replace("client-key-data: S0VZ", "client-key-data: S0VZ: \"S0VZ");
    let error = parse(broken.as_bytes()).unwrap_err().to_string();
    assert!(!error.contains("S0VZ"), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = edit(&bytes, &[new_ca()]);
    }

    #[test]
    fn any_damage_never_panics_and_no_edit_is_wrong(
        changes in proptest::collection::vec((0..400_usize, 0..128_u8), 1..6),
    ) {
        let mut text = kubeadm().into_bytes();
        for (at, byte) in changes {
            let length = text.len();
            text[at % length] = byte;
        }
        if let Ok(after) = edit(&text, &[new_ca()]) {
            let edited = parse(&after).unwrap();
            proptest::prop_assert_eq!(edited.clusters[0].certificate_authority.embedded(), Some(&b"NEW CA\n"[..]));
        }
    }
}
