//! A Kamaji tenant. The lab's own cluster is its management cluster. The tenant's control plane is a Deployment there,
//! with the files, mounts and flags that a real operator created (`tests/fixtures/kamaji`). `tests/go/kamaji` simulates
//! the operator. One machine has joined the tenant.

use std::{fs, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    cluster::{TOKEN, kubeadm, kubectl, template},
    machines::{ADMIN, Lab, wait},
    plan::Plan,
    programs::Release,
};
use crate::setup::root;

/// The tenant's name and address as in the fixtures, so that the Deployment can be used unchanged.
pub const TENANT: &str = "alpha";
pub const NAMESPACE: &str = "tenants";
const ADDRESS: &str = "10.96.67.53";
const ENDPOINT: &str = "10.96.67.53:6443";

/// The paths of the tenant's kubeconfig on the admin machine, and of an old one that every server must reject in the
/// end.
const KUBECONFIG: &str = "/root/tenant.conf";
pub const OLD: &str = "/root/tenant-old.conf";

/// The path on the admin machine of the Deployment that a real operator created.
const DEPLOYMENT: &str = "/root/deployment.yaml";

/// How long a roll-out may take. Failed probes are retried every ten seconds.
const ROLL_OUT: Duration = Duration::from_secs(180);

/// Changes a lab's description for a tenant: one machine runs the tenant's control plane, one joins the tenant.
pub fn describe(mut description: Value) -> Result<Value> {
    let machines = description["machines"].as_array_mut().context("the lab's description names no machines")?;
    for machine in machines {
        let service = match machine["role"].as_str() {
            Some("admin") => {
                machine["addresses"].as_array_mut().into_iter().for_each(|all| all.push(json!(ADDRESS)));
                ("kamaji", "exec kamaji operator /root/kamaji.json")
            }
            Some("worker") => {
                machine["role"] = json!("host");
                ("datastore", "exec sh /root/datastore.sh")
            }
            _ => continue,
        };
        let services = machine["services"].as_array_mut().context("a machine has services")?;
        services.push(json!({ "name": service.0, "command": service.1, "start": false }));
    }
    description["servers"] = json!([{ "name": "the tenant", "url": format!("https://{ENDPOINT}") }]);
    Ok(description)
}

/// The load balancer's configuration for the tenant's Service. The control plane has one Pod on each of its machines.
pub fn load_balancer(plan: &Plan) -> Result<String> {
    let servers: Vec<String> =
        plan.workers.iter().map(|node| format!("    server {} {}:6443", node.name, node.addresses[0])).collect();
    template("tenant-haproxy.cfg", &[("ENDPOINT", ENDPOINT), ("SERVERS", &servers.join("\n"))])
}

/// Creates the tenant and joins a machine to it.
pub fn create(lab: &Lab, plan: &Plan, release: &Release, say: &dyn Fn(&str, &str)) -> Result<()> {
    let first = lab.machines("control-plane")?.swap_remove(0);
    let apply = |name: &str| -> Result<()> {
        let text = template(name, &[("NAMESPACE", NAMESPACE), ("TENANT", TENANT)])?;
        fs::write(lab.private(&first, &format!("/root/{name}")), text)?;
        kubectl(lab, &format!("apply --server-side -f /root/{name}")).map(drop)
    };
    apply("kamaji.yaml")?;
    kubectl(lab, "wait --for condition=Established crd/tenantcontrolplanes.kamaji.clastix.io --timeout=60s")?;
    datastore(lab, plan, &first)?;
    say("datastore", "an etcd of the tenant's own");
    operator(lab, &first)?;
    apply("tenant.yaml")?;
    wait(ROLL_OUT, "the tenant's API server", || Ok(answers(lab).then_some(())))?;
    say("tenant", "its control plane answers");
    create_objects(lab, release)?;
    let machine = plan.joining_workers.first().context("the lab has no machine for the tenant")?;
    let text = template(
        "join.yaml",
        &[
            ("API", release.kubeadm_api()),
            ("TOKEN", TOKEN),
            ("NODE", &machine.name),
            ("ENDPOINT", ENDPOINT),
            ("PIN", &pin(lab)?),
            ("CERTIFICATES", &plan.certificates),
        ],
    )?;
    fs::write(lab.private(&machine.name, "/root/kubeadm.yaml"), text)?;
    kubeadm(lab, &machine.name, "join --config /root/kubeadm.yaml")?;
    let mut description = lab.description()?;
    for described in description["machines"].as_array_mut().into_iter().flatten() {
        if described["name"] == machine.name.as_str() {
            described["role"] = json!("worker");
        }
    }
    fs::write(lab.directory.join("lab.json"), serde_json::to_string_pretty(&description)?)?;
    wait(Duration::from_secs(120), "the tenant's node to be Ready", || Ok(unready(lab)?.is_empty().then_some(())))?;
    say("kubeadm join", &machine.name);
    write_input(lab)
}

/// Creates the tenant's own etcd, and the Secret with its credentials.
fn datastore(lab: &Lab, plan: &Plan, first: &str) -> Result<()> {
    let [host, others @ ..] = plan.workers.as_slice() else { bail!("no machine carries the tenant's control plane") };
    let address = &host.addresses[0];
    fs::write(lab.private(&host.name, "/root/certificates.sh"), template("datastore.sh", &[])?)?;
    fs::write(lab.private(&host.name, "/root/datastore.sh"), template("tenant-etcd.sh", &[("ADDRESS", address)])?)?;
    lab.shell(&host.name, "sh /root/certificates.sh && systemctl start datastore")?;
    for other in others {
        fs::write(lab.private(&other.name, "/root/etcd.cfg"), template("tenant-etcd.cfg", &[("ADDRESS", address)])?)?;
        fs::write(lab.private(&other.name, "/root/datastore.sh"), "exec haproxy -db -f /root/etcd.cfg\n")?;
        lab.shell(&other.name, "systemctl start datastore")?;
    }
    for file in ["ca.crt", "server.crt", "server.key"] {
        let made = lab.private(&host.name, &format!("/root/datastore/{file}"));
        fs::copy(made, lab.private(first, &format!("/root/{file}")))?;
    }
    let name = format!("{TENANT}-datastore-certificate");
    let files = "--from-file /root/ca.crt --from-file /root/server.crt --from-file /root/server.key";
    kubectl(lab, &format!("-n {NAMESPACE} create secret generic {name} {files}"))?;
    Ok(())
}

/// Starts the simulated operator.
fn operator(lab: &Lab, first: &str) -> Result<()> {
    const MANAGEMENT: &str = "/root/management.conf";
    fs::copy(lab.node(first).join("etc/kubernetes/admin.conf"), lab.private(ADMIN, MANAGEMENT))?;
    let deployment = root().join("tests/fixtures/kamaji/alpha/deployment.yaml");
    fs::copy(&deployment, lab.private(ADMIN, DEPLOYMENT)).with_context(|| format!("{}", deployment.display()))?;
    let internal = format!("{TENANT}.{NAMESPACE}.svc");
    let names = [
        "127.0.0.1",
        "localhost",
        TENANT,
        &internal,
        &format!("{internal}.cluster.local"),
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        ADDRESS,
    ];
    let config = json!({
        "kubeconfig": MANAGEMENT, "namespace": NAMESPACE, "name": TENANT, "endpoint": ENDPOINT, "port": 6443,
        "names": names, "deployment": DEPLOYMENT,
    });
    fs::write(lab.private(ADMIN, "/root/kamaji.json"), serde_json::to_string_pretty(&config)?)?;
    lab.shell(ADMIN, "systemctl start kamaji").map(drop)
}

/// Whether the tenant's API server accepts the operator's kubeconfig.
fn answers(lab: &Lab) -> bool {
    take_kubeconfig(lab).is_ok() && kubectl_on_tenant(lab, "get --raw=/readyz").is_ok()
}

/// Extracts the tenant's kubeconfig from its Secret, as a user does. Returns its path on the admin machine.
pub fn take_kubeconfig(lab: &Lab) -> Result<&'static str> {
    take(lab, "admin.conf", KUBECONFIG)?;
    Ok(KUBECONFIG)
}

fn take(lab: &Lab, key: &str, path: &str) -> Result<()> {
    let key = key.replace('.', "\\.");
    let data =
        kubectl(lab, &format!("-n {NAMESPACE} get secret {TENANT}-admin-kubeconfig -o 'jsonpath={{.data.{key}}}'"))?;
    ensure!(!data.is_empty(), "the Secret has no {key}");
    lab.shell(ADMIN, &format!("echo {data} | base64 -d >{path}")).map(drop)
}

/// Runs kubectl on the tenant, with the kubeconfig that was extracted last.
pub fn kubectl_on_tenant(lab: &Lab, arguments: &str) -> Result<String> {
    lab.shell(ADMIN, &format!("kubectl --kubeconfig {KUBECONFIG} --request-timeout=10s {arguments}"))
}

/// Creates the objects that kubeadm creates for joining nodes, and the objects that the clients use.
fn create_objects(lab: &Lab, release: &Release) -> Result<()> {
    let values = [
        ("API", release.kubeadm_api()),
        ("TOKEN", TOKEN),
        ("ADDRESS", ADDRESS),
        ("TENANT", TENANT),
        ("VERSION", release.version),
        ("ENDPOINT", ENDPOINT),
    ];
    fs::write(lab.private(ADMIN, "/root/init.yaml"), template("tenant-init.yaml", &values)?)?;
    fs::write(lab.private(ADMIN, "/root/objects.yaml"), template("tenant-objects.yaml", &[])?)?;
    take(lab, "super-admin.conf", "/root/super-admin.conf")?;
    lab.shell(ADMIN, "kubectl --kubeconfig /root/super-admin.conf apply --server-side -f /root/objects.yaml")?;
    for phase in ["upload-config all", "bootstrap-token"] {
        kubeadm(lab, ADMIN, &format!("init phase {phase} --config /root/init.yaml --kubeconfig {KUBECONFIG}"))?;
    }
    Ok(())
}

/// The public key pin of the tenant's CA, computed with OpenSSL.
fn pin(lab: &Lab) -> Result<String> {
    let command = format!(
        "kubectl --kubeconfig {KUBECONFIG} config view --raw -o 'jsonpath={{.clusters[0].cluster.certificate-authority-data}}' | base64 -d | openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1"
    );
    Ok(format!("sha256:{}", lab.shell(ADMIN, &command)?))
}

/// The tenant's nodes that are not Ready. No node at all is an error.
pub fn unready(lab: &Lab) -> Result<Vec<String>> {
    let range = "{range .items[*]}{.metadata.name}={.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}{end}";
    let known = kubectl_on_tenant(lab, &format!("get nodes -o 'jsonpath={range}'"))?;
    let is_ready = |machine: &String| known.lines().any(|line| line == format!("{machine}=True"));
    Ok(lab.machines("worker")?.into_iter().filter(|machine| !is_ready(machine)).collect())
}

/// Writes the files that `airlock` reads: the tenant's objects in the management cluster, the tenant's own, and a
/// user's kubeconfig.
pub fn write_input(lab: &Lab) -> Result<()> {
    let folder = lab.directory.join("tenant");
    let clients = lab.directory.join("clients");
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(&clients)?;
    let management = |what: &str| kubectl(lab, &format!("-n {NAMESPACE} get {what} -o yaml"));
    let own = |what: &str| kubectl_on_tenant(lab, &format!("get {what} -o yaml"));
    for (name, text) in [
        ("secrets", management("secrets")?),
        ("tenant", management(&format!("tenantcontrolplanes.kamaji.clastix.io {TENANT}"))?),
        ("deployment", management(&format!("deployment {TENANT}"))?),
        ("cluster-info", own("-n kube-public configmap cluster-info")?),
        ("kubeadm-config", own("-n kube-system configmap kubeadm-config")?),
    ] {
        fs::write(folder.join(format!("{name}.yaml")), text + "\n")?;
    }
    take(lab, "admin.conf", OLD)?;
    fs::copy(lab.private(ADMIN, OLD), clients.join("alice.conf"))?;
    println!("the tenant's objects {}", folder.display());
    println!("a person's files     {}", clients.display());
    println!("the worker's tree    {}", lab.directory.join("nodes").join(lab.machines("worker")?.join(" ")).display());
    Ok(())
}
