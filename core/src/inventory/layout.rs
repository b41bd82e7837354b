//! Where a cluster keeps its PKI: the manifests' flags say so, whatever kubeadm's default is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    detect,
    signing_copy::{CLIENT_FLAG, PUBLISHED_FLAG},
    tree::{Trees, split},
};
use crate::{
    finding::Finding,
    formats::{
        static_pod::{self, StaticPod},
        utf16,
    },
    input::{Content, InputFile, MAX_PATH},
    profile::{AuthorityId, Component, Moves, Profile, RotationMethod, SIGNING_FLAG, SIGNING_KEY_FLAG},
};

/// The name of the signing file that a package puts beside `ca.crt` in phases 1 and 2.
const SIGNING_FILE: &str = "ca-signing.crt";

/// The profile with this cluster's paths, and what is to be said of that. Where flags do not agree with one another, or
/// name places that nobody keeps files in, it is as it was, and the checks say which flag is another than expected.
pub(super) fn of(profile: &'static Profile, files: &[InputFile]) -> (&'static Profile, Option<Finding>) {
    if profile.course != RotationMethod::NodeFiles {
        return (profile, None);
    }
    let moves = only(&named(profile, files)).and_then(|named| complete(profile, &named));
    let moved = moves.filter(|moves| !moves.is_empty()).and_then(|moves| profile.moved(&moves));
    let Some(moved) = moved else { return (profile, None) };
    let home = moved.authority(AuthorityId::Cluster).map_or("", |row| split(row.certificate).0);
    let message = format!("this cluster keeps its PKI in {home}, as the manifests' flags say");
    (moved, Some(Finding::note("layout", "", message)))
}

/// The flags that tell where files lie, and the profile's own place of each.
fn telling_flags(profile: &Profile, component: Component) -> Vec<(&'static str, &'static str)> {
    let rows = profile.flags.iter().filter(|row| row.component == component);
    let key = profile.authority(AuthorityId::Cluster).filter(|_| component == Component::ControllerManager);
    rows.map(|row| (row.flag, row.paths[0])).chain(key.map(|row| (SIGNING_KEY_FLAG, row.key))).collect()
}

/// What the manifests' flags name, by the profile's own path.
fn named(profile: &Profile, files: &[InputFile]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let trees = Trees::find(files, profile);
    let mut named: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let own_bundles = own_bundles(profile, files, &trees);
    for file in files {
        let Content::Bytes(bytes) = &file.content else { continue };
        let Some(location) = trees.locate(&file.path, profile) else { continue };
        let Some(row) = profile.static_pods.iter().find(|row| row.path == location.path) else { continue };
        let flags = telling_flags(profile, row.component);
        let converted = utf16::to_utf8(bytes);
        let text = converted.as_ref().map_or(bytes.as_slice(), |text| text.as_slice());
        // Nearly every manifest has them all where they are by default.
        let as_usual = flags.iter().all(|(flag, path)| detect::contains(text, format!("{flag}={path}").as_bytes()));
        let pod = if as_usual { None } else { static_pod::parse(text).ok() };
        let copied =
            pod.as_ref().filter(|_| row.component == Component::ControllerManager).is_some_and(signs_from_copy);
        for (flag, path) in flags {
            // A copy of the new CA, for a rotation that was begun by hand, is not where the PKI lies.
            if copied && [SIGNING_KEY_FLAG, CLIENT_FLAG].contains(&flag) {
                continue;
            }
            let value = match &pod {
                Some(pod) => pod.lookup(flag).unwrap_or_default(),
                None => path.to_owned(),
            };
            if !value.is_empty() && !own_bundles.contains(&value) {
                named.entry(path).or_default().insert(value);
            }
        }
    }
    named
}

/// The bundles that kube-controller-manager publishes while it has the cluster CA from another file: of a rotation that was
/// begun by hand with files of its own, or with foreign CAs that Pods trust.
fn own_bundles(profile: &Profile, files: &[InputFile], trees: &Trees) -> BTreeSet<String> {
    let own = profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
    let located = || files.iter().filter_map(|file| Some((trees.locate(&file.path, profile)?, file)));
    let manager = profile.manifest(Component::ControllerManager);
    let manifests = located().filter(|(location, _)| Some(location.path.as_str()) == manager);
    let pods = manifests.filter_map(|(_, file)| match &file.content {
        Content::Bytes(bytes) => static_pod::parse(bytes).ok(),
        _ => None,
    });
    let is_provided = |path: &str| located().any(|(location, _)| location.path == path);
    let own_bundle = |pod: StaticPod| {
        let bundle = pod.lookup(PUBLISHED_FLAG)?;
        let beside = signs_from_copy(&pod).then(|| format!("{}/{}", split(&bundle).0, split(own).1));
        let mut others = beside.into_iter().chain(pod.lookup(CLIENT_FLAG));
        others.any(|other| other != bundle && is_provided(&other)).then_some(bundle)
    };
    pods.filter_map(own_bundle).collect()
}

/// Does kube-controller-manager sign from another file than it publishes? kubeadm has it use one for both.
fn signs_from_copy(pod: &StaticPod) -> bool {
    let value = |flag| pod.lookup(flag).unwrap_or_default();
    let (signs, publishes) = (value(SIGNING_FLAG), value(PUBLISHED_FLAG));
    !signs.is_empty() && !publishes.is_empty() && signs != publishes && split(&signs).1 != SIGNING_FILE
}

/// Those that are named alike everywhere; `None` if one is not.
fn only(named: &BTreeMap<&'static str, BTreeSet<String>>) -> Option<Moves> {
    let alone = named.iter().map(|(path, values)| match values.len() {
        1 => values.first().map(|value| (*path, value.clone())),
        _ => None,
    });
    alone.collect()
}

/// Every path that differs: those that flags name, and those that lie beside them. `None` if they cannot be told apart, or
/// are not such as files of a PKI have.
fn complete(profile: &Profile, named: &Moves) -> Option<Moves> {
    let own = profile.authority(AuthorityId::Cluster)?.certificate;
    let home = format!("{}/", split(own).0);
    let new_home = split(named.get(own)?).0;
    let mut moves = Moves::new();
    let mut taken = BTreeSet::new();
    let paths: BTreeSet<_> = profile.paths().collect();
    for path in paths {
        let to = match (named.get(path), path.strip_prefix(&home)) {
            (Some(named), _) => named.clone(),
            (None, Some(rest)) => key_beside(profile, named, path).unwrap_or_else(|| format!("{new_home}/{rest}")),
            (None, None) => path.to_owned(),
        };
        if to != path {
            if !is_plain(&to) || to.starts_with(&format!("{}/manifests/", profile.directory)) {
                return None;
            }
            moves.insert(path, to.clone());
        }
        if !taken.insert(to) {
            return None;
        }
    }
    Some(moves)
}

/// A key that no flag names lies beside its certificate, and is called like it.
fn key_beside(profile: &Profile, named: &Moves, path: &str) -> Option<String> {
    let authorities = profile.authorities.iter().map(|row| (row.certificate, row.key));
    let mut pairs = authorities.chain(profile.leaves.iter().map(|row| (row.certificate, row.key)));
    let (certificate, _) = pairs.find(|(_, key)| *key == path)?;
    let moved = named.get(certificate)?;
    let ((folder, name), (_, usual)) = (split(moved), split(certificate));
    if name == usual {
        return Some(format!("{folder}/{}", split(path).1));
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Some(format!("{folder}/{stem}.key"))
}

/// An absolute path of plain names in a folder that is not a whole disk's.
fn is_plain(path: &str) -> bool {
    let plain = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && !matches!(name, "" | "." | "..")
    };
    path.len() <= MAX_PATH
        && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain) && rest.split('/').count() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{KUBEADM, LeafRow};

    const APISERVER: &str = "client-ca-file=/opt/k8s/pki/ca.crt tls-cert-file=/opt/k8s/pki/apiserver.crt \
        tls-private-key-file=/opt/k8s/pki/apiserver.key requestheader-client-ca-file=/opt/k8s/pki/front-proxy-ca.crt";
    const MANAGER: &str = "client-ca-file=/opt/k8s/pki/ca.crt root-ca-file=/opt/k8s/pki/ca.crt";

    fn manifest(component: &str, flags: &str) -> InputFile {
        let flags: String = flags.split_whitespace().map(|flag| format!("    - --{flag}\n")).collect();
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {component}}}\nspec:\n  containers:\n  - name: {component}\n    command:\n    - {component}\n{flags}"
        );
        InputFile::new(format!("cp1/etc/kubernetes/manifests/{component}.yaml"), text.into_bytes())
    }

    fn profile(apiserver: &str, manager: &str) -> &'static Profile {
        of(&KUBEADM, &[manifest("kube-apiserver", apiserver), manifest("kube-controller-manager", manager)]).0
    }

    fn leaf(profile: &Profile, name: &str) -> &'static LeafRow {
        profile.leaves.iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn a_folder_of_ones_own_takes_everything_along() {
        let moved = profile(APISERVER, MANAGER);
        let ca = moved.authority(AuthorityId::Cluster).unwrap();
        assert_eq!((ca.certificate, ca.key), ("/opt/k8s/pki/ca.crt", "/opt/k8s/pki/ca.key"));
        assert_eq!(moved.signing.certificate, "/opt/k8s/pki/ca-signing.crt");
        assert_eq!(leaf(moved, "etcd/server").key, "/opt/k8s/pki/etcd/server.key");
        assert_eq!(moved.kubelet_client(), KUBEADM.kubelet_client());
        assert!(std::ptr::eq(profile(APISERVER, MANAGER), moved), "a layout is made once");
    }

    #[test]
    fn a_key_lies_beside_its_certificate_and_is_called_like_it() {
        let rename = |text: &str| text.replace("/opt/k8s/pki/ca.crt", "/etc/ssl/cluster/kube.pem");
        let moved = profile(&rename(APISERVER), &rename(MANAGER));
        let ca = moved.authority(AuthorityId::Cluster).unwrap();
        assert_eq!((ca.certificate, ca.key), ("/etc/ssl/cluster/kube.pem", "/etc/ssl/cluster/kube.key"));
        assert_eq!(leaf(moved, "apiserver").certificate, "/opt/k8s/pki/apiserver.crt");
        let proxy = moved.authority(AuthorityId::FrontProxy).unwrap();
        assert_eq!(proxy.key, "/opt/k8s/pki/front-proxy-ca.key");
    }

    /// kube-controller-manager publishes further CAs from a file that no other flag names, and the PKI does not move to it.
    #[test]
    fn a_published_bundle_does_not_tell_where_the_pki_lies() {
        let manager = MANAGER.replace("root-ca-file=/opt/k8s/pki/ca.crt", "root-ca-file=/opt/k8s/roots/published.crt");
        let manifests = |signing: &str| {
            let manager = format!("{manager} cluster-signing-cert-file=/opt/k8s/pki/{signing}");
            [manifest("kube-apiserver", APISERVER), manifest("kube-controller-manager", &manager)]
        };
        // Before a rotation, and during one.
        for signing in ["ca.crt", SIGNING_FILE] {
            let files = [&manifests(signing)[..], &[InputFile::new("cp1/opt/k8s/pki/ca.crt".to_owned(), Vec::new())]];
            let moved = of(&KUBEADM, &files.concat()).0;
            let ca = moved.authority(AuthorityId::Cluster).unwrap();
            assert_eq!(ca.certificate, "/opt/k8s/pki/ca.crt", "{signing}");
            assert!(std::ptr::eq(of(&KUBEADM, &manifests(signing)).0, &KUBEADM), "{signing}: the file is not provided");
        }
    }

    #[track_caller]
    fn stays(apiserver: &str, manager: &str) {
        assert!(std::ptr::eq(profile(apiserver, manager), &KUBEADM), "{apiserver} | {manager}");
    }

    #[test]
    fn flags_that_contradict_one_another_tell_nothing() {
        stays(APISERVER, "root-ca-file=/etc/kubernetes/pki/ca.crt");
        stays(&APISERVER.replace("pki/apiserver.key", "pki/ca.crt"), MANAGER);
        stays("", "");
        stays("tls-cert-file=/opt/k8s/pki/apiserver.crt", "");
    }

    #[test]
    fn no_stranger_has_files_written_anywhere() {
        for place in
            ["/ca.crt", "/opt/ca.crt", "/opt/../etc/ca.crt", "/opt/k8s//ca.crt", "opt/k8s/ca.crt", "/opt/$(id)/ca.crt"]
        {
            stays(&format!("client-ca-file={place}"), &format!("root-ca-file={place}"));
        }
        stays("client-ca-file=/etc/kubernetes/manifests/a/ca.crt", "");
    }
}
