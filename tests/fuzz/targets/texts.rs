//! YAML, JSON, kubeconfigs, Kubernetes objects and manifests: parses and edits arbitrary text.
#![no_main]

use airlock_core::{
    InputFile, UnixTime,
    formats::{
        edit::{self, Edit, Segment},
        kubeconfig::{self, KubeconfigEdit},
        kubelet, object, static_pod, yaml,
    },
    inspect,
};
use airlock_fuzz::metered;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Replacement values: a line, several lines, and values that YAML would interpret as another type.
const VALUES: [&str; 4] = ["plain", "two\nlines\n", "yes", "'\"\u{85}#: "];

/// 2027-01-15T08:00:00Z.
const NOW: UnixTime = UnixTime(1_800_000_000);

fuzz_target!(|bytes: &[u8]| {
    metered(bytes.len(), || {
        let documents = yaml::documents(bytes);
        if let Ok(documents) = &documents {
            for (index, value) in documents.iter().enumerate() {
                edit_all(bytes, index, value);
            }
        }
        if let Ok(read) = kubeconfig::parse(bytes) {
            kubeconfig_edits(bytes, &read);
        }
        for object in object::objects(bytes).into_iter().flatten() {
            let _ = (object.secret_data(), object.secret_problems(), object.config_data(), object.secret_type().len());
            let changes = object::Changes::none().set("tls.crt", *b"a\nb\n").drop("gone");
            let written = object.for_apply(&changes).to_yaml();
            let again = object::objects(written.as_bytes()).expect("what is written for kubectl reads back");
            assert_eq!(again.len(), 1);
            assert_eq!((&again[0].kind, &again[0].name), (&object.kind, &object.name));
        }
        if let Ok(pod) = static_pod::parse(bytes) {
            let _ = pod.duplicates();
            for flag in pod.flags.iter().take(4) {
                if let Ok(text) = static_pod::set_flag(bytes, &flag.name, "/a/b.crt") {
                    let again = static_pod::parse(&text).expect("an edited manifest reads back");
                    assert_eq!(again.lookup(&flag.name).as_deref(), Some("/a/b.crt"));
                }
            }
        }
        let _ = kubelet::parse(bytes);
        // Also parses the text as any other input file, such as Talos machine configurations, talosconfigs and secrets.
        let report = inspect(vec![InputFile::new("text.yaml", bytes.to_vec())], NOW).report(NOW);
        let _ = serde_json::to_string(&report).expect("a report is JSON");
    });
});

/// Replaces the first scalar below each key. An edit must either have the requested result or return an error.
fn edit_all(bytes: &[u8], document: usize, value: &Value) {
    let Value::Object(map) = value else { return };
    for (number, (key, value)) in map.iter().take(4).enumerate() {
        let mut path = vec![Segment::from(key.as_str())];
        let mut inner = value;
        while let Some((segment, next)) = match inner {
            Value::Object(map) => map.iter().next().map(|(key, next)| (Segment::from(key.as_str()), next)),
            Value::Array(items) => items.first().map(|next| (Segment::from(0), next)),
            _ => None,
        } {
            path.push(segment);
            inner = next;
        }
        let value = VALUES[number % VALUES.len()].to_owned().into();
        if let Ok(edited) = edit::splice(bytes, &[Edit { document, path, value }]) {
            yaml::documents(&edited).expect("an edited text reads back");
        }
    }
}

fn kubeconfig_edits(bytes: &[u8], read: &kubeconfig::Kubeconfig) {
    let mut edits: Vec<KubeconfigEdit> = (0..read.clusters.len().min(3))
        .map(|cluster| KubeconfigEdit::CertificateAuthority { cluster, pem: "new".to_owned() })
        .collect();
    for user in 0..read.users.len().min(3) {
        edits.push(KubeconfigEdit::ClientCertificate { user, pem: "new".to_owned() });
        edits.push(KubeconfigEdit::ClientKey { user, pem: "new".to_owned().into() });
    }
    for edit in edits {
        if let Ok(edited) = kubeconfig::edit(bytes, &[edit]) {
            let again = kubeconfig::parse(&edited).expect("an edited kubeconfig reads back");
            assert_eq!((again.clusters.len(), again.users.len()), (read.clusters.len(), read.users.len()));
        }
    }
}
