//! StarlingX: kubeadm's files on every host, rotated by the platform's own tool.
//! Source: starlingx/stx-puppet: kubernetes.pp (`…::rootca::trustbothcas`, `updatecerts`, `trustnewca`),
//! starlingx/config: sysinv/common/kubernetes.py, sysinv/api/controllers/v1/kube_rootca_update.py.

use super::{
    edge::{EdgeRow, Outage},
    kubeadm::KUBEADM,
    model::{AuthorityRow, NewAuthorityFormat, Profile, RotationMethod, Sign, SigningRow},
};

/// The path of the new CA on every host until the last phase moves it to its final path.
const NEW_CA: &str = "/etc/kubernetes/pki/ca_new.crt";
const NEW_KEY: &str = "/etc/kubernetes/pki/ca_new.key";

/// Marks a CA as not rotated: the tool does not change it.
const fn not_rotated(row: AuthorityRow) -> AuthorityRow {
    AuthorityRow { rotates: false, ..row }
}

/// Outage: in trust-both-cas, each controller signs with the new CA at once, while others do not trust it yet.
const EARLY_SIGNER: Outage = Outage {
    cause: "in trust-both-cas a controller signs with the new CA as soon as its own files are changed, and the API servers of controllers whose turn is still to come do not accept that",
    duration: "from the first controller's trust-both-cas until the last one's, for certificates that are signed in between",
};

/// The edges that depend on a certificate that kube-controller-manager signs during this time.
const EARLY_SIGNED_EDGES: [&str; 2] = ["requester-apiserver", "kubelet-apiserver"];

/// The edge of API servers that verify kubelets.
const KUBELET_SERVING: &str = "apiserver-kubelet-serving";

/// Outage: update-certs renews the kubelet's client certificate, but not its serving certificate (starlingx/stx-puppet:
/// kubernetes.pp).
const SERVING_NOT_RENEWED: Outage = Outage {
    cause: "the platform's tool does not renew kubelets' serving certificates, and kube-apiserver verifies them by --kubelet-certificate-authority",
    duration: "logs, exec and port-forward fail from trust-new-ca on, on each host until its kubelet's serving certificate is renewed",
};

const EDGES: [EdgeRow; KUBEADM.edges.len()] = {
    let mut rows = [KUBEADM.edges[0]; KUBEADM.edges.len()];
    let mut index = 0;
    while index < rows.len() {
        rows[index] = KUBEADM.edges[index];
        if is_one_of(rows[index].id, &EARLY_SIGNED_EDGES) {
            rows[index].outage = Some(EARLY_SIGNER);
        }
        if is_one_of(rows[index].id, &[KUBELET_SERVING]) {
            rows[index].outage = Some(SERVING_NOT_RENEWED);
            rows[index].remedy = "Remove --kubelet-certificate-authority before the rotation, and set it again when every kubelet's serving certificate is signed by the new CA";
        }
        index += 1;
    }
    rows
};

/// Whether `ids` contains `id`. A loop over bytes, because `==` on strings is not available in constants.
const fn is_one_of(id: &str, ids: &[&str]) -> bool {
    let mut index = 0;
    while index < ids.len() {
        let (left, right) = (id.as_bytes(), ids[index].as_bytes());
        let mut at = 0;
        while at < left.len() && at < right.len() && left[at] == right[at] {
            at += 1;
        }
        if at == left.len() && at == right.len() {
            return true;
        }
        index += 1;
    }
    false
}

/// A StarlingX system, or a subcloud of Distributed Cloud.
pub const STARLINGX: Profile = Profile {
    id: "starlingx",
    title: "StarlingX",
    // Before a rotation, a host's files are the same as kubeadm's, so the platform cannot be detected.
    recognised_by: &[Sign::NodeFile(NEW_CA)],
    extends: KUBEADM.id,
    course: RotationMethod::HostPhases,
    phase_words: ["trust-both-cas", "update-certs", "trust-new-ca"],
    authorities: &[
        AuthorityRow { new_authority_format: NewAuthorityFormat::Subject, ..KUBEADM.authorities[0] },
        not_rotated(KUBEADM.authorities[1]),
        not_rotated(KUBEADM.authorities[2]),
    ],
    edges: &EDGES,
    signing: SigningRow {
        certificate: NEW_CA,
        key: NEW_KEY,
        new_from: 1,
        key_from: 3,
        reorders: false,
        on_workers: true,
    },
    ..KUBEADM
};
