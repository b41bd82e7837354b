//! The table of a node's script.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    library::{Library, function, head},
    verify,
};
use crate::{
    formats::{kubeconfig, static_pod},
    mint::{Minted, MintedAuthority},
    package::output::OutputFiles,
    plan::{
        Action, AuthorityChange, Edit, FileContent, Holder, Intent, KubeconfigContext, KubeconfigCredential,
        KubeconfigTrust, Phase, Process, RotationPlan, Side, Step, Trust,
    },
    profile::{AuthorityId, Component, RotationMethod},
    render::{Renderer, commands},
    text::{
        hex,
        shell::{quote, quoted},
    },
    time::UnixTime,
    x509::TrustBundle,
};

/// The functions of every node's script, in the order in which they are defined.
const LIBRARY: [&str; 9] = [
    include_str!("pods.sh"),
    include_str!("node.sh"),
    include_str!("backup.sh"),
    include_str!("kubelet.sh"),
    include_str!("kubelet-settings.sh"),
    include_str!("serving.sh"),
    include_str!("renew.sh"),
    include_str!("verify-node.sh"),
    include_str!("undo.sh"),
];

/// The library of every node's script.
pub(super) fn library(plan: &RotationPlan, output: &OutputFiles) -> Library {
    let of_logs = verify::library(&output.matrix, &control_plane_pods(plan));
    Library::new("lib-node.sh", &[&[of_logs.as_str()][..], &LIBRARY[..]].concat())
}

/// The static Pods that every control-plane node has, by their manifests' names; etcd may run elsewhere.
fn control_plane_pods(plan: &RotationPlan) -> Vec<&'static str> {
    let components = [Component::Apiserver, Component::ControllerManager, Component::Scheduler];
    let manifests = components.into_iter().filter_map(|component| plan.profile.manifest(component));
    manifests.filter_map(|path| path.rsplit('/').next()?.strip_suffix(".yaml")).collect()
}

/// What each file on each node is by the end of the phases that were looked at: SHA-256, by node and path.
#[derive(Default)]
pub(super) struct KnownFiles(BTreeMap<(String, String), String>);

/// One script to be written.
pub(super) struct Job<'a> {
    pub(super) plan: &'a RotationPlan,
    pub(super) renderer: &'a Renderer<'a>,
    pub(super) output: &'a OutputFiles,
    pub(super) phase: Phase,
    pub(super) holder: &'a Holder,
    pub(super) steps: &'a [&'a Step],
}

/// The whole script.
pub(super) fn script(job: &Job<'_>, known: &mut KnownFiles, library: &Library) -> String {
    let unseen = matches!(job.holder, Holder::ControlPlanes | Holder::Workers);
    let up = if unseen { "../.." } else { "../../.." };
    let new_ca = job.marks(AuthorityId::Cluster);
    let mut node = Vec::new();
    let mut kubelet = Vec::new();
    let mut backup = Vec::new();
    for step in job.steps {
        let lines = match () {
            () if commands::is_backup_step(step) => &mut backup,
            () if commands::is_kubelet_step(step) => &mut kubelet,
            () => &mut node,
        };
        lines.extend(job.lines(step, known));
    }
    let is_backup_only = !backup.is_empty() && node.is_empty() && kubelet.is_empty();
    if *job.holder == Holder::Workers {
        let minted = job.minted_workers();
        if !minted.is_empty() {
            node.insert(0, format!("minted_for {}", minted.join(" ")));
        }
    } else if !is_backup_only {
        node.extend(job.effects());
    }
    // Where everything changes at once, this is the phase in which a kubelet gets a certificate of the new CA.
    let has_old_kubelets = job.phase == Phase::DropOld && !new_ca.is_empty() && !job.plan.at_once;
    if has_old_kubelets {
        node.insert(0, "renewed_first".to_owned());
        let renews = |step: &Step| step.actions.iter().any(|action| matches!(action, Action::RenewServing));
        if job.plan.steps.iter().any(renews) {
            node.insert(1, "serving_first".to_owned());
        }
    }
    if !kubelet.is_empty() {
        kubelet.insert(0, "node_part_first".to_owned());
    }
    if backup.is_empty() {
        backup.push("wrong_usage 'this script has no backup step'".to_owned());
    } else {
        node.insert(0, "backed_up".to_owned());
    }
    let restarts: Vec<_> = node.iter().filter(|line| line.starts_with("restart_")).cloned().collect();
    let renews = |line: &&String| line.starts_with("renew_kubelet") || line.contains("install_kubelet");
    let serves = |line: &&String| line.starts_with("renew_serving");
    let before_undo = node.iter().find(renews).map(|_| "undo_kubelet".to_owned()).into_iter();
    let before_undo: Vec<_> = before_undo.chain(node.iter().find(serves).map(|_| "undo_serving".to_owned())).collect();
    [
        head(job.plan, job.phase, job.holder, up),
        job.only_part().to_owned(),
        job.facts(&node, &new_ca, unseen),
        job.old_mark(&node, &kubelet),
        function("node", &node),
        function("backup", &backup),
        function("kubelet", &kubelet),
        function("restarts", &restarts),
        function("before_undo", &before_undo),
        library.load("main \"$@\""),
    ]
    .concat()
}

impl Job<'_> {
    /// What tells a certificate of the new CA from one of the old; empty where that CA is not rotated.
    fn marks(&self, id: AuthorityId) -> String {
        let authority_change = self.plan.authority_changes.get(&id);
        authority_change
            .map(|authority_change| authority_change.marks(self.renderer.certificate(id, Side::New)).join(" "))
            .unwrap_or_default()
    }

    /// What tells a certificate of the old CA from one of the new, where the script asks for it.
    fn old_mark(&self, node: &[String], kubelet: &[String]) -> String {
        let asks = |line: &String| matches!(line.as_str(), "renew_serving" | "serving_first");
        let authority_change = self.plan.authority_changes.get(&AuthorityId::Cluster);
        let Some(authority_change) = authority_change.filter(|_| node.iter().chain(kubelet).any(asks)) else {
            return String::new();
        };
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New);
        format!("old_ca={}\n", quoted(&authority_change.old_marks(new).join(" ")))
    }

    /// A script that only reads logs needs no word for it.
    fn only_part(&self) -> &'static str {
        if self.steps.iter().all(|step| commands::verifies_logs(step)) { "only_part=verify\n" } else { "" }
    }

    /// What the library has to know of this node and phase.
    fn facts(&self, node: &[String], new_ca: &str, unseen: bool) -> String {
        let calls = |names: &[&str]| node.iter().any(|line| names.iter().any(|name| line.contains(name)));
        let renews = calls(&["renew_on_node ", "renew_leaves "]);
        let asks = renews || calls(&["await_answer ", "await_refusal ", "await_old_refused "]);
        let needs = match (renews, asks) {
            (true, _) => "kubectl kubeadm unshare tail",
            (false, true) => "kubectl",
            (false, false) => "",
        };
        let (kind, own_api) = match self.holder {
            Holder::Workers => ("workers", ""),
            holder => {
                let mut rows = self.plan.profile.kubeconfigs.iter();
                let row = rows.find(|row| row.reader == Some(Component::ControllerManager)).filter(|_| asks);
                let kind = if *holder == Holder::ControlPlanes { "control-plane" } else { "node" };
                (kind, row.map_or("", |row| row.path))
            }
        };
        let (from, until) = validity(self.renderer.minted);
        // A tool of the platform's writes them in each phase, and keeps no log of runs.
        let profile = self.plan.profile;
        let tool_writes = match (profile.course, profile.authority(AuthorityId::Cluster)) {
            (RotationMethod::HostPhases, Some(row)) => [row.certificate, profile.kubelet_client()].join(" "),
            _ => String::new(),
        };
        format!(
            "kind={kind}\nneeds={}\nown_api={}\nnew_ca={}\nunseen={}\ntool_writes={}\n# Seconds since 1970 in which every new certificate is valid.\nvalid_from={}\nvalid_until={}\n",
            quoted(needs),
            quote(own_api),
            quoted(new_ca),
            if unseen { "yes" } else { "no" },
            quoted(&tool_writes),
            from.0,
            until.0,
        )
    }

    fn lines(&self, step: &Step, known: &mut KnownFiles) -> Vec<String> {
        let mut lines = Vec::new();
        for action in &step.actions {
            match action {
                Action::Write(edit) => lines.extend(self.write(edit, known)),
                Action::Remove { target, .. } => lines.push(format!("take_away {}", quote(target))),
                Action::SetFlag { component, flag, from, to } => {
                    lines.push(format!("put_flag {component} {flag} {} {}", quote(from), quote(to)));
                }
                Action::TrustInKubeconfig(name) => lines.extend(self.trust_in_kubeconfig(name)),
                Action::RenewOnNode { authority, names, trust } => {
                    let folder =
                        Phase::ALL.iter().find(|phase| phase.trust() == *trust).map_or("", |phase| phase.folder());
                    lines.push(format!(
                        "renew_on_node {} \"$root/{folder}/workers/ca.crt\" {}",
                        quoted(&self.marks(*authority)),
                        names.join(" ")
                    ));
                }
                Action::RenewLeaves(leaves) => {
                    let entries =
                        leaves.iter().map(|leaf| quoted(&format!("{} {} {}", leaf.name, leaf.path, leaf.mark)));
                    lines.push(format!("renew_leaves {}", entries.collect::<Vec<_>>().join(" ")));
                }
                Action::RenewKubelet => lines.push("renew_kubelet".to_owned()),
                Action::RenewServing => lines.push("renew_serving".to_owned()),
                Action::Restart(component) => {
                    lines.push(self.restart(*component));
                    lines.extend(self.serves_again(*component));
                }
                Action::RestartProcess(process) => lines.push(self.restart_process(process)),
                Action::BackUp { files } => {
                    let files: String = files.iter().map(|file| format!(" {}", quote(file))).collect();
                    lines.push(format!("back_up_node /etc/kubernetes{files}"));
                }
                Action::Do { .. } | Action::Cluster(_) | Action::VerifyLogs(_) => {}
            }
        }
        lines
    }

    /// The workers whose kubelets' certificates are in the package.
    fn minted_workers(&self) -> Vec<String> {
        let actions = self.steps.iter().flat_map(|step| &step.actions);
        let names = actions.filter_map(|action| match action {
            Action::Write(edit) if matches!(edit.content, FileContent::Credential(_)) => edit.output.split('/').nth(2),
            _ => None,
        });
        names.map(quote).collect()
    }

    /// A component's restart: a systemd unit, or a static Pod by its manifest's name with its program's.
    fn restart(&self, component: Component) -> String {
        if component == Component::Kubelet {
            return format!("restart_unit {component}");
        }
        let manifest = self.plan.profile.manifest(component).and_then(|path| path.rsplit('/').next());
        let name = manifest.and_then(|name| name.strip_suffix(".yaml")).unwrap_or(component.as_str());
        format!("restart_pod_of {} {component}", quote(name))
    }

    /// After the restart of an API server: it serves again before anything else restarts.
    fn serves_again(&self, component: Component) -> Option<String> {
        let mut rows = self.plan.profile.kubeconfigs.iter();
        let row = rows.find(|row| row.reader == Some(Component::ControllerManager))?;
        let what = "its API server serves again";
        (component == Component::Apiserver).then(|| format!("await_answer '{what}' --kubeconfig {}", row.path))
    }

    /// The call that restarts a process that no profile's table names.
    fn restart_process(&self, process: &Process) -> String {
        match process {
            Process::Component(component) => self.restart(*component),
            Process::StaticPod { name, program } => format!("restart_pod_of {} {}", quote(name), quote(program)),
            Process::Unit(name) => format!("restart_unit {}", quote(name)),
            // A step for the cluster restarts it.
            Process::Workload { .. } => ":".to_owned(),
        }
    }

    fn write(&self, edit: &Edit, known: &mut KnownFiles) -> Vec<String> {
        let target = quote(&edit.target);
        let Some(file) = self.output.files.get(&edit.output) else { return Vec::new() };
        if matches!(edit.content, FileContent::Text(_)) {
            return Vec::new();
        }
        if let (FileContent::Trust(id, _), Holder::ControlPlanes | Holder::Workers) = (&edit.content, self.holder) {
            // A worker may have joined in any phase; a control-plane node has been through the one before.
            let expected = match self.holder {
                Holder::Workers => [vec!["absent".to_owned()], self.expected_bundles()].concat(),
                _ => self.bundles_before(*id),
            };
            let bundle = quote(&edit.output);
            let others = self.but_workers_with_own(&edit.target);
            let put = format!("{others}put_ca \"$root\"/{bundle} {target} {} {}", file.sha256(), expected.join(" "));
            return [vec![put], self.handles_kubelet_settings(*id, edit)].concat();
        }
        let node = match self.holder {
            Holder::Node(name) => name.clone(),
            Holder::ControlPlanes => self.holder.to_string(),
            _ => edit.output.split('/').nth(2).unwrap_or_default().to_owned(),
        };
        let new = file.sha256();
        let old = known.0.insert((node.clone(), edit.target.clone()), new.clone());
        let old =
            old.or_else(|| edit.source.as_ref().map(|source| hex::lower(&Sha256::digest(source.bytes.as_slice()))));
        let old = old.unwrap_or_else(|| match edit.content {
            // Where phase 1 is behind every node, another package has put it there.
            FileContent::Signing(id, Side::New) if *self.holder == Holder::ControlPlanes => {
                hex::lower(&Sha256::digest(self.renderer.certificate(id, Side::Old).to_pem().as_bytes()))
            }
            // These are Airlock's own; nothing else puts them there.
            FileContent::Signing(..) | FileContent::Credential(_) => "absent".to_owned(),
            _ => "any".to_owned(),
        });
        let put = format!("put {target} {:o} {new} {old}", edit.mode);
        let mut lines = match self.holder {
            Holder::Workers => {
                let here = format!("here=$here/{}", quote(&node));
                let mut inner = format!("{here}; {put}");
                if let FileContent::Credential(_) = edit.content {
                    let name = edit.target.rsplit('/').next().unwrap_or_default();
                    inner = format!("{inner}; install_kubelet {}", quote(name));
                }
                vec![format!("! is_node {} || {{ {inner}; here=${{here%/*}}; }}", quote(&node))]
            }
            _ => vec![put],
        };
        if *self.holder != Holder::Workers && matches!(edit.content, FileContent::Credential(_)) {
            let name = edit.target.rsplit('/').next().unwrap_or_default();
            lines.push(format!("install_kubelet {}", quote(name)));
        }
        if let Some(flag) = self.signing_flag(edit, &file.bytes) {
            lines.insert(0, format!("signs_with_one {}", quote(&flag)));
            lines.push(format!(
                "await_flag {} {}",
                Component::ControllerManager,
                quote(&format!("--{}={flag}", crate::profile::SIGNING_FLAG))
            ));
        }
        lines
    }

    /// A kubelet whose settings were not provided may read other files than those that the script writes.
    fn handles_kubelet_settings(&self, id: AuthorityId, edit: &Edit) -> Vec<String> {
        if id != AuthorityId::Cluster {
            return Vec::new();
        }
        let orders: &[Trust] = match self.phase.trust() {
            Trust::New => &[Trust::New],
            _ => &[Trust::OldNew, Trust::NewOld],
        };
        let sums = orders.iter().map(|order| unwrapped(self.renderer.bundle(id, *order).to_pem().as_bytes()));
        let edits = self.steps.iter().flat_map(|step| step.edits());
        let seen: BTreeSet<String> = edits.filter_map(Edit::node_of_worker).map(quote).collect();
        let but: String = seen.iter().map(|node| format!("is_node {node} || ")).collect();
        let (target, bundle) = (quote(&edit.target), quote(&edit.output));
        let sums: Vec<String> = sums.collect();
        vec![format!("{but}handles_kubelet_settings {target} \"$root\"/{bundle} {}", sums.join(" "))]
    }

    /// The signing file that a manifest of kube-controller-manager names.
    fn signing_flag(&self, edit: &Edit, manifest: &[u8]) -> Option<String> {
        if self.plan.profile.manifest(Component::ControllerManager) != Some(edit.target.as_str()) {
            return None;
        }
        let pod = static_pod::parse(manifest).ok()?;
        pod.lookup(crate::profile::SIGNING_FLAG).filter(|value| !value.is_empty())
    }

    /// Keeps a file of the workers for whom the package has a version of their own from what all others get.
    fn but_workers_with_own(&self, target: &str) -> String {
        let edits = self.steps.iter().flat_map(|step| step.edits()).filter(|edit| edit.target == target);
        let own = edits.filter(|_| *self.holder == Holder::Workers).filter_map(Edit::node_of_worker);
        own.map(|node| format!("is_node {} || ", quote(node))).collect()
    }

    /// The CA data of a kubeconfig that nobody has seen; not every node has those that people read.
    fn trust_in_kubeconfig(&self, name: &str) -> Option<String> {
        let row = self.plan.profile.kubeconfigs.iter().find(|row| row.name == name)?;
        let optional = if row.reader.is_none() { format!("[ ! -e {0} ] || ", row.path) } else { String::new() };
        let expected = self.expected_bundles().join(" ");
        let optional = optional + &self.but_workers_with_own(row.path);
        Some(format!("{optional}put_ca_data {} \"$root/{}/workers/ca.crt\" {expected}", row.path, self.phase.folder()))
    }

    /// The bundles that a control-plane node holds when the phase before is behind it.
    fn bundles_before(&self, id: AuthorityId) -> Vec<String> {
        let bundle = |order| unwrapped(self.renderer.bundle(id, order).to_pem().as_bytes());
        let authority_change = &self.plan.authority_changes[&id];
        match self.phase {
            Phase::TrustBoth => {
                let old = std::iter::once(unwrapped(authority_change.old.to_pem().as_bytes()));
                old.chain(begun(authority_change)).collect()
            }
            Phase::Switch => vec![bundle(Trust::OldNew)],
            Phase::DropOld => vec![bundle(Trust::NewOld)],
        }
    }

    /// The bundles that a worker may hold before this phase, by the SHA-256 of their text without white space.
    fn expected_bundles(&self) -> Vec<String> {
        let mut texts: BTreeSet<String> = BTreeSet::new();
        let authority_change = &self.plan.authority_changes[&AuthorityId::Cluster];
        texts.insert(unwrapped(authority_change.old.to_pem().as_bytes()));
        for order in [Trust::OldNew, Trust::NewOld] {
            texts.insert(unwrapped(self.renderer.bundle(AuthorityId::Cluster, order).to_pem().as_bytes()));
        }
        texts.extend(begun(authority_change));
        let given = crate::package::output::edits(self.plan).filter(|(_, edit)| {
            matches!(edit.content, FileContent::Trust(AuthorityId::Cluster, _)) && edit.source.is_some()
        });
        texts.extend(given.filter_map(|(_, edit)| edit.source.as_ref().map(|source| unwrapped(&source.bytes))));
        // The new CA alone is where phase 3 ends; going back from there is an undo.
        texts.remove(&unwrapped(self.renderer.certificate(AuthorityId::Cluster, Side::New).to_pem().as_bytes()));
        texts.into_iter().collect()
    }

    /// The names for which this node's API server has a certificate of its own (`--tls-sni-cert-key`); a wildcard stands for
    /// one name that it covers.
    fn served_names(&self) -> BTreeSet<String> {
        let Holder::Node(node) = self.holder else { return BTreeSet::new() };
        let own = self.plan.consumers.iter().filter(|consumer| consumer.nodes.contains(node));
        let serving = own.filter(|consumer| consumer.process == Process::Component(Component::Apiserver));
        let names = serving.flat_map(|consumer| &consumer.hosts);
        names.map(|name| name.strip_prefix('*').map_or_else(|| name.clone(), |rest| format!("airlock{rest}"))).collect()
    }

    /// What must be seen before a node counts as through with the phase.
    fn effects(&self) -> Vec<String> {
        if self.plan.intent == Intent::RenewLeaves {
            let mut rows = self.plan.profile.kubeconfigs.iter().filter(|row| row.reader.is_none());
            let answer = |path: &str| {
                format!("await_answer 'its API server accepts the new certificate of admin.conf' --kubeconfig {path}")
            };
            return rows.next().map(|row| answer(row.path)).into_iter().collect();
        }
        if *self.holder == Holder::ControlPlanes {
            return self.unseen_effects();
        }
        let rotates = self.plan.authority_changes.contains_key(&AuthorityId::Cluster);
        let mut rows = self.plan.profile.kubeconfigs.iter();
        let Some(row) = rows.find(|row| row.reader == Some(Component::ControllerManager)).filter(|_| rotates) else {
            return Vec::new();
        };
        let at = |folder: &str| format!("{folder}/{}{}", self.holder.folder(), row.path);
        let in_package = |phase: Phase| Some(at(phase.folder())).filter(|path| self.output.files.contains_key(path));
        let ca = self.plan.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
        // Without a credential to try it with, time tells.
        let settled = || format!("await_settled {ca}");
        let new_alone = format!("{}/workers/ca.crt", Phase::DropOld.folder());
        let serves = self.output.files.contains_key(&new_alone).then(|| {
            format!(
                "await_answer 'its API server serves a certificate of the new CA' --kubeconfig {} --certificate-authority \"$root/{new_alone}\"",
                row.path
            )
        });
        match self.phase {
            Phase::TrustBoth => vec![in_package(Phase::Switch).map_or_else(settled, |path| {
                let credential = quote(&path);
                format!("await_answer 'its API server accepts credentials of the new CA' --kubeconfig \"$root\"/{credential}")
            })],
            Phase::Switch => {
                let by_name = self.served_names().into_iter().filter(|_| serves.is_some()).map(|name| {
                    let what = quoted(&format!("its API server serves a certificate of the new CA for {name}"));
                    format!(
                        "await_answer {what} --kubeconfig {} --certificate-authority \"$root/{new_alone}\" --tls-server-name {}",
                        row.path,
                        quote(&name)
                    )
                });
                serves.iter().cloned().chain(by_name).collect()
            }
            Phase::DropOld => {
                let refuses = self.old_credential(row.path).map_or_else(settled, |credential| {
                    format!("await_refusal 'its API server refuses credentials of the old CA' --kubeconfig {credential}")
                });
                serves.into_iter().chain([refuses]).collect()
            }
        }
    }
}

impl Job<'_> {
    /// The arguments of kubectl for a credential that the old CA issued: a kubeconfig of this node as phase 1 has it, else as
    /// it was provided. In a rotation begun by hand, some of them already have a credential of the new CA. The API server
    /// serves a certificate of the new CA by then, so that the kubeconfig trusts this one.
    ///
    /// `own` is the path of the kubeconfig that names the node's own API server; the others name the control plane's endpoint.
    fn old_credential(&self, own: &str) -> Option<String> {
        let old = &self.plan.authority_changes.get(&AuthorityId::Cluster)?.old;
        let new = self.renderer.certificate(AuthorityId::Cluster, Side::New);
        let at = |folder: &str, path: &str| format!("{folder}/{}{path}", self.holder.folder());
        let bytes = |path: &String| self.output.files.get(path).map(|file| file.bytes.as_slice());
        let is_usable = |path: &String| {
            let access = bytes(path).and_then(|bytes| KubeconfigContext::read(bytes, None, |_| None));
            access.is_some_and(|access| match (&access.trust, &access.credential) {
                (KubeconfigTrust::These(anchors), KubeconfigCredential::These(chain, _)) => {
                    anchors.contains(new) && chain.first().is_some_and(|leaf| leaf.is_signed_by(old))
                }
                _ => false,
            })
        };
        let folders = [Phase::TrustBoth.folder(), "0-backup"];
        let found = |path: &str| folders.iter().map(|folder| at(folder, path)).find(is_usable);
        if let Some(path) = found(own) {
            return Some(format!("\"$root\"/{}", quote(&path)));
        }
        let versions = ["0-backup", Phase::Switch.folder(), Phase::DropOld.folder()].map(|folder| at(folder, own));
        let model = versions.iter().find_map(bytes).and_then(|bytes| kubeconfig::parse(bytes).ok())?;
        let server = quote(&model.clusters.first()?.server);
        let others = self.plan.profile.kubeconfigs.iter().filter(|row| row.reader != Some(Component::Kubelet));
        let path = others.filter_map(|row| found(row.path)).next()?;
        Some(format!("\"$root\"/{} --server {server}", quote(&path)))
    }

    /// Likewise on a node that was not given: with the credentials that it has itself, since the package has none of its own.
    fn unseen_effects(&self) -> Vec<String> {
        let ids = self.plan.authority_changes.keys();
        let read = ids.filter_map(|id| self.plan.profile.authority(*id)).map(|row| row.certificate).next();
        let mut rows = self.plan.profile.kubeconfigs.iter();
        let row = rows.find(|row| row.reader == Some(Component::ControllerManager));
        let (Some(read), Some(row)) = (read, row) else { return Vec::new() };
        let rotates = self.plan.authority_changes.contains_key(&AuthorityId::Cluster);
        let new_alone = format!("{}/workers/ca.crt", Phase::DropOld.folder());
        let serves = (rotates && self.output.files.contains_key(&new_alone)).then(|| {
            format!(
                "await_answer 'its API server serves a certificate of the new CA' --kubeconfig {} --certificate-authority \"$root/{new_alone}\"",
                row.path
            )
        });
        match self.phase {
            Phase::TrustBoth => vec![format!("await_settled {read}")],
            Phase::Switch if rotates => serves.into_iter().collect(),
            Phase::DropOld if rotates => {
                let refuses = format!("await_old_refused {} {read}", row.path);
                serves.into_iter().chain([refuses]).collect()
            }
            _ => vec![format!("await_settled {read}")],
        }
    }
}

/// The time in which every new certificate is valid.
fn validity(minted: &Minted) -> (UnixTime, UnixTime) {
    let authorities = minted.authorities.values().map(MintedAuthority::certificate);
    let certificates: Vec<_> = authorities.chain(minted.leaves.iter().map(|leaf| &leaf.certificate)).collect();
    let from = certificates.iter().map(|certificate| certificate.not_before()).max();
    let until = certificates.iter().map(|certificate| certificate.not_after()).min();
    (from.unwrap_or(UnixTime(0)), until.unwrap_or(UnixTime(i64::MAX)))
}

/// What a rotation that was given up has left.
fn begun(authority_change: &AuthorityChange) -> Option<String> {
    let given_up = authority_change.given_up.as_ref()?;
    let begun: TrustBundle = [&authority_change.old, given_up].into_iter().cloned().collect();
    Some(unwrapped(begun.to_pem().as_bytes()))
}

/// PEM means the same however it is wrapped.
pub(super) fn unwrapped(text: &[u8]) -> String {
    let bytes: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    hex::lower(&Sha256::digest(bytes))
}

/// The value that the cluster shows for an object's data: base64 in a Secret, the text in a ConfigMap.
pub(super) fn shown_sum(kind: &str, value: &[u8]) -> String {
    match kind {
        "Secret" => hex::lower(&Sha256::digest(STANDARD.encode(value))),
        _ => hex::lower(&Sha256::digest(value)),
    }
}
