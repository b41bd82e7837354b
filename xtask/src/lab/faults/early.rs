//! The first half of the run through the package, with each fault at the step where it has an effect. The lab has two
//! control-plane nodes, a worker, and a spare machine.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};

use super::fault_run::{EFFECT_LIMIT, FaultRun};
use crate::lab::{
    cluster,
    machines::{ADMIN, wait},
    runner::Disturbance,
};

pub const FIRST: &str = "cp1";
pub const LAST: &str = "cp2";
pub const WORKER: &str = "worker1";
const JOINING: &str = "spare1";

/// How long a faulty script waits for an effect that does occur, in seconds.
const EFFECT_WAIT: u64 = 90;

const CA: &str = "etc/kubernetes/pki/ca.crt";
const FRONT_PROXY_CA: &str = "etc/kubernetes/pki/front-proxy-ca.crt";
pub const AUTHENTICATION: &str = "-n kube-system get configmap extension-apiserver-authentication -o json";

impl FaultRun<'_> {
    /// Runs every step, and reproduces every fault.
    pub fn run_all(&mut self) -> Result<()> {
        self.check_handshakes("today")?;
        self.create_bare_pod("kept")?;
        self.trust_both()?;
        self.switch_first()?;
        self.switch_last()?;
        self.drop_old()?;
        self.at_the_end()
    }

    fn trust_both(&mut self) -> Result<()> {
        self.apply_and_check(&["1-freeze", "1-cp1-backup", "1-cp2-backup", "1-cp1"])?;
        self.install_faulty_files("SwappedAuthorities", "1-cp1", FIRST, "admin-apiserver/cp1")?;

        // The leading kube-controller-manager publishes its own CA file. Here the leader is the one with only the old
        // CA.
        self.with_leader(LAST, |run| {
            run.wait_for_old_ca_published()?;
            run.faulty("PodsBeforeBarrier", "1-pods", "run", EFFECT_WAIT)?;
            // The correct step would restart these Pods, but it cannot restart this one.
            run.create_bare_pod("early")
        })?;

        let said = self.faulty("BundleInStandbysSigningFile", "1-cp2", "run", EFFECT_WAIT)?;
        self.with_leader(LAST, |run| {
            run.expect_broken("BundleInStandbysSigningFile", "1-cp2", "requester-apiserver", "", &said)?;
            run.record_log("BundleInStandbysSigningFile", "expected 1 certificate, found 2")
        })?;
        self.faulty("BundleInStandbysSigningFile", "1-cp2", "undo", EFFECT_WAIT)?;
        self.expect_restored("BundleInStandbysSigningFile", "1-cp1", "requester-apiserver")?;

        self.apply_and_check(&["1-cp2", "1-published"])?;
        // The workers come first: a machine that joins before cluster-info has both CAs gets only the old CA.
        self.apply("1-workers")?;
        self.join(JOINING)?;
        self.apply_and_check(&["1-cluster-info"])?;
        self.check_handshakes("1-workers")?;
        self.apply_and_check(&["1-pods", "1-clients"])?;

        let given = self.folder.join("EarlyDropInKubeconfigs/1-trust-both/clients/alice.conf");
        self.give_user_kubeconfig("EarlyDropInKubeconfigs", "1-clients", given)?;
        self.apply_and_check(&["1-authentication"])
    }

    /// Switches the first API server to a certificate of the new CA.
    fn switch_first(&mut self) -> Result<()> {
        const STEP: &str = "2-cp1";
        self.apply(STEP)?;
        self.expect_broken(
            "PodsBeforeBarrier",
            STEP,
            "pods-apiserver",
            "early",
            "started while the old CA was published",
        )?;
        self.expect_broken("PodsNotRestarted", STEP, "pods-apiserver", "kept", "a Pod that nobody restarted")?;
        self.delete_pod("kept")?;
        self.delete_pod("early")?;
        self.expect_restored("PodsNotRestarted", STEP, "pods-apiserver")?;

        const WORKERS: &str = "kubelet-apiserver/workers";
        const APPLY: &str = "cd /root/package && sh 1-trust-both/workers/apply.sh";
        self.expect_broken("WorkersBeforeClusterInfo", STEP, WORKERS, JOINING, "joined between the two steps")?;
        self.lab.shell(JOINING, APPLY)?;
        self.expect_restored("WorkersBeforeClusterInfo", STEP, WORKERS)?;
        self.lab.shell(WORKER, &format!("{APPLY} --undo"))?;
        self.expect_broken("WorkersSkippedInPhase1", STEP, WORKERS, WORKER, "the step undone")?;
        self.lab.shell(WORKER, APPLY)?;
        self.expect_restored("WorkersSkippedInPhase1", STEP, WORKERS)?;

        self.undo("1-cluster-info")?;
        self.expect_broken("StaleClusterInfo", STEP, "joining-apiserver", "", "the step undone")?;
        self.apply("1-cluster-info")?;
        self.expect_restored("StaleClusterInfo", STEP, "joining-apiserver")?;

        self.not_restarted(STEP)?;
        self.undo("1-cp2")?;
        self.expect_broken("NodeSkippedInPhase1", STEP, "admin-apiserver/cp1", "", "the step undone")?;
        // The kubelet keeps using what it read when the step was undone, until the node's own API server switches.
        self.faulty("KubeletNotRestarted", "1-cp2", "run", EFFECT_WAIT)?;
        self.expect_restored("NodeSkippedInPhase1", STEP, "admin-apiserver/cp1")?;

        self.aggregator_too_early(STEP)?;
        for fault in ["MissingSan", "LeafOfWrongAuthority", "NotYetValid", "ExpiredLeaf", "KeyIdOfWrongAuthority"] {
            self.install_faulty_files(fault, STEP, FIRST, "admin-apiserver/cp1")?;
        }
        self.install_faulty_files("WrongUsage", STEP, FIRST, "apiserver-kubelet/cp1")?;
        self.install_faulty_files("EarlyDrop", STEP, FIRST, WORKERS)?;
        self.key_of_another_certificate(STEP)?;
        self.check_handshakes(STEP)
    }

    /// Reproduces a kube-controller-manager that was not restarted: it leads and publishes the CAs that it read before
    /// the step.
    fn not_restarted(&mut self, step: &str) -> Result<()> {
        let both = self.keep(LAST, CA)?;
        self.install(&self.before(LAST, CA), LAST, CA)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.with_leader(LAST, |run| {
            // It reads the file when it becomes the leader.
            run.wait_for_old_ca_published()?;
            run.install(&both, LAST, CA)?;
            let said = "it leads with what it read before the step";
            run.expect_broken("ControllerManagerNotRestarted", step, "pods-apiserver", "starts now", said)
        })?;
        self.restart(LAST, "kube-controller-manager")?;
        self.expect_restored("ControllerManagerNotRestarted", step, "pods-apiserver")
    }

    /// Reproduces an aggregator that presents its new certificate before any server trusts the new front-proxy CA.
    fn aggregator_too_early(&mut self, step: &str) -> Result<()> {
        let mut kept = Vec::new();
        for node in [FIRST, LAST] {
            kept.push((node, self.keep(node, FRONT_PROXY_CA)?));
            self.install(&self.before(node, FRONT_PROXY_CA), node, FRONT_PROXY_CA)?;
        }
        self.forget_authentication("requestheader-client-ca-file")?;
        let said = "both nodes have the old front-proxy CA alone";
        self.expect_broken("AggregatorTooEarly", step, "aggregator-extension/cp1", "", said)?;
        for (node, both) in kept {
            self.install(&both, node, FRONT_PROXY_CA)?;
        }
        self.expect_restored("AggregatorTooEarly", step, "aggregator-extension")
    }

    /// Reproduces a key that does not match the certificate. A running API server keeps its previous pair; a restarted
    /// one does not start.
    fn key_of_another_certificate(&mut self, step: &str) -> Result<()> {
        const FAULT: &str = "KeyOfAnotherCertificate";
        let differences = self.differences(FAULT, 2, FIRST)?;
        for (_, theirs, place) in &differences {
            self.install(theirs, FIRST, place)?;
        }
        self.restart_apiserver(FIRST)?;
        self.expect_broken(FAULT, step, "admin-apiserver/cp1", "", "the API server is restarted")?;
        self.record_log_of(FAULT, FIRST, "private key does not match public key")?;
        for (own, _, place) in &differences {
            self.install(own, FIRST, place)?;
        }
        self.restart_apiserver(FIRST)?;
        self.expect_restored(FAULT, step, "admin-apiserver/cp1")
    }

    /// Gives the user a faulty kubeconfig, and then the correct one again.
    pub fn give_user_kubeconfig(&mut self, fault: &str, step: &str, kubeconfig: PathBuf) -> Result<()> {
        const ROW: &str = "given-clients-apiserver";
        let own = std::mem::replace(&mut self.recorder.user_kubeconfig, kubeconfig);
        let broken = self.expect_broken(fault, step, ROW, "", "the person holds this package's kubeconfig");
        self.recorder.user_kubeconfig = own;
        broken.and_then(|()| self.expect_restored(fault, step, ROW))
    }

    /// Waits until Pods get only one CA, the old one.
    fn wait_for_old_ca_published(&self) -> Result<()> {
        wait(EFFECT_LIMIT, "kube-root-ca.crt to be the old CA alone", || Ok((self.published()? == 1).then_some(())))
    }

    /// The number of CAs in kube-root-ca.crt, which Pods get.
    fn published(&self) -> Result<usize> {
        let text = self.ask("-n lab get configmap kube-root-ca.crt -o jsonpath={.data.ca\\\\.crt}")?;
        Ok(text.matches("BEGIN CERTIFICATE").count())
    }

    pub fn undo(&self, id: &str) -> Result<()> {
        let step = self.step(id)?;
        self.runner.undo(step, 0, Disturbance::default().kill)?.map(drop).with_context(|| format!("{id} has no undo"))
    }

    /// Resets the ConfigMap extension-apiserver-authentication. API servers add their CAs to it and recreate it, so it
    /// is deleted until each API server has only one CA to add.
    pub fn forget_authentication(&self, key: &str) -> Result<()> {
        wait(EFFECT_LIMIT, "extension-apiserver-authentication to name one CA", || {
            let told = self.ask(&format!("{AUTHENTICATION} --ignore-not-found"))?;
            if told.is_empty() {
                return Ok(None);
            }
            let object: serde_json::Value = serde_json::from_str(&told)?;
            if object["data"][key].as_str().is_some_and(|text| text.matches("BEGIN CERTIFICATE").count() == 1) {
                return Ok(Some(()));
            }
            self.ask("-n kube-system delete configmap extension-apiserver-authentication --ignore-not-found")?;
            Ok(None)
        })
    }

    /// Joins a machine with the old CA's public key pin.
    fn join(&self, machine: &str) -> Result<()> {
        fs::create_dir_all(self.lab.private(ADMIN, "/root/old"))?;
        fs::copy(self.before(FIRST, CA), self.lab.private(ADMIN, "/root/old/ca.crt"))?;
        let pin = "openssl x509 -in /root/old/ca.crt -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1";
        let pin = self.lab.shell(ADMIN, pin)?;
        cluster::join_worker(self.lab, machine, &format!("sha256:{pin}"))
    }

    /// Records a log message of a component on the last control-plane node.
    pub fn record_log(&mut self, fault: &str, words: &str) -> Result<()> {
        self.record_log_of(fault, LAST, words)
    }

    pub fn record_log_of(&mut self, fault: &str, node: &str, words: &str) -> Result<()> {
        let search = format!("grep -r -h -o '{words}' /var/log/pods | head -n 1");
        let said = wait(Duration::from_secs(30), &format!("{node} to say {words}"), || {
            let said = self.lab.shell(node, &search)?;
            Ok((!said.is_empty()).then_some(said))
        });
        // The reader of the report decides whether the message is the expected one.
        let said = said.unwrap_or_else(|error| error.to_string());
        if let Some(seen) = self.seen.get_mut(fault) {
            seen["heard"] = said.into();
        }
        Ok(())
    }
}
