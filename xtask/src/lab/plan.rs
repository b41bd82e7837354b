//! The names and addresses of a lab's machines.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::machines::{ADMIN, Lab};

/// A machine and its addresses; the first address is its primary one.
#[derive(Clone)]
pub struct Node {
    pub name: String,
    pub addresses: Vec<String>,
}

/// The default of kubeadm's `certificatesDir`.
const CERTIFICATES: &str = "/etc/kubernetes/pki";

/// The machines, names and addresses of a lab.
pub struct Plan {
    /// The machine that runs the load balancer, the extension API server and kubectl.
    pub admin: Node,
    pub control_planes: Vec<Node>,
    pub workers: Vec<Node>,
    /// Machines that join as workers later.
    pub joining_workers: Vec<Node>,
    /// Control-plane machines that Cluster API's roll-out creates later.
    pub rolled: Vec<Node>,
    /// `controlPlaneEndpoint`, with its port.
    pub endpoint: String,
    pub apiserver_port: u16,
    /// kubeadm's `certificatesDir`.
    pub certificates: String,
    pub service_subnet: String,
    /// The address of the Service `kubernetes`.
    pub service_address: String,
    /// The address of the extension API server's Service.
    pub extension_address: String,
    /// Names that resolve to the load balancer.
    names: Vec<String>,
    /// Existing trees to start from: each node's name and its folder on this machine.
    trees: Vec<(String, std::path::PathBuf)>,
}

impl Plan {
    /// A plan with this many machines of each role, with generated names and addresses.
    pub fn new(control_planes: usize, workers: usize, joining_workers: usize, rolled: usize) -> Result<Self> {
        ensure!((1..=5).contains(&control_planes), "a lab has one to five control-plane nodes");
        ensure!(workers <= 9 && joining_workers <= 9, "a lab has at most nine workers and nine spare machines");
        let node = |name: String, last: usize| Node { name, addresses: vec![format!("10.200.0.{last}")] };
        Ok(Self {
            admin: node(ADMIN.to_owned(), 10),
            control_planes: (1..=control_planes).map(|index| node(format!("cp{index}"), 10 + index)).collect(),
            workers: (1..=workers).map(|index| node(format!("worker{index}"), 20 + index)).collect(),
            joining_workers: (1..=joining_workers).map(|index| node(format!("spare{index}"), 30 + index)).collect(),
            rolled: (1..=rolled).map(|index| node(format!("rolled{index}"), 40 + index)).collect(),
            endpoint: "10.200.0.10:6443".to_owned(),
            apiserver_port: 6443,
            certificates: CERTIFICATES.to_owned(),
            service_subnet: "10.96.0.0/12".to_owned(),
            service_address: "10.96.0.1".to_owned(),
            extension_address: "10.96.0.20".to_owned(),
            names: Vec::new(),
            trees: Vec::new(),
        })
    }

    /// The names of all machines, the admin machine's first.
    pub fn names(&self) -> Vec<String> {
        self.machines().map(|node| node.name.clone()).collect()
    }

    /// All machines, the admin machine first.
    fn machines(&self) -> impl Iterator<Item = &Node> {
        let nodes = self.control_planes.iter().chain(&self.workers);
        [&self.admin].into_iter().chain(nodes).chain(&self.joining_workers).chain(&self.rolled)
    }

    /// The addresses of the admin machine.
    pub fn admin_addresses(&self) -> Vec<String> {
        let mut addresses = self.admin.addresses.clone();
        addresses.push(self.service_address.clone());
        addresses
    }

    /// The node that runs the extension API server and has its Service's address.
    pub fn extension_node(&self) -> &Node {
        self.workers.first().unwrap_or(&self.control_planes[0])
    }

    /// The addresses on which the load balancer listens.
    pub fn frontends(&self) -> Vec<String> {
        let port = self.endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(6443);
        vec![with_port(&self.admin.addresses[0], port), with_port(&self.service_address, 443)]
    }

    /// The load balancer and every API server, by name.
    pub fn servers(&self) -> Vec<Value> {
        let mut servers = vec![json!({ "name": "the load balancer", "url": format!("https://{}", self.endpoint) })];
        servers.extend(self.control_planes.iter().map(|node| {
            json!({ "name": node.name, "url": format!("https://{}", with_port(&node.addresses[0], self.apiserver_port)) })
        }));
        servers
    }

    /// The content of `/etc/hosts` on every machine.
    pub fn hosts(&self) -> String {
        let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
        for node in self.machines() {
            for address in &node.addresses {
                text += &format!("{address} {}\n", node.name);
            }
        }
        for name in &self.names {
            text += &format!("{} {name}\n", self.admin.addresses[0]);
        }
        text
    }
}

/// Checks that the certificates' folder is below `/etc/kubernetes` or `/var/lib/kubelet`, the only folders that each
/// node has for itself.
pub fn ensure_own(certificates: &str) -> Result<()> {
    let own = certificates.strip_prefix("/etc/kubernetes/").is_some_and(|name| !name.is_empty());
    ensure!(own, "the lab's certificates must lie in a folder of /etc/kubernetes, not in {certificates}");
    Ok(())
}

/// Appends a port to an address; puts IPv6 addresses in brackets.
pub fn with_port(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// Plans from existing trees.
impl Plan {
    /// The plan for the cluster whose trees are in `DIR/<node>/etc/kubernetes`.
    pub fn from_trees(folder: &Path) -> Result<Self> {
        let mut trees: Vec<(String, std::path::PathBuf)> = fs::read_dir(folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let path = entry.path();
                path.join("etc/kubernetes").is_dir().then(|| (entry.file_name().to_string_lossy().into_owned(), path))
            })
            .collect();
        trees.sort();
        ensure!(!trees.is_empty(), "{} has no trees: DIR/<node>/etc/kubernetes", folder.display());

        let mut control_planes = Vec::new();
        let mut workers = Vec::new();
        let mut subnet = None;
        let mut port = 6443;
        let mut certificates = CERTIFICATES.to_owned();
        for (name, tree) in &trees {
            let manifests = tree.join("etc/kubernetes/manifests");
            let Ok(apiserver) = fs::read_to_string(manifests.join("kube-apiserver.yaml")) else {
                workers.push(name.clone());
                continue;
            };
            let flag = |flag: &str| flag_of(&apiserver, flag);
            let address = flag("advertise-address").with_context(|| format!("{name}'s apiserver has no address"))?;
            subnet = flag("service-cluster-ip-range").or(subnet);
            port = flag("secure-port").and_then(|port| port.parse().ok()).unwrap_or(port);
            if let Some((folder, _)) = flag("client-ca-file").as_deref().and_then(|path| path.rsplit_once('/')) {
                folder.clone_into(&mut certificates);
            }
            control_planes.push(Node { name: name.clone(), addresses: vec![address] });
        }
        ensure_own(&certificates)?;
        let (first, tree) = trees
            .iter()
            .find_map(|(name, tree)| Some((control_planes.iter().find(|node| &node.name == name)?, tree)))
            .with_context(|| format!("{} has no control-plane node", folder.display()))?;
        let endpoint = endpoint_of(tree)?;
        let subnet = subnet.with_context(|| format!("{}'s apiserver names no service range", first.name))?;
        let range = subnet.split(',').next().unwrap_or_default();
        let (network, _) = range.split_once('/').with_context(|| format!("`{range}` is no range of addresses"))?;

        let used: Vec<String> = control_planes.iter().map(|node| node.addresses[0].clone()).collect();
        let mut free = (1_u8..=254).map(|last| sibling(&used[0], last)).filter(|address| !used.contains(address));
        let mut admin = Node { name: ADMIN.to_owned(), addresses: Vec::new() };
        let (host, _) = endpoint.rsplit_once(':').context("an endpoint has a port")?;
        let host = host.trim_matches(['[', ']']);
        let mut names = Vec::new();
        if used.iter().any(|address| address == host) {
            admin.addresses.extend(free.next());
        } else if host.parse::<std::net::IpAddr>().is_ok() {
            admin.addresses.push(host.to_owned());
        } else {
            names.push(host.to_owned());
            admin.addresses.extend(free.next());
        }
        let mut free = free.filter(|address| !admin.addresses.contains(address));
        let workers =
            workers.into_iter().map(|name| Node { name, addresses: free.next().into_iter().collect() }).collect();
        Ok(Self {
            control_planes,
            workers,
            joining_workers: Vec::new(),
            rolled: Vec::new(),
            endpoint,
            apiserver_port: port,
            certificates,
            service_address: sibling(network, 1),
            extension_address: sibling(network, 20),
            service_subnet: subnet,
            names,
            trees,
            admin,
        })
    }

    /// Copies the trees to where kubeadm finds them, without static Pods and kubelet credentials, which are created
    /// again.
    pub fn copy_trees(&self, lab: &Lab) -> Result<()> {
        for (name, tree) in &self.trees {
            let source = tree.join("etc/kubernetes");
            let target = lab.node(name).join("etc/kubernetes");
            copy(&source, &target, &["manifests", "kubelet.conf", "bootstrap-kubelet.conf", "tmp"])?;
            if self.workers.iter().any(|node| &node.name == name) {
                // A worker gets the CA when it joins.
                fs::remove_dir_all(&target)?;
            }
        }
        Ok(())
    }
}

/// The value of a flag in a static Pod's manifest.
fn flag_of(manifest: &str, flag: &str) -> Option<String> {
    let prefix = format!("- --{flag}=");
    manifest.lines().find_map(|line| line.trim().strip_prefix(&prefix)).map(|value| value.trim_matches('"').to_owned())
}

/// The host and port of the API server in the tree's kubeconfigs.
fn endpoint_of(tree: &Path) -> Result<String> {
    // Other kubeconfigs of a control-plane node may point to the node's own API server.
    for file in ["admin.conf", "super-admin.conf", "kubelet.conf"] {
        let Ok(text) = fs::read_to_string(tree.join("etc/kubernetes").join(file)) else { continue };
        let server = text.lines().find_map(|line| line.trim().strip_prefix("server: https://"));
        if let Some(server) = server {
            return Ok(server.trim_matches('"').trim_end_matches('/').to_owned());
        }
    }
    bail!("{} names no endpoint: neither admin.conf nor kubelet.conf has a server", tree.display())
}

/// The address in the same network with `last` as its last component.
fn sibling(address: &str, last: u8) -> String {
    match address.rsplit_once(':') {
        Some((network, _)) => format!("{network}:{last:x}"),
        None => format!("{}.{last}", address.rsplit_once('.').map_or(address, |(network, _)| network)),
    }
}

/// Copies a folder without the entries named in `except`. Keeps links and modes.
fn copy(source: &Path, target: &Path, except: &[&str]) -> Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        if except.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&from, &to, &[])?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
