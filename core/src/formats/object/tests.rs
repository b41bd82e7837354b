use serde_json::json;

use super::*;

/// A Secret of Cluster API as `kubectl get -o yaml` prints it (kubernetes-pki.md 4.1).
const SECRET: &str = r#"apiVersion: v1
data:
  tls.crt: Q0VSVAo=
  tls.key: S0VZCg==
kind: Secret
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","data":{"tls.key":"S0VZCg=="}}
    example.com/note: keep me
  creationTimestamp: "2026-08-01T12:00:00Z"
  generation: 2
  labels:
    cluster.x-k8s.io/cluster-name: prod
  managedFields:
  - apiVersion: v1
    manager: manager
  name: prod-ca
  namespace: clusters
  ownerReferences:
  - apiVersion: controlplane.cluster.x-k8s.io/v1beta2
    blockOwnerDeletion: true
    controller: true
    kind: KubeadmControlPlane
    name: prod-control-plane
    uid: 4f3b1c0e-0000-4000-8000-000000000001
  resourceVersion: "12345"
  uid: 4f3b1c0e-0000-4000-8000-000000000002
type: cluster.x-k8s.io/secret
"#;

fn one(text: &str) -> Object {
    let mut objects = objects(text.as_bytes()).unwrap();
    assert_eq!(objects.len(), 1, "{objects:?}");
    objects.remove(0)
}

#[test]
fn reads_a_secret() {
    let secret = one(SECRET);
    assert_eq!(
        (secret.api_version.as_str(), secret.kind.as_str(), secret.name.as_str(), secret.namespace.as_deref()),
        ("v1", "Secret", "prod-ca", Some("clusters"))
    );
    assert_eq!(secret.labels["cluster.x-k8s.io/cluster-name"], "prod");
    assert_eq!(secret.secret_type(), "cluster.x-k8s.io/secret");
    assert_eq!(secret.secret_data()["tls.key"].as_slice(), b"KEY\n");
    assert_eq!(secret.secret_problems(), []);
}

#[test]
fn data_of_every_kind() {
    let secret = one("apiVersion: v1\nkind: Secret\ndata: {a: QQ, b: Qg==, c: 1, d: null, e: \"RUU=\\n\"}\n\
        stringData: {b: text, f: 2}\n");
    let data = secret.secret_data();
    let data: Vec<_> = data.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice())).collect();
    assert_eq!(data, [("b", &b"text"[..]), ("d", b""), ("e", b"EE")]);
    let problems: Vec<_> = secret.secret_problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "data.a: the value is not base64, or cut off",
            "data.c: the value is not a string",
            "data.f: the value is not a string"
        ]
    );
}

#[test]
fn lists_and_documents_are_taken_apart() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n\
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n---\n---\nno: object\n---\n\
        {apiVersion: v1, kind: SecretList, items: [{metadata: {name: c}}]}\n---\n\
        {apiVersion: example.com/v1, kind: AllowList, metadata: {name: d}, items: none}\n";
    let found = objects(text.as_bytes()).unwrap();
    let found: Vec<_> =
        found.iter().map(|object| (format!("{} {}", object.kind, object.name), object.document, object.item)).collect();
    assert_eq!(
        found,
        [
            ("Secret a".to_owned(), 0, Some(0)),
            ("ConfigMap b".to_owned(), 0, Some(1)),
            ("Secret c".to_owned(), 2, Some(0)),
            ("AllowList d".to_owned(), 3, None),
        ]
    );
    assert_eq!(objects(b"[1, {\"apiVersion\": 1, \"kind\": []}]").unwrap(), []);
}

#[test]
fn for_apply_keeps_what_is_the_users_and_drops_what_is_the_servers() {
    let changed = one(SECRET).for_apply(&Changes::none().set("tls.crt", "NEW\n"));
    let expected = r#"apiVersion: v1
data:
  tls.crt: TkVXCg==
  tls.key: S0VZCg==
kind: Secret
metadata:
  annotations:
    example.com/note: keep me
  labels:
    cluster.x-k8s.io/cluster-name: prod
  name: prod-ca
  namespace: clusters
  ownerReferences:
  - apiVersion: controlplane.cluster.x-k8s.io/v1beta2
    blockOwnerDeletion: true
    controller: true
    kind: KubeadmControlPlane
    name: prod-control-plane
    uid: "4f3b1c0e-0000-4000-8000-000000000001"
type: cluster.x-k8s.io/secret
"#;
    assert_eq!(changed.to_yaml().as_str(), expected);
    assert_eq!(one(expected).for_apply(&Changes::none()).to_yaml().as_str(), expected);
}

#[test]
fn json_gives_the_same_object() {
    let value = serde_json::to_string(&one(SECRET).value).unwrap();
    assert_eq!(one(&value).for_apply(&Changes::none()).to_yaml(), one(SECRET).for_apply(&Changes::none()).to_yaml());
}

#[test]
fn string_data_moves_into_data_and_keys_can_go() {
    let secret = one("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    \
        kubectl.kubernetes.io/last-applied-configuration: x\nstringData: {b: text, c: gone}\nstatus: {}\n");
    let changed = secret.for_apply(&Changes::none().drop("c").set("d", [0xFF]));
    assert_eq!(
        changed.to_yaml().as_str(),
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  b: dGV4dA==\n  d: /w==\n"
    );
}

#[test]
fn a_config_map_shows_its_texts() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cluster-info, namespace: kube-public}\ndata:\n  \
        jws-kubeconfig-abcdef: eyJ..x\n  kubeconfig: |\n    kind: Config\nbinaryData: {x: /w==}\n";
    let map = one(text);
    assert_eq!(map.config_data()["kubeconfig"], "kind: Config\n");
    let changes =
        Changes::none().drop("jws-kubeconfig-abcdef").set("kubeconfig", "kind: Config\nusers: []\n").set("x", "text");
    assert_eq!(
        map.for_apply(&changes.set("y", [0xFE])).to_yaml().as_str(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cluster-info\n  namespace: kube-public\ndata:\n  kubeconfig: |\n    \
         kind: Config\n    users: []\n  x: text\nbinaryData:\n  \"y\": /g==\n"
    );
}

#[test]
fn nothing_secret_is_printed() {
    let changes = Changes::none().set("tls.key", "KEY");
    let printed = format!("{:?} {changes:?} {:?}", one(SECRET), one(SECRET).secret_problems());
    assert_eq!(printed, "Secret clusters/prod-ca Changes { set: [\"tls.key\"], drop: {} } []");
}

proptest::proptest! {
    #[test]
    fn any_object_is_applied_without_a_panic(text in "[-:{}\\[\\], \n\"a]{0,30}") {
        for kind in ["Secret", "ConfigMap"] {
            for object in objects(format!("apiVersion: v1\nkind: {kind}\ndata: {text}").as_bytes()).unwrap_or_default() {
                object.secret_data();
                object.config_data();
                object.for_apply(&Changes::none().set("a", "b").drop("c")).to_yaml();
            }
        }
    }
}

/// Two exports of one object differ only in server-managed fields.
#[test]
fn two_exports_of_one_object_have_the_same_content() {
    let base = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"a": "eA=="},
        "metadata": {"name": "a", "labels": {"b": "c"}, "annotations": {"d": "e"}},
    });
    let with = |pointer: &str, key: &str, value: Value| {
        let mut other = base.clone();
        other.pointer_mut(pointer).unwrap()[key] = value;
        other
    };
    for other in [
        with("/metadata", "resourceVersion", json!("2")),
        with("/metadata", "uid", json!("1d0a2d6e")),
        with("/metadata", "generation", json!(2)),
        with("/metadata", "managedFields", json!([{"manager": "kubectl"}])),
        with("/metadata", "creationTimestamp", json!("2026-11-22T02:13:38Z")),
        with("/metadata/annotations", LAST_APPLIED, json!("{}")),
    ] {
        assert!(same_content(&base, &other) && same_content(&other, &base), "{other}");
    }
    for other in [
        with("", "type", json!("x")),
        with("/data", "a", json!("eQ==")),
        with("/data", "b", json!("eQ==")),
        with("", "status", json!({})),
        with("/metadata/labels", "b", json!("d")),
        with("/metadata/annotations", "d", json!("f")),
        with("/metadata", "ownerReferences", json!([])),
    ] {
        assert!(!same_content(&base, &other) && !same_content(&other, &base), "{other}");
    }
}

#[test]
fn an_array_is_a_list_without_its_frame() {
    let found = objects(br#"[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}},1]"#).unwrap();
    let names: Vec<_> = found.iter().map(|object| (object.kind.as_str(), object.name.as_str(), object.item)).collect();
    assert_eq!(names, [("Secret", "a", Some(0)), ("ConfigMap", "b", Some(1))]);
}
