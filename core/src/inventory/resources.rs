//! Machine configurations that lie in resources of Talos' API, as `talosctl get` prints them: each becomes a file.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::detect;
use crate::{
    finding::Finding,
    formats::{
        talos::resource::{ACTIVE, PERSISTENT, Resource, TYPE, resources},
        utf16, yaml,
    },
    input::{Content, InputFile},
};

/// What to give where a resource holds nothing.
const PLAIN: &str =
    "Give what `talosctl -n NODE get machineconfig v1alpha1 -o yaml` prints, with a client of role os:admin";

/// Files of resources are replaced by the configurations in them; all others stay as they are.
pub(super) fn open(files: Vec<InputFile>, findings: &mut Vec<Finding>) -> Vec<InputFile> {
    let mut opened = Vec::with_capacity(files.len());
    for file in files {
        let resources = resources_in(&file);
        if resources.is_empty() {
            opened.push(file);
            continue;
        }
        let mut by_node: BTreeMap<String, Vec<Resource>> = BTreeMap::new();
        for resource in resources {
            by_node.entry(resource.node.clone()).or_default().push(resource);
        }
        for (node, resources) in by_node {
            let path = if node.is_empty() { file.path.clone() } else { format!("{}!/{node}.yaml", file.path) };
            // What a watch prints later takes the place of what it printed before.
            let last = |id| resources.iter().rfind(|resource| resource.id == id);
            let (active, saved) = (last(ACTIVE), last(PERSISTENT));
            if let (Some(active), Some(saved)) = (active, saved)
                && active.configuration != saved.configuration
            {
                findings.push(
                    Finding::warning("staged-configuration", &path, "the machine has saved another configuration than the one it runs with; the one it runs with is read")
                        .remedy("A staged configuration takes effect with a reboot, and one that is tried goes by itself: wait for that, then give it again"),
                );
            }
            let Some(text) = active.or(saved).or_else(|| resources.last()).and_then(|one| one.configuration.as_ref())
            else {
                findings.push(
                    Finding::error("unreadable-content", &path, "no machine configuration stands in it")
                        .at("spec")
                        .remedy(PLAIN),
                );
                continue;
            };
            opened.push(InputFile { mode: file.mode, ..InputFile::new(path, text.as_bytes().to_vec()) });
        }
    }
    opened
}

/// The resources in a file; none where it is something else, or cannot be read.
fn resources_in(file: &InputFile) -> Vec<Resource> {
    let Content::Bytes(bytes) = &file.content else { return Vec::new() };
    let converted: Option<Zeroizing<Vec<u8>>> = utf16::to_utf8(bytes);
    let text = converted.as_ref().map_or(bytes.as_slice(), |text| text.as_slice());
    if !detect::contains(text, TYPE.as_bytes()) {
        return Vec::new();
    }
    let Ok(mut documents) = yaml::documents(text) else { return Vec::new() };
    let resources = resources(&documents);
    documents.iter_mut().for_each(yaml::wipe);
    resources
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Severity, UnixTime, inspect};

    /// A moment at which the fixtures' certificates are valid.
    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/../tests/fixtures/talos/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn worker() -> String {
        String::from_utf8(fixture("cluster-a/contract-v1.13/worker.yaml")).unwrap()
    }

    fn opened(bytes: Vec<u8>) -> (Vec<(String, String)>, Vec<Finding>) {
        let mut findings = Vec::new();
        let files = open(vec![InputFile::new("machines.yaml", bytes)], &mut findings);
        let texts = files.into_iter().map(|file| {
            let Content::Bytes(bytes) = file.content else { panic!("{} has no bytes", file.path) };
            (file.path, String::from_utf8(bytes.to_vec()).unwrap())
        });
        (texts.collect(), findings)
    }

    fn resource(id: &str, spec: Value) -> String {
        json!({ "node": "10.5.1.5", "metadata": { "type": TYPE, "id": id }, "spec": spec }).to_string()
    }

    /// As Talos' own packages print them: what is inside comes out byte for byte, one of each machine.
    #[test]
    fn what_talosctl_prints_holds_a_configuration_of_each_machine() {
        let (files, findings) = opened(fixture("resource/machines.yaml"));
        assert!(findings.is_empty(), "{findings:?}");
        let names: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["machines.yaml!/10.5.1.2.yaml", "machines.yaml!/10.5.1.5.yaml"]);
        for ((_, text), role) in files.iter().zip(["controlplane", "worker"]) {
            assert_eq!(text.as_bytes(), fixture(&format!("cluster-a/contract-v1.13/{role}.yaml")), "{role}");
        }
    }

    #[test]
    fn they_are_machines_like_any_other() {
        let files = vec![InputFile::new("machines.yaml", fixture("resource/machines.yaml"))];
        let report = inspect(files, NOW).report(NOW);
        let names: Vec<_> = report.holders.iter().map(|holder| (holder.role.as_str(), holder.name.as_str())).collect();
        assert_eq!((report.platform.as_str(), report.cluster.as_str()), ("talos", "cluster-a"));
        assert!(names.contains(&("control-plane", "10.5.1.2")) && names.contains(&("worker", "10.5.1.5")), "{names:?}");
        assert!(report.findings.iter().all(|one| one.severity != Severity::Error), "{:#?}", report.findings);
    }

    /// JSON, and the mapping that older releases print (siderolabs/talos: website/content/v0.9/learn-more/controllers-resources).
    #[test]
    fn a_mapping_says_the_same() {
        let config =
            "version: v1alpha1 # Indicates the schema used to decode the contents.\nmachine:\n    type: worker\n";
        let indented: String = config.lines().map(|line| format!("    {line}\n")).collect();
        let yaml = format!(
            "node: 172.20.0.2\nmetadata:\n    namespace: config\n    type: {TYPE}\n    id: v1alpha1\n    version: 2\n    phase: running\nspec:\n{indented}"
        );
        let json = resource(ACTIVE, json!({ "version": "v1alpha1", "machine": { "type": "worker" } }));
        for text in [yaml, json] {
            let (files, _) = opened(text.into_bytes());
            assert_eq!(yaml::documents(files[0].1.as_bytes()), yaml::documents(config.as_bytes()));
        }
    }

    #[test]
    fn the_one_a_machine_runs_with_is_read() {
        let other = worker().replace("diskQuotaSupport: true", "diskQuotaSupport: false");
        for (first, second) in [(ACTIVE, PERSISTENT), (PERSISTENT, ACTIVE)] {
            let of = |id| resource(id, json!(if id == ACTIVE { worker() } else { other.clone() }));
            let (files, findings) = opened([of(first), of(second)].join("\n").into_bytes());
            assert_eq!(files, [("machines.yaml!/10.5.1.5.yaml".to_owned(), worker())]);
            assert_eq!(findings.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["staged-configuration"]);
        }
        let (files, findings) = opened(resource(PERSISTENT, json!(other)).into_bytes());
        assert_eq!((files[0].1.as_str(), findings.len()), (other.as_str(), 0));
    }

    #[test]
    fn without_a_configuration_it_says_what_to_give() {
        for nothing in [json!(null), json!(""), json!({}), json!(1)] {
            let (files, findings) = opened(resource(ACTIVE, nothing).into_bytes());
            assert!(files.is_empty() && findings[0].remedy.contains("get machineconfig v1alpha1"), "{findings:?}");
        }
    }

    /// As PowerShell's `>` writes it.
    #[test]
    fn utf_16_is_read_as_well() {
        let text = resource(ACTIVE, json!(worker()));
        let bytes = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(opened(bytes).0[0].1, worker());
    }

    /// What only speaks of the type is no resource; what is cut short is said to be damaged, and still of Talos.
    #[test]
    fn other_files_stay_as_they_are() {
        let speaks = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {TYPE}}}\n");
        assert_eq!(opened(speaks.clone().into_bytes()).0, [("machines.yaml".to_owned(), speaks)]);
        let whole = String::from_utf8(fixture("resource/machines.yaml")).unwrap();
        let broken = whole.replacen("    debug: false\n", "  debug: [\n", 1);
        let report = inspect(vec![InputFile::new("machines.yaml", broken.into_bytes())], NOW).report(NOW);
        assert_eq!((report.platform.as_str(), report.unrecognised.len()), ("talos", 1));
        assert!(
            report.findings.iter().any(|one| one.message.contains("YAML cannot be read")),
            "{:#?}",
            report.findings
        );
    }
}
