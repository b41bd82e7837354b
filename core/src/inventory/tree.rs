//! Where each file lies on which node, told from the paths alone.
//!
//! A tree may arrive as `cp1/etc/kubernetes/pki/ca.crt`, as `kubernetes/pki/ca.crt`, as the content
//! of a `pki` folder, or as a handful of files with kubeadm's names. What has no such shape is loose.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    input::{Content, InputFile},
    profile::Profile,
};

/// How many symbolic links may lead to one file.
const MAX_LINKS: usize = 8;

/// Larger files are not searched for names of directories. Bytes.
const MAX_TEXT: usize = 1 << 20;

/// File names that make the folder they lie in a node's, even where nothing else does.
const FLAT_MARKERS: [&str; 9] = [
    "apiserver.crt",
    "controller-manager.conf",
    "front-proxy-ca.crt",
    "kube-apiserver.yaml",
    "kube-controller-manager.yaml",
    "kubelet.conf",
    "sa.key",
    "sa.pub",
    "scheduler.conf",
];

/// Directories at the top of a node that programs have their files in (Filesystem Hierarchy Standard 3.0, 3.2). Below the
/// root of a node's tree, files in them are the node's. Home directories are not among them: people's kubeconfigs are not
/// the node's, unless something on the node names them.
const SYSTEM: [&str; 10] = ["etc", "lib", "lib64", "media", "mnt", "opt", "run", "srv", "usr", "var"];

/// A file's place on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Location {
    /// What all files of the node share: a path prefix, as the person named it.
    pub(crate) root: String,
    /// The absolute path on the node.
    pub(crate) path: String,
}

/// The folders of one drop that hold a node's files.
#[derive(Debug, Default)]
pub(crate) struct Trees {
    /// Folder → (root, folder's absolute path on the node).
    folders: BTreeMap<String, (String, &'static str)>,
    /// Folders in which files lie side by side that belong to different folders on the node.
    flat: BTreeSet<String>,
    /// The roots of nodes whose paths spell their directories out, so that other directories of the node have a known
    /// place; with the directories at the top beside [`SYSTEM`] that a file or link of the node names.
    roots: BTreeMap<String, BTreeSet<String>>,
}

impl Trees {
    /// Finds the nodes' directories among the files; there are none on a platform whose machines have no such files.
    pub(crate) fn find(files: &[InputFile], profile: &Profile) -> Self {
        let mut trees = Self::default();
        if profile.directory.is_empty() {
            return trees;
        }
        let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        for path in &paths {
            if let Some(location) = on_node(path, profile)
                && !trees.roots.contains_key(&location.root)
            {
                trees.roots.insert(location.root, BTreeSet::new());
            }
        }
        trees.add_named(files, profile);
        let is_free = |trees: &Self, path: &str| on_node(path, profile).is_none() && trees.below_root(path).is_none();
        for path in &paths {
            if !is_free(&trees, path) {
                continue;
            }
            if let Some(folder) = path.strip_suffix("/pki/ca.crt").or_else(|| (*path == "pki/ca.crt").then_some("")) {
                trees.add_kubernetes(folder, profile);
            } else if let Some((folder, "kube-apiserver.yaml" | "kube-controller-manager.yaml" | "kube-scheduler.yaml")) =
                path.rsplit_once('/')
                && let Some(folder) =
                    folder.strip_suffix("/manifests").or_else(|| (folder == "manifests").then_some(""))
            {
                trees.add_kubernetes(folder, profile);
            }
        }
        for path in &paths {
            let (folder, name) = split(path);
            if FLAT_MARKERS.contains(&name) && is_free(&trees, path) && trees.containing(path).is_none() {
                trees.flat.insert(folder.to_owned());
            }
        }
        trees
    }

    /// Adds the directories at the top of each root that a symbolic link or a text of the same node names: a link to
    /// `/data/pki` makes `data` one of them.
    fn add_named(&mut self, files: &[InputFile], profile: &Profile) {
        let mut candidates: BTreeSet<(String, String)> = BTreeSet::new();
        for file in files.iter().filter(|file| on_node(&file.path, profile).is_none()) {
            if let Some((root, rest)) = self.root_of(&file.path)
                && let Some((top, _)) = rest.split_once('/')
                && !SYSTEM.contains(&top)
            {
                candidates.insert((root.to_owned(), top.to_owned()));
            }
        }
        if candidates.is_empty() {
            return;
        }
        for file in files {
            let Some(location) = on_node(&file.path, profile).or_else(|| self.below_root(&file.path)) else { continue };
            let of_root = candidates.iter().filter(|(root, _)| *root == location.root);
            let named: Vec<_> = of_root.filter(|(_, top)| names_directory(&file.content, top)).cloned().collect();
            for candidate in named {
                candidates.remove(&candidate);
                self.roots.entry(candidate.0).or_default().insert(candidate.1);
            }
        }
    }

    /// The innermost root that holds a path, and the rest of the path.
    fn root_of<'p>(&self, path: &'p str) -> Option<(&str, &'p str)> {
        let mut root = split(path).0;
        loop {
            if let Some((root, _)) = self.roots.get_key_value(root) {
                return Some((root, path[root.len()..].trim_start_matches('/')));
            }
            if root.is_empty() {
                return None;
            }
            root = split(root).0;
        }
    }

    /// The place of a path below a node's root. Members of archives inside the tree have none, nor has what CNI plugins
    /// write: its writers renew it.
    fn below_root(&self, path: &str) -> Option<Location> {
        let (root, rest) = self.root_of(path)?;
        let (top, _) = rest.split_once('/')?;
        let is_known = SYSTEM.contains(&top) || self.roots.get(root).is_some_and(|named| named.contains(top));
        let is_the_nodes = is_known && !rest.contains("!/") && !rest.starts_with("etc/cni/");
        is_the_nodes.then(|| Location { root: root.to_owned(), path: format!("/{rest}") })
    }

    fn add_kubernetes(&mut self, folder: &str, profile: &Profile) {
        let (parent, name) = split(folder);
        let root = if name == "kubernetes" { parent } else { folder };
        self.folders.insert(folder.to_owned(), (root.to_owned(), profile.directory));
        let kubelet = if root.is_empty() { "kubelet".to_owned() } else { format!("{root}/kubelet") };
        self.folders.insert(kubelet, (root.to_owned(), profile.kubelet_directory));
    }

    fn containing(&self, path: &str) -> Option<Location> {
        let mut folder = split(path).0;
        loop {
            if let Some((root, on_node)) = self.folders.get(folder) {
                let rest = path[folder.len()..].trim_start_matches('/');
                return Some(Location { root: root.clone(), path: format!("{on_node}/{rest}") });
            }
            if folder.is_empty() {
                return None;
            }
            folder = split(folder).0;
        }
    }

    /// The place of `path` on a node; `None` if it is loose.
    pub(crate) fn locate(&self, path: &str, profile: &Profile) -> Option<Location> {
        on_node(path, profile)
            .or_else(|| self.below_root(path))
            .or_else(|| self.containing(path))
            .or_else(|| self.flat_location(path, profile))
    }

    fn flat_location(&self, path: &str, profile: &Profile) -> Option<Location> {
        let (folder, name) = split(path);
        let (home, rest) = if self.flat.contains(folder) {
            (folder, name)
        } else {
            // `etcd/ca.crt` beside a flat `apiserver.crt`.
            let (home, sub) = split(folder);
            if sub != "etcd" || !self.flat.contains(home) || home == folder {
                return None;
            }
            (home, path.get(path.len() - "etcd/".len() - name.len()..)?)
        };
        let on_node = profile.paths().find(|known| {
            known.starts_with(profile.directory)
                && known.strip_suffix(rest).is_some_and(|before| before.ends_with('/') && !before.ends_with("/etcd/"))
        })?;
        Some(Location { root: home.to_owned(), path: on_node.to_owned() })
    }
}

/// The place of a path that spells out `etc/kubernetes/`, `var/lib/kubelet/` or wherever else the profile has files.
fn on_node(path: &str, profile: &Profile) -> Option<Location> {
    let own = [profile.directory, profile.kubelet_directory].into_iter().filter(|path| !path.is_empty());
    own.chain(profile.folders_elsewhere.iter().copied()).find_map(|directory| {
        let inner = format!("{directory}/");
        let start = path.rfind(&inner).map(|at| at + 1);
        let start = start.or_else(|| path.starts_with(&inner[1..]).then_some(0))?;
        let root = path[..start].trim_end_matches('/').to_owned();
        Some(Location { root, path: format!("/{}", &path[start..]) })
    })
}

/// Does a symbolic link lead into a directory at the top of the node, or a text name a path in it?
fn names_directory(content: &Content, top: &str) -> bool {
    let path = format!("/{top}/");
    match content {
        Content::Symlink(target) => format!("{target}/").starts_with(&path),
        Content::Bytes(bytes) if bytes.len() <= MAX_TEXT => {
            let is_start =
                |at: usize| at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || b"._-/)}".contains(&bytes[at - 1]));
            bytes.windows(path.len()).enumerate().any(|(at, window)| window == path.as_bytes() && is_start(at))
        }
        _ => false,
    }
}

/// Follows symbolic links in every folder of `path` and at its end, as the kernel does.
///
/// `links` maps absolute paths to targets; relative targets start from the link's folder, absolute ones from the node's
/// root. Gives the path that is no link itself, whether or not a file is there; `None` if a target
/// leaves the root, or after too many links.
pub(crate) fn real_path(path: &str, links: &BTreeMap<String, String>) -> Option<String> {
    if links.is_empty() {
        return Some(path.to_owned());
    }
    let mut names: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut done = String::new();
    let mut followed = 0;
    while let Some(name) = names.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => {
                done.truncate(done.rfind('/')?);
                continue;
            }
            name => {
                done.push('/');
                done.push_str(name);
            }
        }
        if let Some(target) = links.get(&done) {
            followed += 1;
            if followed > MAX_LINKS {
                return None;
            }
            if target.starts_with('/') {
                done.clear();
            } else {
                done.truncate(done.rfind('/')?);
            }
            names.extend(target.split('/').rev().map(str::to_owned));
        }
    }
    Some(if done.is_empty() { "/".to_owned() } else { done })
}

/// A path's folder and its last name; the folder is empty where there is none.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A name for a node whose files do not tell it: the last telling name of its root, without what
/// makes it an archive.
pub(crate) fn label(root: &str) -> String {
    let telling = root.split('/').map(|name| name.trim_end_matches('!')).rfind(|name| {
        !matches!(*name, "" | "etc" | "kubernetes" | "pki" | "." | "var" | "lib" | "kubelet" | "manifests")
    });
    let name = telling.unwrap_or("node");
    let name = [".tar.gz", ".tgz", ".tar", ".zip"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let clean = clean.trim_matches(['.', '-']).to_ascii_lowercase();
    if clean.is_empty() { "node".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::KUBEADM;

    fn locate(paths: &[&str], path: &str) -> Option<(String, String)> {
        let files: Vec<_> = paths.iter().map(|path| InputFile::new(*path, Vec::new())).collect();
        let trees = Trees::find(&files, &KUBEADM);
        trees.locate(path, &KUBEADM).map(|location| (location.root, location.path))
    }

    #[test]
    fn a_path_that_spells_out_the_directory_is_on_a_node() {
        let path = "backup/cp1.tgz!/etc/kubernetes/pki/ca.crt";
        assert_eq!(locate(&[path], path), Some(("backup/cp1.tgz!".into(), "/etc/kubernetes/pki/ca.crt".into())));
        let path = "etc/kubernetes/admin.conf";
        assert_eq!(locate(&[path], path), Some((String::new(), "/etc/kubernetes/admin.conf".into())));
        let path = "cp1/var/lib/kubelet/pki/kubelet.crt";
        assert_eq!(locate(&[path], path), Some(("cp1".into(), "/var/lib/kubelet/pki/kubelet.crt".into())));
    }

    #[test]
    fn a_copied_directory_is_recognised_by_what_is_in_it() {
        let paths = ["cp1/kubernetes/pki/ca.crt", "cp1/kubernetes/admin.conf", "cp1/kubelet/config.yaml"];
        assert_eq!(locate(&paths, paths[1]), Some(("cp1".into(), "/etc/kubernetes/admin.conf".into())));
        assert_eq!(locate(&paths, paths[2]), Some(("cp1".into(), "/var/lib/kubelet/config.yaml".into())));
        let paths = ["cp1/pki/ca.crt", "cp1/pki/etcd/ca.crt"];
        assert_eq!(locate(&paths, paths[1]), Some(("cp1".into(), "/etc/kubernetes/pki/etcd/ca.crt".into())));
    }

    #[test]
    fn files_side_by_side_are_told_by_their_names() {
        let paths = ["ca.crt", "apiserver.crt", "admin.conf", "etcd/ca.crt", "notes.txt"];
        assert_eq!(locate(&paths, "ca.crt"), Some((String::new(), "/etc/kubernetes/pki/ca.crt".into())));
        assert_eq!(locate(&paths, "admin.conf"), Some((String::new(), "/etc/kubernetes/admin.conf".into())));
        assert_eq!(locate(&paths, "etcd/ca.crt"), Some((String::new(), "/etc/kubernetes/pki/etcd/ca.crt".into())));
        assert_eq!(locate(&paths, "notes.txt"), None);
        assert_eq!(locate(&["ca.crt", "me.conf"], "ca.crt"), None);
    }

    #[test]
    fn what_reads_a_nodes_files_belongs_to_the_node() {
        let paths = ["cp1/etc/kubernetes/pki/ca.crt", "cp2.tgz!/etc/kubernetes/pki/ca.crt"];
        for (path, expected) in [
            ("cp1/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", true),
            ("cp1/usr/lib/systemd/system/kubelet.service", true),
            ("cp1/lib/systemd/system/kubelet.service", true),
            ("cp1/etc/default/kubelet", true),
            ("cp1/etc/default/agent", true),
            ("cp1/etc/agent/env", true),
            ("cp1/opt/agent/pki/ca.crt", true),
            ("cp1/etc/ssl/etcd/ssl/ca.pem", true),
            ("cp1/root/.kube/config", false),
            ("cp1/alice.conf", false),
            ("cp1/objects/secrets.yaml", false),
            ("cp1/etc/backup.tgz!/agent/env", false),
            ("cp1/etc/cni/net.d/calico-kubeconfig", false),
            ("cp1/old/etc/default/kubelet", false),
            ("cp3/etc/default/kubelet", false),
            ("etc/default/kubelet", false),
        ] {
            let on_node = &path[path.find('/').unwrap()..];
            let place = Some(("cp1".to_owned(), on_node.to_owned())).filter(|_| expected);
            assert_eq!(locate(&paths, path), place, "{path}");
        }
        let (root, path) = locate(&paths, "cp2.tgz!/lib/systemd/system/etcd.service").unwrap();
        assert_eq!((root.as_str(), path.as_str()), ("cp2.tgz!", "/lib/systemd/system/etcd.service"));
        let nested = ["cp1/etc/kubernetes/pki/ca.crt", "cp1/var/backup/etc/kubernetes/pki/ca.crt"];
        let (root, path) = locate(&nested, "cp1/var/backup/etc/default/kubelet").unwrap();
        assert_eq!((root.as_str(), path.as_str()), ("cp1/var/backup", "/etc/default/kubelet"));
        let top = ["etc/kubernetes/pki/ca.crt"];
        assert_eq!(locate(&top, "etc/default/kubelet"), Some((String::new(), "/etc/default/kubelet".into())));
    }

    #[test]
    fn links_are_followed_in_every_folder() {
        let links = BTreeMap::from([
            ("/etc/kubernetes/pki".to_owned(), "../../opt/pki".to_owned()),
            ("/opt/pki/ca.crt".to_owned(), "/srv/./ca.crt".to_owned()),
            ("/loop".to_owned(), "loop/a".to_owned()),
            ("/up".to_owned(), "../../x".to_owned()),
        ]);
        assert_eq!(real_path("/etc/kubernetes/pki/ca.crt", &links).as_deref(), Some("/srv/ca.crt"));
        assert_eq!(real_path("/etc/kubernetes/pki/sa.key", &links).as_deref(), Some("/opt/pki/sa.key"));
        assert_eq!(real_path("/etc/kubernetes/admin.conf", &links).as_deref(), Some("/etc/kubernetes/admin.conf"));
        assert_eq!(real_path("/loop", &links), None);
        assert_eq!(real_path("/up", &links), None);
        assert_eq!(real_path("/", &links).as_deref(), Some("/"));
    }

    #[test]
    fn a_directory_that_the_node_names_is_the_nodes() {
        let path = "cp1/data/pki/ca.crt";
        let files = |name: &str, content: Content| {
            let other = InputFile::new("cp2/etc/kubernetes/pki/ca.crt", b"/data/pki".to_vec());
            let named = InputFile { content, ..InputFile::new(name, Vec::new()) };
            vec![InputFile::new(path, Vec::new()), named, other]
        };
        let text = |text: &str| InputFile::new("", text.as_bytes().to_vec()).content;
        for (name, content, is_named) in [
            ("cp1/etc/kubernetes/pki", Content::Symlink("/data/pki".to_owned()), true),
            ("cp1/etc/kubernetes/pki", Content::Symlink("/data".to_owned()), true),
            ("cp1/etc/kubernetes/pki", Content::Symlink("/database/pki".to_owned()), false),
            ("cp1/etc/kubernetes/agent.conf", text("ca: /data/pki/ca.crt"), true),
            ("cp1/etc/default/agent", text("CA=/data/pki/ca.crt"), false),
            ("cp1/etc/kubernetes/agent.conf", text("ca: /srv/data/pki/ca.crt"), false),
        ] {
            let files = files(name, content);
            let trees = Trees::find(&files, &KUBEADM);
            let location = trees.locate(path, &KUBEADM).map(|location| location.path);
            assert_eq!(location.as_deref() == Some("/data/pki/ca.crt"), is_named, "{name}");
        }
    }

    #[test]
    fn labels_are_safe_names() {
        assert_eq!(label("drop/cp-1.tar.gz!"), "cp-1");
        assert_eq!(label("drop/cp1/etc"), "cp1");
        assert_eq!(label("a/Böse Node"), "b-se-node");
        assert_eq!(label(""), "node");
    }
}
