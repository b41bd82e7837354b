//! The way through the package, and where each fault shows on it: two control-plane nodes, a worker, a machine to spare.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};

use super::{EFFECT, IN_VAIN, Walk, brought_about::TakenBack};
use crate::lab::{ADMIN, cluster, cluster::kubectl, runner::Disturbance, wait};

const FIRST: &str = "cp1";
const LAST: &str = "cp2";
const WORKER: &str = "worker1";
const SPARE: &str = "spare1";

/// How long a faulty script may wait for what does come, in seconds.
const IN_TIME: u64 = 90;

const CA: &str = "etc/kubernetes/pki/ca.crt";
const FRONT_PROXY_CA: &str = "etc/kubernetes/pki/front-proxy-ca.crt";
const AUTHENTICATION: &str = "-n kube-system get configmap extension-apiserver-authentication -o json";

impl Walk<'_> {
    /// Every step, and every fault where it shows.
    pub fn all(&mut self) -> Result<()> {
        self.look("today")?;
        self.bare_pod("kept")?;
        self.trust_both()?;
        self.switch_first()?;
        self.switch_last()?;
        self.drop_old()?;
        self.at_the_end()
    }

    fn trust_both(&mut self) -> Result<()> {
        self.carry_and_look(&["1-freeze", "1-cp1"])?;
        self.place("SwappedAuthorities", "1-cp1", FIRST, "admin-apiserver/cp1")?;

        // Whichever kube-controller-manager leads publishes its own file: here the one that has the old CA alone.
        self.led_by(LAST, |walk| {
            wait(EFFECT, "kube-root-ca.crt to be the old CA alone", || Ok((walk.published()? == 1).then_some(())))?;
            walk.faulty("PodsBeforeBarrier", "1-pods", "run", IN_TIME).map(drop)
        })?;

        let said = self.faulty("BundleInStandbysSigningFile", "1-cp2", "run", IN_TIME)?;
        self.led_by(LAST, |walk| {
            walk.breaks("BundleInStandbysSigningFile", "1-cp2", "requester-apiserver", "", &said)?;
            walk.heard("BundleInStandbysSigningFile", "expected 1 certificate, found 2")
        })?;
        self.faulty("BundleInStandbysSigningFile", "1-cp2", "undo", IN_TIME)?;
        self.mends("BundleInStandbysSigningFile", "1-cp1", "requester-apiserver")?;

        self.carry_and_look(&["1-cp2", "1-published"])?;
        // The workers first; a machine that joins before cluster-info has both CAs is told of the old one alone.
        self.carry("1-workers")?;
        self.join(SPARE)?;
        self.carry_and_look(&["1-cluster-info"])?;
        self.look("1-workers")?;
        self.carry_and_look(&["1-pods", "1-clients"])?;

        let given = self.folder.join("EarlyDropInKubeconfigs/1-trust-both/clients/alice.conf");
        self.hand_out("EarlyDropInKubeconfigs", "1-clients", given)?;
        self.carry_and_look(&["1-authentication"])
    }

    /// The first API server serves a certificate of the new CA.
    fn switch_first(&mut self) -> Result<()> {
        const STEP: &str = "2-cp1";
        self.carry(STEP)?;
        self.breaks(
            "PodsBeforeBarrier",
            STEP,
            "pods-apiserver",
            "pod pod",
            "restarted while the old CA was published",
        )?;
        self.breaks("PodsNotRestarted", STEP, "pods-apiserver", "kept", "a Pod that nobody restarted")?;
        self.end_pod("kept")?;
        kubectl(self.lab, "-n lab rollout restart deployment client")?;
        self.mends("PodsNotRestarted", STEP, "pods-apiserver")?;

        const WORKERS: &str = "kubelet-apiserver/workers";
        const APPLY: &str = "cd /root/package && sh 1-trust-both/workers/apply.sh";
        self.breaks("WorkersBeforeClusterInfo", STEP, WORKERS, SPARE, "joined between the two steps")?;
        self.lab.shell(SPARE, APPLY)?;
        self.mends("WorkersBeforeClusterInfo", STEP, WORKERS)?;
        self.lab.shell(WORKER, &format!("{APPLY} --undo"))?;
        self.breaks("WorkersSkippedInPhase1", STEP, WORKERS, WORKER, "the step undone")?;
        self.lab.shell(WORKER, APPLY)?;
        self.mends("WorkersSkippedInPhase1", STEP, WORKERS)?;

        self.undo("1-cluster-info")?;
        self.breaks("StaleClusterInfo", STEP, "joining-apiserver", "", "the step undone")?;
        self.carry("1-cluster-info")?;
        self.mends("StaleClusterInfo", STEP, "joining-apiserver")?;

        self.undo("1-cp2")?;
        self.breaks("NodeSkippedInPhase1", STEP, "admin-apiserver/cp1", "", "the step undone")?;
        // The kubelet goes on with what it read when the step was undone, until the node's own API server switches.
        self.faulty("KubeletNotRestarted", "1-cp2", "run", IN_TIME)?;
        self.mends("NodeSkippedInPhase1", STEP, "admin-apiserver/cp1")?;

        let both = self.keep(LAST, CA)?;
        self.install(&self.before(LAST, CA), LAST, CA)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.install(&both, LAST, CA)?;
        self.led_by(LAST, |walk| {
            let said = "it leads with what it read before the step";
            walk.breaks("ControllerManagerNotRestarted", STEP, "pods-apiserver", "starts now", said)
        })?;
        self.restart(LAST, "kube-controller-manager")?;
        self.mends("ControllerManagerNotRestarted", STEP, "pods-apiserver")?;

        self.aggregator_too_early(STEP)?;
        for fault in ["MissingSan", "LeafOfWrongAuthority", "NotYetValid", "ExpiredLeaf", "KeyIdOfWrongAuthority"] {
            self.place(fault, STEP, FIRST, "admin-apiserver/cp1")?;
        }
        self.place("WrongUsage", STEP, FIRST, "apiserver-kubelet/cp1")?;
        self.place("EarlyDrop", STEP, FIRST, WORKERS)?;
        self.key_of_another_certificate(STEP)?;
        self.look(STEP)
    }

    /// Nobody has the new front-proxy CA when the aggregator presents its certificate.
    fn aggregator_too_early(&mut self, step: &str) -> Result<()> {
        let mut kept = Vec::new();
        for node in [FIRST, LAST] {
            kept.push((node, self.keep(node, FRONT_PROXY_CA)?));
            self.install(&self.before(node, FRONT_PROXY_CA), node, FRONT_PROXY_CA)?;
        }
        // It is a union, which API servers write anew from what they have.
        self.forget_authentication()?;
        let said = "both nodes have the old front-proxy CA alone";
        self.breaks("AggregatorTooEarly", step, "aggregator-extension/cp1", "", said)?;
        for (node, both) in kept {
            self.install(&both, node, FRONT_PROXY_CA)?;
        }
        self.mends("AggregatorTooEarly", step, "aggregator-extension")
    }

    /// A running API server stays with the pair that it has; one that starts does not come up.
    fn key_of_another_certificate(&mut self, step: &str) -> Result<()> {
        const FAULT: &str = "KeyOfAnotherCertificate";
        let differences = self.differences(FAULT, 2, FIRST)?;
        for (_, theirs, place) in &differences {
            self.install(theirs, FIRST, place)?;
        }
        self.restart_apiserver(FIRST)?;
        self.breaks(FAULT, step, "admin-apiserver/cp1", "", "the API server is restarted")?;
        self.heard_on(FAULT, FIRST, "private key does not match public key")?;
        for (own, _, place) in &differences {
            self.install(own, FIRST, place)?;
        }
        self.restart_apiserver(FIRST)?;
        self.mends(FAULT, step, "admin-apiserver/cp1")
    }

    /// Every API server serves certificates of the new CA.
    fn switch_last(&mut self) -> Result<()> {
        const STEP: &str = "2-cp2";
        let mut said = String::new();
        self.led_by(LAST, |walk| {
            said = walk.faulty("RenewedBeforeSwitch", "2-cp1-kubelet", "run", IN_VAIN)?;
            Ok(())
        })?;
        self.refuses("RenewedBeforeSwitch", "2-cp1-kubelet", &said);

        self.carry(STEP)?;
        self.breaks("KubeletNotRestarted", STEP, "kubelet-apiserver/cp2", "", "it still runs as it did")?;
        self.restart(LAST, "kubelet")?;
        self.mends("KubeletNotRestarted", STEP, "kubelet-apiserver/cp2")?;
        let path = "etc/kubernetes/scheduler.conf";
        let before = self.before(LAST, path);
        let file = TakenBack { node: LAST, path, before: &before, component: "kube-scheduler" };
        self.take_back("KubeconfigNotPatched", STEP, "scheduler-apiserver/cp2", &file)?;

        const KEY: &str = "etc/kubernetes/pki/ca.key";
        let new = self.keep(LAST, KEY)?;
        self.install(&self.before(LAST, KEY), LAST, KEY)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.led_by(LAST, |walk| {
            walk.breaks("NewCertificateOldKey", STEP, "requester-apiserver", "", "the old key stays")?;
            walk.heard("NewCertificateOldKey", "private key does not match public key")
        })?;
        self.install(&new, LAST, KEY)?;
        self.restart(LAST, "kube-controller-manager")?;
        self.mends("NewCertificateOldKey", STEP, "requester-apiserver")?;
        self.look(STEP)?;
        self.carry_and_look(&[
            "2-published",
            "2-cp1-kubelet",
            "2-cp2-kubelet",
            "2-cluster-info",
            "2-workers",
            "2-clients",
            "2-everyone",
        ])
    }

    /// API servers drop the old CA.
    fn drop_old(&mut self) -> Result<()> {
        const STEP: &str = "3-cp1";
        self.carry(STEP)?;
        let given = self.package.phase(1)?.join("clients/alice.conf");
        self.hand_out("CredentialsNotReplaced", STEP, given)?;
        self.not_renewed("WorkersNotRenewed", STEP, WORKER, "kubelet-apiserver/workers")?;
        let path = "etc/kubernetes/admin.conf";
        let before = self.package.phase(1)?.join("control-plane").join(LAST).join(path);
        let file = TakenBack { node: LAST, path, before: &before, component: "" };
        self.take_back("NodeSkippedInPhase2", STEP, "admin-apiserver/cp2", &file)?;
        self.look(STEP)?;

        const LAST_STEP: &str = "3-cp2";
        self.carry(LAST_STEP)?;
        self.not_renewed("KubeletNotRenewed", LAST_STEP, LAST, "kubelet-apiserver/cp2")?;
        self.look(LAST_STEP)?;
        self.carry_and_look(&["3-published", "3-cluster-info", "3-workers", "3-clients"])
    }

    /// A kubelet has the credential that it had before phase 2.
    fn not_renewed(&mut self, fault: &str, step: &str, node: &str, row: &str) -> Result<()> {
        let path = self.kubelet_credential(node)?;
        let before = self.kubelet_credential_before(node)?;
        self.take_back(fault, step, row, &TakenBack { node, path: &path, before: &before, component: "kubelet" })
    }

    /// What the old CA signed must be refused.
    fn at_the_end(&mut self) -> Result<()> {
        const STEP: &str = "3-after-care";
        let told = kubectl(self.lab, AUTHENTICATION)?;
        self.carry_and_look(&["3-authentication", "3-pods", STEP])?;

        fs::write(self.lab.private(FIRST, "/root/authentication.json"), without_version(&told)?)?;
        kubectl(self.lab, "replace -f /root/authentication.json")?;
        self.breaks("NothingForgotten", STEP, "old-front-proxy-extension", "", "the object as it was before the step")?;
        self.forget_authentication()?;
        self.mends("NothingForgotten", STEP, "old-front-proxy-extension")?;

        let differences = self.differences("OldKept", 3, FIRST)?;
        for (_, theirs, place) in &differences {
            self.install(theirs, FIRST, place)?;
        }
        self.breaks("OldKept", STEP, "old-client-apiserver", "", "put in place at the end")?;
        for (own, _, place) in &differences {
            self.install(own, FIRST, place)?;
        }
        // Both API servers have told the old CA again by then.
        self.forget_authentication()?;
        self.mends("OldKept", STEP, "old-client-apiserver")
    }

    /// A person is given a kubeconfig, and then their own again.
    fn hand_out(&mut self, fault: &str, step: &str, kubeconfig: PathBuf) -> Result<()> {
        const ROW: &str = "given-clients-apiserver";
        let own = std::mem::replace(&mut self.recorder.given, kubeconfig);
        let broken = self.breaks(fault, step, ROW, "", "the person holds this package's kubeconfig");
        self.recorder.given = own;
        broken.and_then(|()| self.mends(fault, step, ROW))
    }

    /// How many CAs pods are given now.
    fn published(&self) -> Result<usize> {
        let text = kubectl(self.lab, "-n lab get configmap kube-root-ca.crt -o jsonpath={.data.ca\\\\.crt}")?;
        Ok(text.matches("BEGIN CERTIFICATE").count())
    }

    fn undo(&self, id: &str) -> Result<()> {
        let step = self.step(id)?;
        self.runner.undo(step, 0, Disturbance::default().kill)?.map(drop).with_context(|| format!("{id} has no undo"))
    }

    /// API servers write the object anew, each with what it has.
    fn forget_authentication(&self) -> Result<()> {
        kubectl(self.lab, "-n kube-system delete configmap extension-apiserver-authentication").map(drop)
    }

    /// Joins a machine with the pin of the old CA.
    fn join(&self, machine: &str) -> Result<()> {
        fs::create_dir_all(self.lab.private(ADMIN, "/root/old"))?;
        fs::copy(self.before(FIRST, CA), self.lab.private(ADMIN, "/root/old/ca.crt"))?;
        let pin = "openssl x509 -in /root/old/ca.crt -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1";
        let pin = self.lab.shell(ADMIN, pin)?;
        cluster::join_spare(self.lab, machine, &format!("sha256:{pin}"))
    }

    /// What a program of the last control-plane node has said.
    fn heard(&mut self, fault: &str, words: &str) -> Result<()> {
        self.heard_on(fault, LAST, words)
    }

    fn heard_on(&mut self, fault: &str, node: &str, words: &str) -> Result<()> {
        let search = format!("grep -r -h -o '{words}' /var/log/pods | head -n 1");
        let said = wait(Duration::from_secs(30), &format!("{node} to say {words}"), || {
            let said = self.lab.shell(node, &search)?;
            Ok((!said.is_empty()).then_some(said))
        })?;
        if let Some(seen) = self.seen.get_mut(fault) {
            seen["heard"] = said.into();
        }
        Ok(())
    }
}

/// An object as it may be put back.
fn without_version(text: &str) -> Result<String> {
    let mut object: serde_json::Value = serde_json::from_str(text)?;
    let metadata = object["metadata"].as_object_mut().context("an object has metadata")?;
    metadata.remove("resourceVersion");
    metadata.remove("uid");
    Ok(object.to_string())
}
