//! The arguments of `cargo xtask lab`.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, ensure};

use crate::setup::target_dir;

pub const USAGE: &str = "\
cargo xtask lab up [--control-planes 3] [--workers 1] [--spares 0] [--management] [--roll-out] [--readers]
                   [--kubernetes 1.36] [--certificates DIR] [--from DIR] [--directory DIR] | --tenant [--directory DIR]
    starts a kubeadm cluster: load balancer, nodes, an extension API server with a webhook;
    prints how to enter a node and where the nodes' trees are
      --tenant         a management cluster that runs the control plane of a Kamaji tenant, with the
                       Deployment of tests/fixtures/kamaji, and a worker that has joined the tenant
      --spares N       machines that have not joined yet; `lab run` joins one in each phase
      --management     the cluster is its own management cluster: a Cluster and its Secrets, generated
                       by Cluster API's own functions
      --roll-out       as --management, with a KubeadmControlPlane and a MachineDeployment whose
                       controllers the lab simulates: in the roll-out another machine joins the control
                       plane with the files that Cluster API generates from the Secrets at that time
      --readers        service account tokens are signed with the API server's key, and a static Pod mounts
                       admin.conf as a single file; requires one control-plane node
      --kubernetes     1.36, 1.33 or 1.30; a release is built when it is first used
      --certificates   kubeadm's certificatesDir, a folder of /etc/kubernetes; Kubespray uses
                       /etc/kubernetes/ssl; default: /etc/kubernetes/pki
      --from DIR       starts from trees as `tar` packs them, DIR/<node>/etc/kubernetes: with their
                       CAs, certificates, names and addresses
cargo xtask lab run PACKAGE [--twice] [--kill] [--undo] [--management-kubeconfig FILE] [--only ID,…]
                    [--continued] [--quiet-seconds 120] [--directory DIR]
    applies the steps of a package (folder or zip) in the order of its manifest.json, while load clients
    open new connections continuously; fails if a request, a step or a check failed
      --twice          runs each step again after its check; the second run must change and print nothing
      --kill           kills each step at several moments and runs it again
      --undo           then rolls back phases 3, 2 and 1, compares with the state before each, and applies
                       the package again without disturbance; the files must be identical
      --management-kubeconfig
                       another management cluster than the lab's own; without either, steps on a
                       management cluster are skipped
      --only           runs only these steps, with the load clients, to try a package
      --continued      continues a rotation that another run started: the credentials from before that
                       run must be rejected at the end
      --quiet-seconds  how long the cluster is watched after the last step
cargo xtask lab faults PACKAGE FOLDER [--directory DIR]
    applies a package to two control-plane nodes, a worker and a machine that joins later; FOLDER contains
    packages with one fault each, named by the fault: the lab reproduces each fault, records the broken
    connections, and restores the correct state
cargo xtask lab down [--directory DIR]
    ends every process of the lab and removes its files
All require root. --directory is the folder of the lab's files; default: target/lab.";

/// The arguments after the command: options with a value, and positional arguments.
pub struct Arguments {
    options: Vec<(String, String)>,
    pub rest: Vec<String>,
}

impl Arguments {
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        const FLAGS: [&str; 8] = ["continued", "kill", "management", "readers", "roll-out", "tenant", "twice", "undo"];
        const OPTIONS: [&str; 10] = [
            "certificates",
            "control-planes",
            "directory",
            "from",
            "kubernetes",
            "management-kubeconfig",
            "only",
            "quiet-seconds",
            "spares",
            "workers",
        ];
        let mut parsed = Self { options: Vec::new(), rest: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                parsed.rest.push((*argument).to_owned());
                continue;
            };
            if FLAGS.contains(&name) {
                parsed.options.push((name.to_owned(), String::new()));
                continue;
            }
            ensure!(OPTIONS.contains(&name), "`cargo xtask lab` has no option --{name}\n\n{USAGE}");
            let value = arguments.next().with_context(|| format!("--{name} needs a value"))?;
            parsed.options.push((name.to_owned(), (*value).to_owned()));
        }
        Ok(parsed)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }

    pub fn flag(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub fn number(&self, name: &str, default: usize) -> Result<usize> {
        self.value(name).map_or(Ok(default), |value| {
            value.parse().with_context(|| format!("--{name} takes a number, not `{value}`"))
        })
    }

    pub fn directory(&self) -> Result<PathBuf> {
        let directory = self.value("directory").map_or_else(|| target_dir().join("lab"), PathBuf::from);
        Ok(env::current_dir()?.join(directory))
    }
}
