use super::*;

/// Shortened output of `kubeadm init phase control-plane controller-manager`.
const MANIFEST: &str = r#"apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: null
  labels:
    component: kube-controller-manager
  name: kube-controller-manager
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-controller-manager
    - --bind-address=127.0.0.1
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt # one certificate only
    - --cluster-signing-key-file=
    - --controllers=*,bootstrapsigner,tokencleaner
    - "--root-ca-file=/etc/kubernetes/pki/ca.crt"
    - --use-service-account-credentials=true
    image: registry.k8s.io/kube-controller-manager:v1.34.0
    name: kube-controller-manager
  hostNetwork: true
status: {}
"#;

#[track_caller]
fn check(before: &str, flag: &str, value: &str, old: &str, new: &str) {
    assert_eq!(before.matches(old).count(), 1, "the fixture holds the old text once");
    let after = set_flag(before.as_bytes(), flag, value).unwrap();
    assert_eq!(std::str::from_utf8(&after).unwrap(), before.replace(old, new));
    assert_eq!(parse(&after).unwrap().lookup(flag).as_deref(), Some(value));
}

#[test]
fn reads_the_flags_in_order() {
    let pod = parse(MANIFEST.as_bytes()).unwrap();
    assert_eq!(pod.component, "kube-controller-manager");
    assert_eq!((pod.name.as_str(), pod.namespace.as_deref()), ("kube-controller-manager", Some("kube-system")));
    assert_eq!(pod.flags.len(), 7);
    assert_eq!(pod.flags[0].name, "bind-address");
    assert_eq!(pod.lookup("cluster-signing-cert-file").as_deref(), Some("/etc/kubernetes/pki/ca.crt"));
    assert_eq!(pod.lookup("cluster-signing-key-file").as_deref(), Some(""));
    assert_eq!(pod.lookup("controllers").as_deref(), Some("*,bootstrapsigner,tokencleaner"));
    assert_eq!(pod.lookup("service-account-private-key-file"), None);
    assert_eq!(pod.duplicates(), Vec::<String>::new());
}

#[test]
fn sets_a_flag_in_place() {
    let (flag, value) = ("cluster-signing-cert-file", "/etc/kubernetes/pki/ca-signing.crt");
    let (old, new) = ("file=/etc/kubernetes/pki/ca.crt # one", "file=/etc/kubernetes/pki/ca-signing.crt # one");
    check(MANIFEST, flag, value, old, new);
    check(&MANIFEST.replace('\n', "\r\n"), flag, value, old, new);
    check(
        MANIFEST,
        "root-ca-file",
        value,
        "root-ca-file=/etc/kubernetes/pki/ca.crt",
        "root-ca-file=/etc/kubernetes/pki/ca-signing.crt",
    );
    check(MANIFEST, "cluster-signing-key-file", "/k", "cluster-signing-key-file=", "cluster-signing-key-file=/k");
    check(MANIFEST, "bind-address", "", "bind-address=127.0.0.1", "bind-address=");
    check(MANIFEST, "bind-address", "::", "--bind-address=127.0.0.1", "\"--bind-address=::\"");
}

#[test]
fn other_ways_to_write_a_flag() {
    let pod = |command: &str| format!("kind: Pod\nspec: {{containers: [{{name: x, command: {command}}}]}}\n");
    let separate = pod("[/usr/local/bin/kube-apiserver, --client-ca-file, a.crt, --profiling, --v, '2']");
    let parsed = parse(separate.as_bytes()).unwrap();
    assert_eq!(parsed.component, "kube-apiserver");
    assert_eq!(parsed.lookup("client-ca-file").as_deref(), Some("a.crt"));
    assert_eq!(parsed.lookup("profiling").as_deref(), Some(""));
    assert_eq!(parsed.lookup("v").as_deref(), Some("2"));
    check(&separate, "client-ca-file", "b.crt", "a.crt", "b.crt");
    check(&separate, "v", "4", "'2'", "'4'");
    let underscores = pod("[kube-apiserver, --client_ca_file=a.crt]");
    check(&underscores, "client-ca-file", "b.crt", "=a.crt", "=b.crt");
    let twice = pod("[kube-apiserver, --v=1, --a=2, --v=3]");
    assert_eq!(parse(twice.as_bytes()).unwrap().duplicates(), ["v"]);
    check(&twice, "v", "4", "--v=3", "--v=4");
    let args = "kind: Pod\nspec:\n  containers:\n  - name: sidecar\n  - name: kube-scheduler\n    args:\n    - --kubeconfig=a\n";
    assert_eq!(parse(args.as_bytes()).unwrap().component, "kube-scheduler");
    check(args, "kubeconfig", "b", "=a", "=b");
}

/// Repeated keys, as the kubelet reads them (pkg/kubelet/config/common.go; values of `kubectl label --local`).
#[test]
fn the_first_document_and_the_last_of_equal_keys_count() {
    let text = "kind: Pod
spec:
  hostNetwork: true
  containers:
  - name: x
    command: [kube-apiserver, --v=1]
    command: [kube-apiserver, --v=2]
  - name: y
    args: [--v=3]
  hostNetwork: false
---
kind: Pod
spec: {containers: [{command: [etcd, --v=4]}]}
";
    let pod = parse(text.as_bytes()).unwrap();
    assert_eq!((pod.lookup("v").as_deref(), pod.host_network), (Some("2"), false));
    let error = set_flag(text.as_bytes(), "v", "5").unwrap_err().to_string();
    assert_eq!(error, "line 7: the key command stands twice in one mapping");
    let text = text.replace("    command: [kube-apiserver, --v=1]\n", "");
    check(&text, "v", "5", "--v=2", "--v=5");
}

#[test]
fn what_is_no_manifest_or_has_no_such_flag_is_refused() {
    for (text, message) in [
        ("", "the text is not a Pod manifest: it is empty"),
        ("kind: Secret", "the text is not a Pod manifest: its kind is not Pod"),
        ("kind: Pod", "the text is not a Pod manifest: it has no containers"),
        ("kind: Pod\nspec: {containers: []}", "the text is not a Pod manifest: it has no containers"),
        ("kind: Secret\n---\nkind: Pod\n", "the text is not a Pod manifest: its kind is not Pod"),
        (
            "kind: Pod\nspec: {containers: [{command: [sh, -c, kube-apiserver --v=1]}]}",
            "the flag --v is not set in the manifest",
        ),
        ("kind: Pod\nspec: {containers: [1]}", "the flag --v is not set in the manifest"),
    ] {
        assert_eq!(set_flag(text.as_bytes(), "v", "1").unwrap_err().to_string(), message, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_value_can_be_set(value in proptest::prelude::any::<String>()) {
        for flag in ["cluster-signing-cert-file", "root-ca-file"] {
            let after = set_flag(MANIFEST.as_bytes(), flag, &value).unwrap();
            let pod = parse(&after).unwrap();
            proptest::prop_assert_eq!(pod.lookup(flag), Some(value.clone()));
        }
    }

    #[test]
    fn any_command_never_panics(text in "[-=a\\[\\], \n\"]{0,30}") {
        let _ = set_flag(format!("kind: Pod\nspec: {{containers: [{{command: [{text}]}}]}}").as_bytes(), "a", "b");
    }
}

#[test]
fn paths_of_containers_lead_through_the_deepest_mount() {
    let text = "kind: Pod
spec:
  hostNetwork: true
  securityContext: {runAsUser: 7}
  initContainers: [{name: i, securityContext: {runAsUser: 0}}]
  containers:
  - name: c
    command: [/bin/c]
    env: [{name: PASSWORD, value: hunter2}, {name: FILE, value: /k/a}]
    volumeMounts:
    - {mountPath: /k, name: k, readOnly: true}
    - {mountPath: /k/etcd, name: e}
    - {mountPath: /k/tmp/, name: t}
    - {mountPath: /k/tmp/x, name: k, subPath: /below/}
    - {mountPath: /file, name: f}
    - {mountPath: /unknown, name: k, subPathExpr: $(POD)/x}
    - {mountPath: /known, name: k, subPathExpr: $(PASSWORD)/x}
  volumes:
  - {name: k, hostPath: {path: /etc/kubernetes/, type: Directory}}
  - {name: e, hostPath: {path: /var/lib/etcd, type: DirectoryOrCreate}}
  - {name: t, emptyDir: {}}
  - {name: f, hostPath: {path: /etc/a.conf, type: FileOrCreate}}
";
    let pod = parse(text.as_bytes()).unwrap();
    assert!(pod.host_network);
    let names: Vec<_> = pod.containers.iter().map(|one| (one.name.as_str(), one.is_init, one.run_as_user)).collect();
    assert_eq!(names, [("i", true, Some(0)), ("c", false, Some(7))]);
    let container = &pod.containers[1];
    for (inside, on_node) in [
        ("/k/pki/ca.crt", Some("/etc/kubernetes/pki/ca.crt")),
        ("/k", Some("/etc/kubernetes")),
        ("/k/etcd/member", Some("/var/lib/etcd/member")),
        ("/k/etcdx", Some("/etc/kubernetes/etcdx")),
        ("/k/tmp/a", None),
        ("/k/tmp/x/a", Some("/etc/kubernetes/below/a")),
        ("/file", Some("/etc/a.conf")),
        ("/files", None),
        ("/unknown/a", None),
        ("/known/a", Some("/etc/kubernetes/hunter2/x/a")),
        ("/etc/kubernetes/pki/ca.crt", None),
    ] {
        assert_eq!(container.on_node(inside).as_deref(), on_node, "{inside}");
    }
    assert_eq!(container.environment, [("FILE".to_owned(), vec!["/k/a".to_owned()])]);
    assert!(container.mounts[0].read_only && container.mounts[0].kind == HostPathType::Folder);
    assert_eq!(pod.mounts, container.mounts);
}
