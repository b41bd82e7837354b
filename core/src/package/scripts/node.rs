//! The table of a node's script.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{COMMON, function, head};
use crate::{
    formats::static_pod,
    package::{
        OutputFiles,
        commands::{self, quote},
        hex,
        render::Renderer,
    },
    plan::{Action, Content, Edit, Holder, Phase, RotationPlan, Side, Step, Trust},
    profile::{AuthorityId, Component},
};

/// The library, the same in every node's script.
const LIBRARY: &str = include_str!("node.sh");

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
pub(super) fn script(job: &Job<'_>, known: &mut KnownFiles) -> String {
    let unseen = matches!(job.holder, Holder::Workers);
    let up = if unseen { "../.." } else { "../../.." };
    let new_ca = job.telling_name().unwrap_or_default();
    let mut node = Vec::new();
    let mut kubelet = Vec::new();
    for step in job.steps {
        let lines = if commands::is_kubelet_step(step) { &mut kubelet } else { &mut node };
        lines.extend(job.lines(step, known));
    }
    if !unseen {
        node.extend(job.effects());
    }
    let has_old_kubelets = job.phase == Phase::DropOld && !new_ca.is_empty();
    if has_old_kubelets {
        node.insert(0, "renewed_first".to_owned());
    }
    let restarts: Vec<_> = node.iter().filter(|line| line.starts_with("restart ")).cloned().collect();
    let before_undo: Vec<_> = node.iter().filter(|line| *line == "renew_kubelet").cloned().collect();
    let facts = format!("up={up}\nnew_ca={}\nunseen={}\n", quote(&new_ca), if unseen { "yes" } else { "no" });
    [
        head(job.plan, job.phase, job.holder),
        facts,
        function("node", &node),
        function("kubelet", &kubelet),
        function("restarts", &restarts),
        function("before_undo", &before_undo),
        COMMON.to_owned(),
        LIBRARY.to_owned(),
    ]
    .concat()
}

impl Job<'_> {
    /// What tells a certificate of the new CA from one of the old, as text in its bytes.
    fn telling_name(&self) -> Option<String> {
        let succession = self.plan.successions.get(&AuthorityId::Cluster)?;
        let new = self.renderer.minted.authorities[&AuthorityId::Cluster].certificate();
        commands::telling_name(new.subject(), succession.old.subject())
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
                Action::TrustInKubeconfig => {
                    lines.push(format!("put_ca_data \"$here/ca.crt\" {}", self.expected_bundles().join(" ")));
                }
                Action::RenewKubelet => lines.push("renew_kubelet".to_owned()),
                Action::Restart(component) => lines.push(format!("restart {component}")),
                Action::Do { .. } | Action::Run(_) | Action::Cluster(_) => {}
            }
        }
        lines
    }

    fn write(&self, edit: &Edit, known: &mut KnownFiles) -> Vec<String> {
        let target = quote(&edit.target);
        let Some(file) = self.output.files.get(&edit.output) else { return Vec::new() };
        if matches!(edit.content, Content::Text(_)) {
            return Vec::new();
        }
        if *self.holder == Holder::Workers && edit.output == format!("{}/workers/ca.crt", self.phase.folder()) {
            return vec![format!("put_ca \"$here/ca.crt\" {target} absent {}", self.expected_bundles().join(" "))];
        }
        let node = match self.holder {
            Holder::Node(name) => name.clone(),
            _ => edit.output.split('/').nth(2).unwrap_or_default().to_owned(),
        };
        let new = file.sha256();
        let old = known.0.insert((node.clone(), edit.target.clone()), new.clone());
        let old = old.or_else(|| edit.source.as_ref().map(|source| hex(&Sha256::digest(source.bytes.as_slice()))));
        let old = old.unwrap_or_else(|| match edit.content {
            // These are Airlock's own; nothing else puts them there.
            Content::Signing(..) | Content::Credential(_) => "absent".to_owned(),
            _ => "any".to_owned(),
        });
        let put = format!("put {target} {:o} {new} {old}", edit.mode);
        let mut lines = match self.holder {
            Holder::Workers => {
                let here = format!("here=$here/{}", quote(&node));
                let mut inner = format!("{here}; {put}");
                if let Content::Credential(_) = edit.content {
                    let name = edit.target.rsplit('/').next().unwrap_or_default();
                    inner = format!("{inner}; install_kubelet {}", quote(name));
                }
                vec![format!("[ \"$(uname -n)\" != {} ] || {{ {inner}; here=${{here%/*}}; }}", quote(&node))]
            }
            _ => vec![put],
        };
        if *self.holder != Holder::Workers && matches!(edit.content, Content::Credential(_)) {
            let name = edit.target.rsplit('/').next().unwrap_or_default();
            lines.push(format!("install_kubelet {}", quote(name)));
        }
        if let Some(flag) = self.signing_flag(edit, &file.bytes) {
            lines.insert(0, format!("signs_with_one {}", quote(&flag)));
            lines.push(format!(
                "await_flag {} {}",
                Component::ControllerManager,
                quote(&format!("--{}={flag}", crate::plan::SIGNING_FLAG))
            ));
        }
        lines
    }

    /// The signing file that a manifest of kube-controller-manager names.
    fn signing_flag(&self, edit: &Edit, manifest: &[u8]) -> Option<String> {
        if self.plan.profile.manifest(Component::ControllerManager) != Some(edit.target.as_str()) {
            return None;
        }
        let pod = static_pod::parse(manifest).ok()?;
        pod.lookup(crate::plan::SIGNING_FLAG).filter(|value| !value.is_empty())
    }

    /// The bundles that a worker may hold before this phase, by the SHA-256 of their text without white space.
    fn expected_bundles(&self) -> Vec<String> {
        let mut texts: BTreeSet<String> = BTreeSet::new();
        let unwrapped = |text: &[u8]| {
            let bytes: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            hex(&Sha256::digest(bytes))
        };
        let succession = &self.plan.successions[&AuthorityId::Cluster];
        texts.insert(unwrapped(succession.old.to_pem().as_bytes()));
        for order in [Trust::OldNew, Trust::NewOld] {
            texts.insert(unwrapped(self.renderer.bundle(AuthorityId::Cluster, order).to_pem().as_bytes()));
        }
        if let Some(given_up) = &succession.given_up {
            let begun = [&succession.old, given_up].into_iter().cloned().collect::<crate::x509::TrustBundle>();
            texts.insert(unwrapped(begun.to_pem().as_bytes()));
        }
        let given = super::super::edits(self.plan).filter(|(_, edit)| {
            matches!(edit.content, Content::Trust(AuthorityId::Cluster, _)) && edit.source.is_some()
        });
        texts.extend(given.filter_map(|(_, edit)| edit.source.as_ref().map(|source| unwrapped(&source.bytes))));
        // The new CA alone is where phase 3 ends; going back from there is an undo.
        texts.remove(&unwrapped(self.renderer.certificate(AuthorityId::Cluster, Side::New).to_pem().as_bytes()));
        texts.into_iter().collect()
    }

    /// What must be seen before the node counts as through with the phase.
    fn effects(&self) -> Vec<String> {
        let rotates = self.plan.successions.contains_key(&AuthorityId::Cluster);
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
            Phase::Switch => serves.into_iter().collect(),
            Phase::DropOld => {
                // Where phase 1 is not in the package, what was given before phase 2 is what phase 1 left.
                let given = || in_package(Phase::Switch).map(|_| at("0-backup"));
                let given = || given().filter(|path| self.output.files.contains_key(path));
                let refuses = in_package(Phase::TrustBoth).or_else(given).map_or_else(settled, |path| {
                    let credential = quote(&path);
                    format!("await_refusal 'its API server refuses credentials of the old CA' --kubeconfig \"$root\"/{credential}")
                });
                serves.into_iter().chain([refuses]).collect()
            }
        }
    }
}

/// The value that the cluster shows for an object's data: base64 in a Secret, the text in a ConfigMap.
pub(super) fn shown_sum(kind: &str, value: &[u8]) -> String {
    match kind {
        "Secret" => hex(&Sha256::digest(STANDARD.encode(value))),
        _ => hex(&Sha256::digest(value)),
    }
}
