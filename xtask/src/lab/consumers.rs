//! Does what the runbook asks of the owners of a webhook and an APIService whose caBundle is the cluster CA: both CAs
//! in phase 1, a serving certificate of the new CA in phase 2, the new CA alone in phase 3.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

use super::{
    cluster::{kubectl, template},
    machines::{Lab, wait},
    package::FOLDER,
};

/// How long a kubelet may take to update a Secret volume.
const SECRET_ARRIVES: Duration = Duration::from_secs(180);

/// Updates webhook and APIService to their state at the end of a phase, from the phase before or after it. Phase 0 is
/// the state before the rotation.
pub fn settle(lab: &Lab, phase: u64) -> Result<()> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    let served = if phase >= 2 { "new" } else { "old" };
    let bundle = match phase {
        0 => "/root/extension/old/ca.crt".to_owned(),
        1 => format!("{FOLDER}/1-trust-both/workers/ca.crt"),
        2 => format!("{FOLDER}/2-switch/workers/ca.crt"),
        _ => format!("{FOLDER}/3-drop-old/workers/ca.crt"),
    };
    fs::write(
        lab.private(&first, "/root/consumers.sh"),
        template("consumers.sh", &[("BUNDLE", &bundle), ("SERVED", served)])?,
    )?;
    lab.shell(&first, "sh /root/consumers.sh")?;
    let description = lab.description()?;
    let address = description["extension"].as_str().context("the lab's description has no extension")?;
    // A change of the Pod makes its kubelet update the Secret volume immediately.
    let stamp = format!("lab.airlock.example/certificate={served}");
    kubectl(lab, &format!("-n lab annotate pods -l app=extension --overwrite {stamp}"))?;
    let script = format!(
        "served=$(openssl s_client -connect {address} -servername extension.lab.svc </dev/null 2>/dev/null | openssl x509 -noout -fingerprint) || exit 0
         [ \"$served\" = \"$(openssl x509 -in /root/extension/{served}/tls.crt -noout -fingerprint)\" ] && echo yes || true"
    );
    wait(SECRET_ARRIVES, "the extension API server to serve another certificate", || {
        Ok((lab.shell(&first, &script)? == "yes").then_some(()))
    })
}
