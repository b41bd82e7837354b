//! Checks the cluster after the last step, and again some time later.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    cluster::{kubectl, nodes},
    machines::{ADMIN, Lab},
};

/// Checks the cluster, watches it for `quiet`, and checks it again. Returns the problems.
pub fn aftermath(lab: &Lab, old: &OldCredentials, quiet: Duration, started: Instant) -> Result<Vec<String>> {
    let mut problems = check(lab, old, "at the end", started)?;
    let before = leases(lab)?;
    println!("{:7.1} s  watching the cluster for {} s", started.elapsed().as_secs_f64(), quiet.as_secs());
    let deadline = Instant::now() + quiet;
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        std::thread::sleep(left.min(Duration::from_secs(1)));
    }
    problems.extend(check(lab, old, &format!("{} s later", quiet.as_secs()), started)?);
    let after = leases(lab)?;
    for (node, lease) in before {
        if !quiet.is_zero() && after.iter().any(|(name, now)| *name == node && *now == lease) {
            problems.push(format!("{node} has not renewed its lease since the last step"));
        }
    }
    Ok(problems)
}

fn check(lab: &Lab, old: &OldCredentials, when: &str, started: Instant) -> Result<Vec<String>> {
    let mut problems: Vec<_> = unready(lab)?.into_iter().map(|node| format!("{when}: {node} is not Ready")).collect();
    problems.extend(old.unexpected_results(lab, false)?.into_iter().map(|accepted| format!("{when}: {accepted}")));
    let words = if problems.is_empty() { "every node Ready, the old credentials refused" } else { "not well" };
    println!("{:7.1} s  {when}: {words}", started.elapsed().as_secs_f64());
    Ok(problems)
}

/// The nodes that are not Ready. Expects every machine that joined to be a node.
pub fn unready(lab: &Lab) -> Result<Vec<String>> {
    let mut expected = lab.machines("control-plane")?;
    expected.extend(lab.machines("worker")?);
    let known = nodes(lab)?;
    expected.retain(|name| !known.iter().any(|(node, ready)| node == name && *ready));
    Ok(expected)
}

/// The time at which each node last renewed its lease.
fn leases(lab: &Lab) -> Result<Vec<(String, String)>> {
    let list: Value = serde_json::from_str(&kubectl(lab, "-n kube-node-lease get leases -o json")?)?;
    let items = list["items"].as_array().context("kubectl gave no list of leases")?;
    Ok(items
        .iter()
        .filter_map(|lease| {
            Some((lease["metadata"]["name"].as_str()?.to_owned(), lease["spec"]["renewTime"].as_str()?.to_owned()))
        })
        .collect())
}

/// The process id and start time of every kube-apiserver.
pub fn apiservers(lab: &Lab) -> Result<Vec<(String, String)>> {
    let process = "for pid in $(pidof kube-apiserver); do cut -d' ' -f1,22 /proc/$pid/stat; done";
    lab.machines("control-plane")?
        .into_iter()
        .map(|node| {
            let found = lab.shell(&node, process)?;
            ensure!(!found.is_empty(), "{node} has no kube-apiserver");
            Ok((node, found))
        })
        .collect()
}

/// Credentials from before the rotation, which every server must reject afterwards.
pub struct OldCredentials {
    /// Each credential's owner, and its file on the admin machine: certificate and key in one.
    files: Vec<(String, String)>,
}

/// The folder for old credentials on the admin machine.
const OLD: &str = "/root/old";

impl OldCredentials {
    /// Loads the credentials that an earlier run saved.
    pub fn kept(lab: &Lab) -> Result<Self> {
        let folder = lab.private(ADMIN, OLD);
        let entries = fs::read_dir(&folder).context("no earlier run has kept any credential")?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()));
        let mut names: Vec<_> = names.filter(|name| name != "ca").collect();
        names.sort();
        let files = names.into_iter().map(|name| (name.clone(), format!("{OLD}/{name}.pem"))).collect();
        Ok(Self { files })
    }

    /// Saves the credentials of the administrator and of every kubelet.
    pub fn keep(lab: &Lab) -> Result<Self> {
        let folder = lab.private(ADMIN, OLD);
        fs::create_dir_all(&folder)?;
        let mut nodes = lab.machines("control-plane")?;
        let first = nodes.first().context("the lab has no control-plane node")?.clone();
        nodes.extend(lab.machines("worker")?);
        let mut kept = Self { files: Vec::new() };
        for node in nodes {
            kept.keep_kubelet(lab, &node)?;
        }
        let view = "kubectl --kubeconfig /etc/kubernetes/admin.conf config view --raw --minify --output";
        let script = format!(
            "for key in client-certificate-data client-key-data; do
                 {view} \"jsonpath={{.users[0].user.$key}}\" | base64 -d
             done"
        );
        let ca = format!("openssl x509 -in {}/ca.crt", lab.certificates()?);
        fs::write(folder.join("ca.crt"), lab.shell(&first, &ca)? + "\n")?;
        fs::write(folder.join("admin.pem"), lab.shell(&first, &script)? + "\n")?;
        kept.files.push(("the administrator".to_owned(), format!("{OLD}/admin.pem")));
        Ok(kept)
    }

    /// Saves a kubelet's current credential, which the old CA issued.
    pub fn keep_kubelet(&mut self, lab: &Lab, node: &str) -> Result<()> {
        let text = lab.shell(node, "cat /var/lib/kubelet/pki/kubelet-client-current.pem")?;
        let path = format!("{OLD}/{node}.pem");
        fs::write(lab.private(ADMIN, &path), text + "\n")?;
        self.files.push((format!("the kubelet of {node}"), path));
        Ok(())
    }

    /// Lists the old credentials that a server accepts although `accepted` is false, or rejects although it is true.
    pub fn unexpected_results(&self, lab: &Lab, accepted: bool) -> Result<Vec<String>> {
        let description = lab.description()?;
        let mut unexpected_results = Vec::new();
        for server in description["servers"].as_array().context("the lab's description names no servers")? {
            let (name, url) = (server["name"].as_str().unwrap_or_default(), server["url"].as_str().unwrap_or_default());
            for (holder, file) in &self.files {
                let status = lab.shell(
                    ADMIN,
                    &format!("curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{{http_code}}' --cert {file} {url}/api/v1/nodes || true"),
                )?;
                // 401: the certificate is not trusted. 403: it is trusted, but a kubelet may not list nodes.
                let known = matches!(status.as_str(), "200" | "403");
                if known != accepted || (!accepted && status != "401") {
                    unexpected_results.push(format!("{name} answered the old credential of {holder} with {status}"));
                }
            }
        }
        Ok(unexpected_results)
    }
}
