//! Hosted control planes: the operator's changes to their Secrets, and the effects in their Pods (clastix/kamaji:
//! internal/resources; observed with operator 26.8.2-edge).

use std::collections::{BTreeMap, BTreeSet};

use super::state::SimulatedState;
use crate::{
    plan::{
        FileVersion, IN_PODS, KubeconfigContext, KubeconfigCredential, KubeconfigTrust, PlaceKind, RotationPlan,
        TenantVerb,
    },
    profile::{
        AuthorityId, Component, EdgeRow, OnNewCa, Profile,
        edge::{Outage, Writer},
    },
    x509::Certificate,
};

impl RotationPlan {
    /// Cause and duration of an outage that the plan's sequence of steps cannot avoid.
    pub(crate) fn outage(&self, row: &EdgeRow) -> Option<Outage> {
        let hosted = self.profile.hosted().filter(|_| self.at_once);
        let at_once = hosted.and_then(|hosted| hosted.at_once.iter().find(|(id, _)| *id == row.id));
        row.outage.or_else(|| at_once.map(|(_, outage)| *outage))
    }
}

impl SimulatedState<'_> {
    fn hosted(&self) -> Option<usize> {
        self.places.iter().position(|place| place.kind == PlaceKind::Hosted)
    }

    /// Applies an action on the control plane or its operator.
    pub(super) fn act_on_tenant(&mut self, verb: TenantVerb) {
        let (Some(place), profile) = (self.hosted(), self.plan.profile) else { return };
        match verb {
            TenantVerb::Pause => self.paused = true,
            TenantVerb::Resume => {
                self.paused = false;
                self.reissue();
                self.roll_out(place);
            }
            TenantVerb::Reissued | TenantVerb::RollBack => {}
            TenantVerb::Recreate => self.rewrite(OnNewCa::RecreatesWhenDeleted),
            TenantVerb::RollOut => self.roll_out(place),
            TenantVerb::SignApart(apart) => {
                if let (Some(manifest), Some(flags)) =
                    (profile.manifest(Component::ControllerManager), flags(profile, apart))
                {
                    self.places[place].files.insert(manifest.to_owned(), BTreeSet::from([FileVersion::Flags(flags)]));
                    if !self.paused {
                        self.roll_out(place);
                    }
                }
            }
        }
    }

    /// Applies a wait for the operator: nothing remains that it would reissue.
    pub(super) fn wait_for_tenant(&mut self, verb: TenantVerb) {
        let Some(place) = self.hosted() else { return };
        let which = match verb {
            TenantVerb::Reissued | TenantVerb::Resume => OnNewCa::Rewrites,
            TenantVerb::Recreate => OnNewCa::RecreatesWhenDeleted,
            _ => return,
        };
        self.rewrite(which);
        let profile = self.plan.profile;
        for (path, row) in leaves(profile, which) {
            let first = self.first_certificates(place, row);
            self.retain(
                place,
                path,
                |held| !matches!(held, FileVersion::Certificates(chain) if !is_signed(chain, &first)),
            );
        }
        let first = self.first_certificates(place, AuthorityId::Cluster);
        for path in kubeconfigs(profile, which) {
            let trusts = |access: &KubeconfigContext| matches!(&access.trust, KubeconfigTrust::These(anchors) if first.contains(&anchors[..].to_vec()));
            self.retain(place, path, |held| !matches!(held, FileVersion::Kubeconfig(access) if !trusts(access)));
        }
        self.roll_out(place);
    }

    /// Restarts all processes of the control plane's Pods.
    fn roll_out(&mut self, place: usize) {
        self.changed.insert(place);
        for component in IN_PODS {
            self.restart(place, component);
        }
    }

    /// Unless it is paused, the operator reissues every certificate that the first certificate of `ca.crt` did not
    /// sign, and rewrites every kubeconfig that was changed.
    pub(super) fn reissue(&mut self) {
        self.rewrite(OnNewCa::Rewrites);
    }

    /// Writes the operator's leaves and kubeconfigs in Secrets with this reaction, signed by the first certificate of
    /// `ca.crt`.
    fn rewrite(&mut self, which: OnNewCa) {
        let (Some(place), profile) = (self.hosted(), self.plan.profile) else { return };
        self.changed.insert(place);
        for (path, id) in leaves(profile, which) {
            let first_certificates = self.first_certificates(place, id);
            let Some(versions) = self.places[place].files.get_mut(path) else { continue };
            let fits = |held: &FileVersion| matches!(held, FileVersion::Certificates(chain) if is_signed(chain, &first_certificates));
            if !versions.iter().all(fits) {
                versions.extend(first_certificates.iter().flatten().cloned().map(FileVersion::SignedBy));
            }
        }
        let first_certificates = self.first_certificates(place, AuthorityId::Cluster);
        for path in kubeconfigs(profile, which) {
            let Some(versions) = self.places[place].files.get_mut(path) else { continue };
            let Some(FileVersion::Kubeconfig(access)) = versions.first().cloned() else { continue };
            versions.extend(first_certificates.iter().flatten().map(|first| {
                let (trust, credential) =
                    (KubeconfigTrust::These(vec![first.clone()]), KubeconfigCredential::SignedBy(first.clone()));
                FileVersion::Kubeconfig(KubeconfigContext { trust, credential, host: access.host.clone() })
            }));
        }
    }

    /// The first certificate of each version of a CA's file, as single-element lists.
    fn first_certificates(&self, place: usize, id: AuthorityId) -> Vec<Vec<Certificate>> {
        let versions = self.plan.profile.authority(id).and_then(|row| self.places[place].files.get(row.certificate));
        let first_certificates = versions.into_iter().flatten().filter_map(|held| match held {
            FileVersion::Certificates(anchors) => Some(anchors.first().cloned().into_iter().collect()),
            _ => None,
        });
        first_certificates.collect()
    }

    fn retain(&mut self, place: usize, path: &str, wanted: impl Fn(&FileVersion) -> bool) {
        if let Some(versions) = self.places[place].files.get_mut(path) {
            versions.retain(wanted);
        }
    }

    /// Whether the operator writes the client's credential and would rewrite it forever.
    pub(super) fn writes_without_end(&self, row: &EdgeRow) -> bool {
        let is_operators = row.client.presents.is_some_and(|holding| holding.writer == Writer::Operator);
        let ca = self.plan.profile.authority(AuthorityId::Cluster).map_or("", |row| row.certificate);
        let is_bundle = |held: &FileVersion| matches!(held, FileVersion::Certificates(anchors) if anchors.len() > 1);
        let versions = self.hosted().and_then(|place| self.places[place].files.get(ca));
        is_operators && !self.paused && versions.into_iter().flatten().any(is_bundle)
    }
}

fn is_signed(chain: &[Certificate], by: &[Vec<Certificate>]) -> bool {
    chain.first().is_some_and(|leaf| by.iter().flatten().all(|authority| leaf.is_signed_by(authority)))
}

/// The leaves in Secrets with this reaction, by file.
fn leaves(profile: &Profile, which: OnNewCa) -> impl Iterator<Item = (&'static str, AuthorityId)> {
    let rotated = |id| profile.authority(id).is_some_and(|row| row.rotates);
    let rows =
        profile.leaves.iter().filter(move |row| rotated(row.authority) && reacts(profile, row.certificate, which));
    rows.map(|row| (row.certificate, row.authority))
}

/// The kubeconfigs in Secrets with this reaction, except the kubelets'.
fn kubeconfigs(profile: &Profile, which: OnNewCa) -> impl Iterator<Item = &'static str> {
    let own = profile.kubeconfigs.iter().filter(|row| row.reader != Some(Component::Kubelet)).map(|row| row.path);
    own.filter(move |path| reacts(profile, path, which))
}

/// Whether the file is from a Secret with this reaction.
fn reacts(profile: &Profile, path: &str, which: OnNewCa) -> bool {
    let tables = profile.hosted().into_iter().flat_map(|hosted| hosted.secrets);
    tables.into_iter().any(|table| table.on_new_ca == which && table.files.iter().any(|(_, known)| *known == path))
}

/// kube-controller-manager's signing flags.
fn flags(profile: &Profile, apart: bool) -> Option<BTreeMap<&'static str, String>> {
    let (hosted, row) = (profile.hosted()?, profile.authority(AuthorityId::Cluster)?);
    let own = [row.certificate, row.key];
    let flags = hosted.signing_flags.iter().zip(own);
    Some(flags.map(|((flag, path), own)| (*flag, (if apart { *path } else { own }).to_owned())).collect())
}

#[cfg(test)]
mod tests;
