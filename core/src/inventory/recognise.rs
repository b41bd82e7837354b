//! Which platform the files are of.

use super::{detect, model::inventory::Inventory, tree::Trees, unsupported};
use crate::{
    finding::{Finding, Severity},
    formats::utf16,
    input::{Content, InputFile},
    profile::{KUBEADM, PROFILES, Profile, Sign},
};

/// The platform whose signs are among the files, and what is to be said where there are several: then nobody but the
/// person can tell. Files without any sign, such as kubeconfigs and Secrets alone, are taken to be kubeadm's.
pub(super) fn platform(files: &[InputFile]) -> (&'static Profile, Option<Finding>) {
    let mut found: Vec<(&Profile, &str)> =
        PROFILES.iter().filter_map(|profile| Some((*profile, sign_of(profile, files)?))).collect();
    let extended: Vec<_> = found.iter().map(|(profile, _)| profile.extends).collect();
    found.retain(|(profile, _)| !extended.contains(&profile.id));
    // A tree that two platforms may have says nothing beside a sign that only one of them has.
    let others: Vec<&Profile> = found.iter().map(|(profile, _)| *profile).collect();
    found.retain(|(profile, _)| !others.iter().any(|other| other.id != profile.id && explains(other, profile, files)));
    let refused = unsupported::layout(files, is_without_signs(files));
    let Some((first, file)) = found.first() else { return (&KUBEADM, refused) };
    if refused.is_some() {
        return (first, refused);
    }
    let finding = found.get(1).map(|(second, other)| {
        let message =
            format!("the files are of two platforms: {file} is of {}, this one of {}", first.title, second.title);
        let ids: Vec<_> = found.iter().map(|(profile, _)| profile.id).collect();
        Finding::error("mixed-platforms", other, message).remedy(format!(
            "Provide the files of one cluster at a time, or specify the platform (--platform {})",
            ids.join("|")
        ))
    });
    (first, finding)
}

/// Is there no sign of a supported platform, apart from trees of another distribution that look like kubeadm's, such as
/// `k0s/pki/ca.crt`?
fn is_without_signs(files: &[InputFile]) -> bool {
    if !files.iter().any(|file| unsupported::has(&file.path)) {
        return false;
    }
    let rest: Vec<_> = files.iter().filter(|file| !unsupported::has(&file.path)).cloned().collect();
    PROFILES.iter().all(|profile| sign_of(profile, &rest).is_none())
}

/// The first file that is a sign of the platform.
fn sign_of<'a>(profile: &Profile, files: &'a [InputFile]) -> Option<&'a str> {
    profile.recognised_by.iter().find_map(|sign| match sign {
        Sign::Document(keys) => files.iter().find(|file| has_at_its_top(file, keys)).map(|file| file.path.as_str()),
        Sign::Group(group) => {
            let speaks = |file: &&InputFile| matches!(&file.content, Content::Bytes(bytes) if speaks_of(bytes, group));
            files.iter().find(speaks).map(|file| file.path.as_str())
        }
        Sign::NodeFile(wanted) => on_nodes(profile, files, |path| path == *wanted),
        Sign::NodeTree => on_nodes(profile, files, |_| true),
    })
}

/// The first file that lies in a node's tree at a path that is wanted.
fn on_nodes<'a>(profile: &Profile, files: &'a [InputFile], is_wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut paths = files.iter().map(|file| file.path.as_str());
    let trees = Trees::find(files, profile);
    paths.find(|path| trees.locate(path, profile).is_some_and(|location| is_wanted(&location.path)))
}

/// Does a text name an API group, in the kind of an object or in a label?
fn speaks_of(bytes: &[u8], group: &str) -> bool {
    let converted = utf16::to_utf8(bytes);
    detect::contains(converted.as_ref().map_or(bytes, |text| text.as_slice()), group.as_bytes())
}

/// Are all the trees, by which alone one platform is told, such as `other` has as well, which is told by something else?
fn explains(other: &Profile, profile: &Profile, files: &[InputFile]) -> bool {
    if profile.recognised_by != [Sign::NodeTree] || other.recognised_by.contains(&Sign::NodeTree) {
        return false;
    }
    let trees = Trees::find(files, profile);
    let located = files.iter().filter_map(|file| trees.locate(&file.path, profile));
    let known = |profile: &Profile, path: &str| profile.paths().any(|known| known == path);
    let mut own = located.filter(|location| known(profile, &location.path) && !known(other, &location.path));
    !other.directory.is_empty() && own.next().is_none()
}

/// Files encrypted with SOPS that are no Kubernetes objects: a top-level mapping `sops` next to these keys, and values that
/// begin with `ENC[AES256_GCM,` (getsops/sops: stores/yaml, aes/cipher.go).
pub(super) fn encrypted(files: &[InputFile]) -> Vec<Finding> {
    let kinds: [(&[&str], &str, Severity); 3] = [
        (&["sops", "machine"], "machine configuration", Severity::Error),
        (&["sops", "clusters"], "kubeconfig", Severity::Warning),
        (&["sops", "certs"], "file of cluster secrets", Severity::Warning),
    ];
    let mut findings = Vec::new();
    for file in files {
        if !matches!(&file.content, Content::Bytes(bytes) if detect::contains(bytes, b"ENC[AES256_GCM,")) {
            continue;
        }
        if let Some((_, kind, severity)) = kinds.iter().find(|(keys, ..)| has_at_its_top(file, keys)) {
            findings.push(sops(*severity, &file.path, &format!("this {kind} is encrypted with SOPS")));
        }
    }
    findings
}

/// Says that something encrypted was not read.
pub(super) fn sops(severity: Severity, file: &str, what: &str) -> Finding {
    Finding::new(severity, SOPS, file, format!("{what}, so its certificates and keys cannot be read"))
        .remedy("Decrypt it and load the result: `sops -d FILE >DECRYPTED`. Encrypt the package's objects again before you commit them")
}

/// The code of findings about what is encrypted with SOPS.
pub(super) const SOPS: &str = "sops-encrypted";

/// Does a YAML text have these keys at the start of a line? Told without reading it, so that a damaged file is still
/// known for what it was meant to be.
fn has_at_its_top(file: &InputFile, keys: &[&str]) -> bool {
    let Content::Bytes(bytes) = &file.content else { return false };
    let converted = utf16::to_utf8(bytes);
    let text = converted.as_ref().map_or(bytes.as_slice(), |text| text.as_slice());
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let has = |key: &&str| {
        let mut lines = text.split(|byte| *byte == b'\n');
        lines.any(|line| line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b":")))
    };
    keys.iter().all(has)
}

impl Inventory {
    /// Is the input that of another platform, of several clusters, or encrypted? Then whatever else could be said of it
    /// follows from that.
    pub(crate) fn is_other_input(&self) -> bool {
        let encrypted = |finding: &Finding| finding.severity == Severity::Error && finding.code == SOPS;
        self.is_unsupported() || !self.found_clusters.is_empty() || self.findings.iter().any(encrypted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InspectOptions, UnixTime, inspect_with, profile::TALOS};

    const MACHINE: &str = "version: v1alpha1\nmachine:\n  type: worker\n";
    const CONTEXTS: &str = "context: a\ncontexts:\n  a: {}\n";
    const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\ncurrent-context: a\n";

    fn files(named: &[(&str, &str)]) -> Vec<InputFile> {
        named.iter().map(|(path, text)| InputFile::new(*path, text.as_bytes().to_vec())).collect()
    }

    #[track_caller]
    fn check(named: &[(&str, &str)], id: &str, mixed: bool) {
        let (profile, finding) = platform(&files(named));
        assert_eq!((profile.id, finding.is_some()), (id, mixed), "{finding:?}");
    }

    #[test]
    fn a_platform_is_told_by_its_files() {
        check(&[("worker.yaml", MACHINE)], "talos", false);
        check(&[("worker.yaml", &MACHINE.replace('\n', "\r\n"))], "talos", false);
        check(&[("worker.yaml", &format!("\u{feff}# mine\n{MACHINE}"))], "talos", false);
        check(&[("config", CONTEXTS)], "talos", false);
        check(&[("etc/kubernetes/pki/ca.crt", "")], "kubeadm", false);
        let starlingx = [("a/etc/kubernetes/pki/ca.crt", ""), ("a/etc/kubernetes/pki/ca_new.crt", "")];
        check(&starlingx, "starlingx", false);
        check(&[("ca_new.crt", "")], "kubeadm", false);
        check(&[("config", KUBECONFIG)], "kubeadm", false);
        check(&[], "kubeadm", false);
        check(&[("notes.yaml", "machine:\n- version: 1\n")], "kubeadm", false);
    }

    const TENANT: &str = "apiVersion: kamaji.clastix.io/v1alpha1\nkind: TenantControlPlane\nmetadata: {name: alpha}\n";

    #[test]
    fn a_tenants_workers_have_trees_as_other_nodes_do() {
        let worker = [("w1/etc/kubernetes/kubelet.conf", ""), ("w1/etc/kubernetes/pki/ca.crt", "")];
        check(&[("alpha.yaml", TENANT)], "kamaji", false);
        check(&[("alpha.yaml", TENANT), worker[0], worker[1]], "kamaji", false);
        check(&[("alpha.yaml", TENANT), ("cp1/etc/kubernetes/manifests/kube-apiserver.yaml", "")], "kubeadm", true);
        check(&[("alpha.yaml", TENANT), ("worker.yaml", MACHINE)], "talos", true);
    }

    #[test]
    fn two_platforms_are_asked_about() {
        let both = [("cp1/etc/kubernetes/pki/ca.crt", ""), ("worker.yaml", MACHINE)];
        check(&both, "kubeadm", true);
        let finding = platform(&files(&both)).1.unwrap();
        assert_eq!((finding.severity, finding.file.as_str()), (crate::Severity::Error, "worker.yaml"));
        assert!(finding.remedy.ends_with("(--platform kubeadm|talos)"), "{finding}");
    }

    #[test]
    fn a_persons_word_wins() {
        let both = files(&[("cp1/etc/kubernetes/pki/ca.crt", ""), ("worker.yaml", MACHINE)]);
        let options = InspectOptions { platform: Some(&TALOS), ..InspectOptions::default() };
        let inventory = inspect_with(both, options, UnixTime(0));
        assert_eq!(inventory.report(UnixTime(0)).platform, "talos");
        assert!(inventory.findings().iter().all(|finding| finding.code != "mixed-platforms"));
    }
}
