//! Where each file lies on which node, told from the paths alone.
//!
//! A tree may arrive as `cp1/etc/kubernetes/pki/ca.crt`, as `kubernetes/pki/ca.crt`, as the content
//! of a `pki` folder, or as a handful of files with kubeadm's names. What has no such shape is loose.

use std::collections::{BTreeMap, BTreeSet};

use crate::profile::Profile;

/// How many symbolic links may lead to one file.
const MAX_LINKS: usize = 8;

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

/// Folders and files outside of the profile's own that say what on a node reads which file. They belong to the node whose
/// root they share. `usr/lib` comes before `lib`, which its name ends with.
const NEIGHBOURS: [&str; 13] = [
    "etc/systemd/system/",
    "run/systemd/system/",
    "usr/local/lib/systemd/system/",
    "usr/lib/systemd/system/",
    "lib/systemd/system/",
    "etc/default/kubelet",
    "etc/sysconfig/kubelet",
    "etc/etcd.env",
    "etc/etcd/",
    "etc/ssl/etcd/",
    "etc/haproxy/",
    "etc/keepalived/",
    "etc/kube-vip/",
];

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
    /// The roots of nodes whose paths spell their folders out, so that other folders of the node have a known place.
    roots: BTreeSet<String>,
}

impl Trees {
    /// Finds the nodes' folders among `paths`; there are none on a platform whose machines have no such files.
    pub(crate) fn find<'a>(paths: impl Iterator<Item = &'a str>, profile: &Profile) -> Self {
        let mut trees = Self::default();
        if profile.directory.is_empty() {
            return trees;
        }
        let paths: BTreeSet<&str> = paths.collect();
        for path in &paths {
            if let Some(location) = on_node(path, profile) {
                if !trees.roots.contains(&location.root) {
                    trees.roots.insert(location.root);
                }
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
            if FLAT_MARKERS.contains(&name) && on_node(path, profile).is_none() && trees.containing(path).is_none() {
                trees.flat.insert(folder.to_owned());
            }
        }
        trees
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
            .or_else(|| self.containing(path))
            .or_else(|| self.neighbour(path))
            .or_else(|| self.flat_location(path, profile))
    }

    /// The place of a path that spells out one of [`NEIGHBOURS`], below the root of a node.
    fn neighbour(&self, path: &str) -> Option<Location> {
        NEIGHBOURS.iter().find_map(|known| {
            let start = path.rfind(known).filter(|start| *start == 0 || path[..*start].ends_with('/'))?;
            if !known.ends_with('/') && path.len() > start + known.len() {
                return None;
            }
            let root = path[..start].trim_end_matches('/');
            let root = self.roots.get(root)?.clone();
            Some(Location { root, path: format!("/{}", &path[start..]) })
        })
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

/// Follows symbolic links from `path` within one node's tree.
///
/// `links` maps absolute paths to targets; relative targets start from the link's folder, absolute
/// ones from the node's root. Gives the path at the end, whether or not a file lies there; `None` if
/// a target leaves the root or the links go round in circles.
pub(crate) fn follow(path: &str, links: &BTreeMap<String, String>) -> Option<String> {
    let mut current = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Some(target) = links.get(&current) else {
            return Some(current);
        };
        let joined = if target.starts_with('/') { target.clone() } else { format!("{}/{target}", split(&current).0) };
        current = normalise(&joined)?;
    }
    None
}

/// Follows symbolic links in every folder of `path` and at its end, as the kernel does.
///
/// `links` as for [`follow`]. Gives the path that is no link itself, whether or not a file is there; `None` if a target
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

/// Removes `.` and `..`; `None` if the path climbs above its root.
fn normalise(path: &str) -> Option<String> {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(format!("/{}", names.join("/")))
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
        let trees = Trees::find(paths.iter().copied(), &KUBEADM);
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
            ("cp1/etc/default/kubelet.bak", false),
            ("cp1/etc/ssl/etcd/ssl/ca.pem", true),
            ("cp1/etc/ssl/other/ca.pem", false),
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
    fn links_stay_in_their_tree() {
        let links = BTreeMap::from([
            ("/var/lib/kubelet/pki/a".to_owned(), "/var/lib/kubelet/pki/b".to_owned()),
            ("/var/lib/kubelet/pki/b".to_owned(), "../c".to_owned()),
            ("/x".to_owned(), "../../y".to_owned()),
            ("/loop".to_owned(), "loop".to_owned()),
        ]);
        assert_eq!(follow("/var/lib/kubelet/pki/a", &links).as_deref(), Some("/var/lib/kubelet/c"));
        assert_eq!(follow("/x", &links), None);
        assert_eq!(follow("/loop", &links), None);
    }

    #[test]
    fn labels_are_safe_names() {
        assert_eq!(label("drop/cp-1.tar.gz!"), "cp-1");
        assert_eq!(label("drop/cp1/etc"), "cp1");
        assert_eq!(label("a/Böse Node"), "b-se-node");
        assert_eq!(label(""), "node");
    }
}
