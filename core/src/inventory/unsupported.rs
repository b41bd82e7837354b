//! Kubernetes distributions and services that this release cannot rotate, recognised so that they are refused by name
//! and not as a kubeadm cluster with missing files.

use serde_json::Value;

use super::{model::inventory::Inventory, writers::owners};
use crate::{finding::Finding, formats::object::Object, input::InputFile, profile::AuthorityId};

/// A distribution that is not supported.
struct Distribution {
    title: &'static str,
    /// Kinds of its control planes in Cluster API, as an object or as the owner of a Cluster's Secrets.
    kinds: &'static [&'static str],
    /// Parts of paths on its nodes, as absolute paths without the first slash.
    paths: &'static [&'static str],
    /// Labels of its Node objects; with a value after `=` where the name alone does not tell.
    labels: &'static [&'static str],
    /// What the common names of its cluster CA begin with.
    names: &'static [&'static str],
    /// How it rotates its CAs, as a sentence without a final period.
    instead: &'static str,
}

/// Sources: kinds from the providers in Cluster API's list (reference/providers); paths from docs.rke2.io (reference/cli),
/// docs.k3s.io (cli/certificate), microk8s.io (docs/services-and-ports), docs.k0sproject.io (custom-ca); labels from
/// k3s-io/k3s pkg/nodeconfig, docs.aws.amazon.com/eks (managed node groups), cloud.google.com (node labels),
/// learn.microsoft.com/azure/aks (use-labels); names from rancher/dynamiclistener and k3s pkg/daemons/control/deps.
const DISTRIBUTIONS: &[Distribution] = &[
    Distribution {
        title: "RKE2",
        kinds: &["RKE2ControlPlane"],
        paths: &["var/lib/rancher/rke2/", "etc/rancher/rke2/"],
        labels: &["node.kubernetes.io/instance-type=rke2"],
        names: &["rke2-server-ca"],
        instead: "Use RKE2's own command on a server: `rke2 certificate rotate-ca`",
    },
    Distribution {
        title: "K3s",
        kinds: &["KThreesControlPlane"],
        paths: &["var/lib/rancher/k3s/", "etc/rancher/k3s/"],
        labels: &["node.kubernetes.io/instance-type=k3s", "k3s.io/hostname"],
        names: &["k3s-server-ca"],
        instead: "Use K3s' own command on a server: `k3s certificate rotate-ca`",
    },
    Distribution {
        title: "K3s or RKE2",
        kinds: &[],
        paths: &["server/tls/server-ca.crt"],
        labels: &[],
        names: &[],
        instead: "Use its own command on a server: `k3s certificate rotate-ca` or `rke2 certificate rotate-ca`",
    },
    Distribution {
        title: "MicroK8s",
        kinds: &["MicroK8sControlPlane"],
        paths: &["var/snap/microk8s/"],
        labels: &["microk8s.io/cluster"],
        names: &[],
        instead: "Use MicroK8s' own command on each node: `microk8s refresh-certs`",
    },
    Distribution {
        title: "Canonical Kubernetes",
        kinds: &["CK8sControlPlane"],
        paths: &["var/snap/k8s/"],
        labels: &[],
        names: &[],
        instead: "Use its own command on each node: `k8s refresh-certs`",
    },
    Distribution {
        title: "k0s",
        kinds: &["K0sControlPlane", "K0smotronControlPlane"],
        paths: &["var/lib/k0s/", "etc/k0s/"],
        labels: &["node.k0sproject.io/role"],
        names: &[],
        instead: "Follow k0s' documentation on custom CAs",
    },
    Distribution {
        title: "Talos by Cluster API",
        kinds: &["TalosControlPlane"],
        paths: &[],
        labels: &[],
        names: &[],
        instead: "If you rotate the machines themselves, load their machine configurations (`talosctl get machineconfig -o yaml`) without these Secrets",
    },
    Distribution {
        title: "Amazon EKS",
        kinds: &["AWSManagedControlPlane", "ROSAControlPlane"],
        paths: &[],
        labels: &["eks.amazonaws.com/nodegroup", "alpha.eksctl.io/cluster-name"],
        names: &[],
        instead: "AWS holds and rotates the CAs of its managed control planes",
    },
    Distribution {
        title: "Azure AKS",
        kinds: &["AzureManagedControlPlane", "AzureASOManagedControlPlane"],
        paths: &[],
        labels: &["kubernetes.azure.com/cluster"],
        names: &[],
        instead: "Use Azure's own command: `az aks rotate-certs -g GROUP -n CLUSTER`",
    },
    Distribution {
        title: "Google GKE",
        kinds: &["GCPManagedControlPlane"],
        paths: &[],
        labels: &["cloud.google.com/gke-nodepool"],
        names: &[],
        instead: "Use Google's own command: `gcloud container clusters update CLUSTER --start-credential-rotation`",
    },
    Distribution {
        title: "Oracle OKE",
        kinds: &["OCIManagedControlPlane"],
        paths: &[],
        labels: &["oci.oraclecloud.com/node.info.private_subnet"],
        names: &[],
        instead: "Oracle holds and rotates the CAs of its managed control planes",
    },
    Distribution {
        title: "vcluster",
        kinds: &["VCluster"],
        paths: &[],
        labels: &[],
        names: &[],
        instead: "Use vcluster's own command: `vcluster certs rotate-ca`",
    },
    Distribution {
        title: "OpenShift",
        kinds: &["HostedControlPlane", "OpenshiftAssistedControlPlane"],
        paths: &["etc/kubernetes/static-pod-resources/"],
        labels: &["node.openshift.io/os_id"],
        names: &[],
        instead: "OpenShift's operators rotate its CAs; follow its documentation on certificates",
    },
];

/// Control planes of Cluster API that this release rotates.
const SUPPORTED_KINDS: [&str; 2] = ["KubeadmControlPlane", "KamajiControlPlane"];

/// The code of the finding, by which the other checks know that they have nothing to judge.
pub(super) const UNSUPPORTED: &str = "unsupported-platform";

fn finding(row: &Distribution, file: &str, seen: &str) -> Finding {
    named(row.title, file, seen).remedy(row.instead)
}

fn named(title: &str, file: &str, seen: &str) -> Finding {
    Finding::error(UNSUPPORTED, file, format!("{title} is not supported yet: {seen}"))
}

/// Does a path lie where a distribution that is not supported keeps its files?
pub(super) fn has(path: &str) -> bool {
    DISTRIBUTIONS.iter().any(|row| row.paths.iter().any(|part| is_below(path, part)))
}

/// A distribution, recognised by where its nodes keep their files. `alone`: is there no sign of a supported platform? Below
/// `etc/kubernetes` kubeadm has files as well, so what lies there counts in any case.
pub(super) fn layout(files: &[InputFile], alone: bool) -> Option<Finding> {
    let paths = DISTRIBUTIONS.iter().flat_map(|row| row.paths.iter().map(move |part| (row, *part)));
    let paths: Vec<_> = paths.filter(|(_, part)| alone || part.starts_with("etc/kubernetes/")).collect();
    files.iter().find_map(|file| {
        let (row, part) = paths.iter().find(|(_, part)| is_below(&file.path, part))?;
        Some(finding(row, &file.path, &format!("a file lies in {}", part.trim_end_matches('/'))))
    })
}

/// Does `part` stand in `path` from the beginning of a name on?
fn is_below(path: &str, part: &str) -> bool {
    path.match_indices(part).any(|(at, _)| at == 0 || path.as_bytes()[at - 1] == b'/')
}

/// A control plane of Cluster API's that is not kubeadm's: the object itself, what a Cluster refers to, or the owner of a
/// Secret.
pub(super) fn control_plane(object: &Object, file: &str) -> Option<Finding> {
    let text = |pointer: &str| object.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let of_cluster = object.kind == "Cluster" && object.api_version.starts_with("cluster.x-k8s.io/");
    let reference = of_cluster.then(|| {
        let group = [text("/spec/controlPlaneRef/apiGroup"), text("/spec/controlPlaneRef/apiVersion")];
        (group.into_iter().find(|group| !group.is_empty()).unwrap_or_default(), text("/spec/controlPlaneRef/kind"))
    });
    let own = (object.api_version.as_str(), object.kind.as_str());
    let owners = owners(object).filter(|_| object.kind == "Secret").map(|owner| (owner.api_version, owner.kind));
    for (api_version, kind) in [own].into_iter().chain(reference).chain(owners) {
        let of_cluster_api = api_version.split('/').next().is_some_and(|group| group.ends_with("cluster.x-k8s.io"));
        let seen = || format!("its control plane is of kind {kind}");
        if let Some(row) = DISTRIBUTIONS.iter().find(|row| of_cluster_api && row.kinds.contains(&kind)) {
            return Some(finding(row, file, &seen()).at(place(object)));
        }
        let of_control_plane =
            api_version.starts_with("controlplane.cluster.x-k8s.io") && kind.ends_with("ControlPlane");
        if of_control_plane && !SUPPORTED_KINDS.contains(&kind) {
            let remedy = "Use the rotation procedure of this control plane's provider";
            return Some(named(&format!("The control plane {kind}"), file, &seen()).at(place(object)).remedy(remedy));
        }
    }
    None
}

/// A distribution, recognised by the labels of a Node.
pub(super) fn node(object: &Object, file: &str) -> Option<Finding> {
    if object.kind != "Node" || object.api_version != "v1" {
        return None;
    }
    for row in DISTRIBUTIONS {
        let has = |label: &&&str| match label.split_once('=') {
            Some((key, value)) => object.labels.get(key).is_some_and(|is| is == value),
            None => object.labels.contains_key(**label),
        };
        if let Some(label) = row.labels.iter().find(has) {
            return Some(finding(row, file, &format!("a Node has the label {label}")).at(place(object)));
        }
    }
    None
}

fn place(object: &Object) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

impl Inventory {
    /// Adds what only the whole input shows, and drops what other checks would say of a distribution that is refused.
    ///
    /// A Node's labels count only where nothing of a supported cluster was provided: a dump of a management cluster has
    /// Nodes of its own. They then replace the complaint that there is no CA.
    pub(super) fn refuse_unsupported(&mut self) {
        let has_cluster = self.authorities.contains_key(&AuthorityId::Cluster);
        let labelled = std::mem::take(&mut self.labelled_nodes);
        if !has_cluster {
            self.findings.extend(labelled);
        }
        let authority = self.authorities.get(&AuthorityId::Cluster);
        let name = authority.and_then(|authority| authority.certificate.subject().common_name()).unwrap_or_default();
        let named = |row: &&Distribution| row.names.iter().any(|start| name.starts_with(start));
        if let (Some(authority), Some(row)) = (authority, DISTRIBUTIONS.iter().find(named))
            && !self.is_unsupported()
        {
            let finding = finding(row, &authority.file, &format!("its cluster CA is called {name}"));
            self.findings.push(finding);
        }
    }

    /// Was a distribution refused by name?
    pub(super) fn is_unsupported(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == UNSUPPORTED)
    }
}
