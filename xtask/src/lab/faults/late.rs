//! The second half of the run: all API servers switch, the old CA is dropped, and old certificates must be rejected.

use std::fs;

use anyhow::{Context, Result};

use super::{
    early::{AUTHENTICATION, FIRST, LAST, WORKER},
    fault_run::{FaultRun, NO_EFFECT_WAIT},
    fault_states::RevertedFile,
};

impl FaultRun<'_> {
    /// Switches the last API server: then all serve certificates of the new CA.
    pub fn switch_last(&mut self) -> Result<()> {
        const STEP: &str = "2-cp2";
        let mut said = String::new();
        self.with_leader(LAST, |run| {
            said = run.faulty("RenewedBeforeSwitch", "2-cp1-kubelet", "run", NO_EFFECT_WAIT)?;
            Ok(())
        })?;
        self.record_refusal("RenewedBeforeSwitch", "2-cp1-kubelet", &said);

        self.apply(STEP)?;
        self.expect_broken("KubeletNotRestarted", STEP, "kubelet-apiserver/cp2", "", "it still runs as it did")?;
        self.restart(LAST, "kubelet")?;
        self.expect_restored("KubeletNotRestarted", STEP, "kubelet-apiserver/cp2")?;
        let path = "etc/kubernetes/scheduler.conf";
        let before = self.before(LAST, path);
        let file = RevertedFile { node: LAST, path, before: &before, component: "kube-scheduler" };
        self.revert("KubeconfigNotPatched", STEP, "scheduler-apiserver/cp2", &file)?;

        const KEY: &str = "etc/kubernetes/pki/ca.key";
        let new = self.keep(LAST, KEY)?;
        self.install(&self.before(LAST, KEY), LAST, KEY)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.with_leader(LAST, |run| {
            run.expect_broken("NewCertificateOldKey", STEP, "requester-apiserver", "", "the old key stays")?;
            run.record_log("NewCertificateOldKey", "private key does not match public key")
        })?;
        self.install(&new, LAST, KEY)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.expect_restored("NewCertificateOldKey", STEP, "requester-apiserver")?;
        self.check_handshakes(STEP)?;

        let nodes = self.lab.machines("control-plane")?;
        self.without_managers(&nodes, |run| {
            let said = run.faulty("RenewedWithoutLeader", "2-cp1-kubelet", "run", NO_EFFECT_WAIT)?;
            run.expect_broken("RenewedWithoutLeader", "2-cp1-kubelet", "requester-apiserver", "", &said)
        })?;
        self.apply_and_check(&[
            "2-published",
            "2-cp1-kubelet",
            "2-cp2-kubelet",
            "2-cluster-info",
            "2-workers",
            "2-clients",
            "2-everyone",
        ])
    }

    /// Removes the old CA from the API servers.
    pub fn drop_old(&mut self) -> Result<()> {
        const STEP: &str = "3-cp1";
        self.apply(STEP)?;
        let given = self.package.phase(1)?.join("clients/alice.conf");
        self.give_user_kubeconfig("CredentialsNotReplaced", STEP, given)?;
        self.not_renewed("WorkersNotRenewed", STEP, WORKER, "kubelet-apiserver/workers")?;
        let path = "etc/kubernetes/admin.conf";
        let before = self.package.phase(1)?.join("control-plane").join(LAST).join(path);
        let file = RevertedFile { node: LAST, path, before: &before, component: "" };
        self.revert("NodeSkippedInPhase2", STEP, "admin-apiserver/cp2", &file)?;
        self.check_handshakes(STEP)?;

        const LAST_STEP: &str = "3-cp2";
        self.apply(LAST_STEP)?;
        self.not_renewed("KubeletNotRenewed", LAST_STEP, LAST, "kubelet-apiserver/cp2")?;
        self.check_handshakes(LAST_STEP)?;
        self.apply_and_check(&["3-published", "3-cluster-info", "3-workers", "3-clients"])
    }

    /// Reproduces a kubelet whose credential was not renewed in phase 2.
    fn not_renewed(&mut self, fault: &str, step: &str, node: &str, row: &str) -> Result<()> {
        let path = self.kubelet_credential(node)?;
        let before = self.kubelet_credential_before(node)?;
        self.revert(fault, step, row, &RevertedFile { node, path: &path, before: &before, component: "kubelet" })
    }

    /// Checks that certificates of the old CA are rejected.
    pub fn at_the_end(&mut self) -> Result<()> {
        const STEP: &str = "3-after-care";
        let told = self.ask(AUTHENTICATION)?;
        self.apply_and_check(&["3-authentication", "3-pods", STEP])?;

        fs::write(self.lab.private(FIRST, "/root/authentication.json"), without_version(&told)?)?;
        self.ask("replace -f /root/authentication.json")?;
        self.expect_broken(
            "NothingForgotten",
            STEP,
            "old-front-proxy-extension",
            "",
            "the object as it was before the step",
        )?;
        self.forget_authentication("requestheader-client-ca-file")?;
        self.expect_restored("NothingForgotten", STEP, "old-front-proxy-extension")?;

        let differences = self.differences("OldKept", 3, FIRST)?;
        for (_, theirs, place) in &differences {
            self.install(theirs, FIRST, place)?;
        }
        self.expect_broken("OldKept", STEP, "old-client-apiserver", "", "put in place at the end")?;
        for (own, _, place) in &differences {
            self.install(own, FIRST, place)?;
        }
        self.expect_restored("OldKept", STEP, "old-client-apiserver")?;
        // The API server has added the old CA to the ConfigMap for extension API servers again.
        self.forget_authentication("client-ca-file")?;
        self.check_handshakes(STEP)
    }
}

/// Removes `resourceVersion` and `uid` from an object, so that it can be created again.
fn without_version(text: &str) -> Result<String> {
    let mut object: serde_json::Value = serde_json::from_str(text)?;
    let metadata = object["metadata"].as_object_mut().context("an object has metadata")?;
    metadata.remove("resourceVersion");
    metadata.remove("uid");
    Ok(object.to_string())
}
