//! Creates a cluster: starts the machines, then runs `kubeadm init` and `kubeadm join` on them.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::{
    arguments::Arguments,
    cluster::{CONFIG, JOINING, READY, ROLLED, TOKEN, input_objects, join, kubeadm, kubectl, nodes, set_pin, template},
    machines::{ADMIN, Lab, executable, start_of, wait},
    management, package,
    plan::{self, Node, Plan},
    programs::Release,
    roll_out, tenant,
};

/// The key that encrypts the certificates that kubeadm uploads for further control-plane nodes. Not secret either.
const CERTIFICATE_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Creates a lab and prints how to use it.
pub fn up(lab: &Lab, arguments: &Arguments) -> Result<()> {
    ensure!(arguments.rest.is_empty(), "`cargo xtask lab up` takes options only");
    ensure!(lab.holder().is_none(), "a lab is up in {}: take it `down` first", lab.directory.display());
    ensure!(fs::metadata("/proc/self")?.uid() == 0, "the lab needs root: it makes namespaces and mounts");
    if lab.directory.exists() {
        lab.down()?;
    }
    let mut plan = match arguments.value("from") {
        Some(trees) => Plan::from_trees(Path::new(trees))?,
        None if arguments.flag("tenant") => Plan::new(1, 2, 1, 0)?,
        None => Plan::new(
            arguments.number("control-planes", 3)?,
            arguments.number("workers", 1)?,
            arguments.number("spares", 0)?,
            usize::from(arguments.flag("roll-out")),
        )?,
    };
    if let Some(folder) = arguments.value("certificates") {
        ensure!(arguments.value("from").is_none(), "--from has its certificates where the trees' flags say");
        plan::ensure_own(folder)?;
        folder.clone_into(&mut plan.certificates);
    }
    let release = Release::named(arguments.value("kubernetes"))?;
    let tools = release.provide()?;
    let started = Instant::now();
    let tenant = arguments.flag("tenant");
    let managed = arguments.flag("management") || arguments.flag("roll-out");
    prepare(lab, &plan, &tools, &release, managed, tenant)?;
    start_machines(lab, &plan)?;
    executable(&lab.directory.join("enter"), &package::enter_script(lab))?;
    step(started, "machines", &plan.names().join(", "));

    let (first, others) = plan.control_planes.split_first().context("a cluster has a control-plane node")?;
    if arguments.flag("readers") {
        ensure!(others.is_empty(), "--readers takes one control-plane node: each has a key of its own");
        let path = lab.private(&first.name, "/root/kubeadm.yaml");
        let (before, after) = ("networking:\n", template("readers.yaml", &[])?);
        fs::write(&path, fs::read_to_string(&path)?.replace(before, &format!("{after}{before}")))?;
    }
    kubeadm(lab, &first.name, "init --config /root/kubeadm.yaml --upload-certs")?;
    step(started, "kubeadm init", &first.name);
    if arguments.flag("readers") {
        fs::write(lab.private(&first.name, "/root/readers.sh"), template("readers.sh", &[])?)?;
        lab.shell(&first.name, "sh /root/readers.sh")?;
        wait(READY, "the static Pod vip to answer", || {
            let said = fs::read_to_string(lab.private(&first.name, "/var/log/vip")).unwrap_or_default();
            Ok(said.lines().any(|line| line == "ok").then_some(()))
        })?;
        step(started, "readers", "tokens signed with apiserver.key, a static Pod with admin.conf");
    }
    let pin = pin(lab, &first.name)?;
    for node in others {
        write_join(lab, &plan, node, true, &release)?;
        set_pin(lab, &node.name, &pin)?;
        kubeadm(lab, &node.name, "join --config /root/kubeadm.yaml")?;
        step(started, "kubeadm join", &node.name);
    }
    for node in &plan.workers {
        write_join(lab, &plan, node, false, &release)?;
        join(lab, &node.name, &pin)?;
        step(started, "kubeadm join", &node.name);
    }
    for node in &plan.joining_workers {
        write_join(lab, &plan, node, false, &release)?;
    }
    if tenant {
        tenant::create(lab, &plan, &release, &|what, which| step(started, what, which))?;
        return Ok(());
    }
    for node in &plan.rolled {
        write_join(lab, &plan, node, true, &release)?;
        // It gets the CAs' files from the management cluster, not from kubeadm's Secret, which expires after two hours.
        let path = lab.private(&node.name, CONFIG);
        let text: String = fs::read_to_string(&path)?
            .lines()
            .filter(|line| !line.contains("certificateKey"))
            .collect::<Vec<_>>()
            .join("\n");
        fs::write(path, text + "\n")?;
    }
    objects(lab, &plan, &first.name)?;
    step(started, "objects", "extension API server, webhook, a person's kubeconfig");
    if managed {
        management::create(lab, &plan)?;
        step(started, "management", "a Cluster and its Secrets, as Cluster API makes them");
    }
    if arguments.flag("roll-out") {
        roll_out::create(lab, &pin)?;
        step(started, "management", "a KubeadmControlPlane, a MachineDeployment, MachineHealthChecks");
    }
    let expected = plan.control_planes.len() + plan.workers.len();
    wait(READY, "every node to be Ready", || {
        let nodes = nodes(lab)?;
        Ok((nodes.len() == expected && nodes.iter().all(|(_, ready)| *ready)).then_some(()))
    })?;
    step(started, "Ready", "every node");
    explain(lab, &plan)
}

fn step(started: Instant, what: &str, which: &str) {
    println!("{:7.1} s  {what}: {which}", started.elapsed().as_secs_f64());
}

/// Writes every file that the machines need before they start.
fn prepare(lab: &Lab, plan: &Plan, tools: &Path, release: &Release, management: bool, tenant: bool) -> Result<()> {
    fs::create_dir_all(&lab.directory)?;
    let kubelet = json!({ "name": "kubelet", "command": template("kubelet.sh", &[])?, "start": false });
    let node = |node: &Node, role: &str| {
        let mut addresses = node.addresses.clone();
        if node.name == plan.extension_node().name {
            addresses.push(plan.extension_address.clone());
        }
        json!({
            "name": node.name, "role": role, "addresses": addresses,
            "containers": true, "services": [kubelet],
        })
    };
    let mut machines = vec![json!({
        "name": ADMIN, "role": "admin", "addresses": plan.admin_addresses(), "containers": false,
        "services": [
            { "name": "haproxy", "command": "exec haproxy -db -f /root/haproxy.cfg", "start": true },
        ],
    })];
    machines.extend(plan.control_planes.iter().map(|machine| node(machine, "control-plane")));
    machines.extend(plan.workers.iter().map(|machine| node(machine, "worker")));
    machines.extend(plan.joining_workers.iter().map(|machine| node(machine, JOINING)));
    machines.extend(plan.rolled.iter().map(|machine| node(machine, ROLLED)));
    let description = json!({
        "directory": lab.directory, "tools": tools, "hosts": plan.hosts(), "machines": machines,
        "servers": plan.servers(), "extension": plan::with_port(&plan.extension_address, 443),
        "certificates": plan.certificates, "management": management, "tenant": tenant,
    });
    let description = if tenant { tenant::describe(description)? } else { description };
    fs::write(lab.directory.join("lab.json"), serde_json::to_string_pretty(&description)?)?;

    for name in plan.names() {
        fs::create_dir_all(lab.private(&name, "/root"))?;
    }
    let bind: Vec<String> = plan.frontends().iter().map(|address| format!("    bind {address}")).collect();
    let servers: Vec<String> = plan
        .control_planes
        .iter()
        .chain(&plan.rolled)
        .map(|node| format!("    server {} {}", node.name, plan::with_port(&node.addresses[0], plan.apiserver_port)))
        .collect();
    let mut haproxy = template("haproxy.cfg", &[("BIND", &bind.join("\n")), ("SERVERS", &servers.join("\n"))])?;
    if tenant {
        haproxy += &tenant::load_balancer(plan)?;
    }
    fs::write(lab.private(ADMIN, "/root/haproxy.cfg"), haproxy)?;
    let first = plan.control_planes.first().context("a cluster has a control-plane node")?;
    let mut init = template(
        "init.yaml",
        &[
            ("API", release.kubeadm_api()),
            ("TOKEN", TOKEN),
            ("CERTIFICATE_KEY", CERTIFICATE_KEY),
            ("ADDRESS", &first.addresses[0]),
            ("PORT", &plan.apiserver_port.to_string()),
            ("NODE", &first.name),
            ("VERSION", release.version),
            ("ENDPOINT", &plan.endpoint),
            ("SERVICE_SUBNET", &plan.service_subnet),
            ("CERTIFICATES", &plan.certificates),
        ],
    )?;
    if release.has_new_kubelet() {
        init += "failCgroupV1: false\n";
    } else {
        // Set on the command line, because kubeadm drops an empty list from the kubelet's configuration.
        for node in plan.names() {
            let defaults = lab.private(&node, "/etc/default");
            fs::create_dir_all(&defaults)?;
            fs::write(defaults.join("kubelet"), "KUBELET_EXTRA_ARGS=--enforce-node-allocatable=\n")?;
        }
    }
    fs::write(lab.private(&first.name, "/root/kubeadm.yaml"), init)?;
    plan.copy_trees(lab)
}

/// Writes kubeadm's configuration for a machine that joins. The public key pin is filled in later.
fn write_join(lab: &Lab, plan: &Plan, node: &Node, control_plane: bool, release: &Release) -> Result<()> {
    let values = [
        ("API", release.kubeadm_api()),
        ("TOKEN", TOKEN),
        ("CERTIFICATE_KEY", CERTIFICATE_KEY),
        ("ADDRESS", node.addresses[0].as_str()),
        ("PORT", &plan.apiserver_port.to_string()),
        ("NODE", &node.name),
        ("ENDPOINT", &plan.endpoint),
        ("CERTIFICATES", &plan.certificates),
    ];
    let mut text = template("join.yaml", &values)?;
    if control_plane {
        text += &template("join-control-plane.yaml", &values)?;
    }
    Ok(fs::write(lab.private(&node.name, CONFIG), text)?)
}

/// Starts the lab's main process and waits for every machine's init.
fn start_machines(lab: &Lab, plan: &Plan) -> Result<()> {
    let log = lab.directory.join("switch.log");
    let output = fs::File::create(&log)?;
    let config = lab.directory.join("lab.json");
    let tool = lab.description()?["tools"].as_str().map(|folder| Path::new(folder).join("lab"));
    let mut holder = Command::new(tool.context("the lab's description names no tools")?)
        .arg("switch")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let start = start_of(holder.id()).context("the lab's first process ended at once")?;
    fs::write(lab.directory.join("switch.pid"), format!("{} {start}", holder.id()))?;
    wait(Duration::from_secs(30), "the machines", || {
        if let Some(status) = holder.try_wait()? {
            bail!("the lab's first process ended, {status}: {}", fs::read_to_string(&log)?);
        }
        let up = lab.directory.join("machines.json").is_file()
            && plan.names().iter().all(|name| lab.private(name, "/run/lab.sock").exists());
        Ok(up.then_some(()))
    })
    .with_context(|| format!("the machines' own words are in {}/private/*/log/console.log", lab.directory.display()))
}

/// The public key pin of the cluster CA, as kubeadm prints it for `join`.
fn pin(lab: &Lab, machine: &str) -> Result<String> {
    let command =
        lab.shell(machine, "kubeadm token create --print-join-command --kubeconfig /etc/kubernetes/admin.conf")?;
    command
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .map(str::to_owned)
        .with_context(|| format!("kubeadm gave no pin: {command}"))
}

/// Creates the objects that the runs use, the extension API server, and a user's kubeconfig.
fn objects(lab: &Lab, plan: &Plan, first: &str) -> Result<()> {
    let objects = template(
        "objects.yaml",
        &[
            ("CA_BUNDLE", &lab.shell(first, &format!("base64 -w0 {}/ca.crt", plan.certificates))?),
            ("SERVICE_ADDRESS", &plan.extension_address),
            ("NODE", &plan.extension_node().name),
        ],
    )?;
    fs::write(lab.private(first, "/root/objects.yaml"), objects)?;
    kubectl(lab, "apply --server-side -f /root/objects.yaml")?;
    // A serving certificate that the cluster CA issues, as is common for webhooks.
    fs::write(
        lab.private(first, "/root/extension.sh"),
        template("extension.sh", &[("CERTIFICATES", &plan.certificates)])?,
    )?;
    lab.shell(first, "sh /root/extension.sh /root/extension/old")?;
    let pair = "--cert /root/extension/old/tls.crt --key /root/extension/old/tls.key";
    kubectl(lab, &format!("-n lab create secret tls extension {pair}"))?;

    // A user's kubeconfig, created by kubeadm.
    lab.shell(
        first,
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system get configmap kubeadm-config \
             --output 'jsonpath={.data.ClusterConfiguration}' >/root/cluster.yaml
         kubeadm kubeconfig user --client-name alice --org lab:people --config /root/cluster.yaml >/root/alice.conf",
    )?;
    let clients = lab.directory.join("clients");
    fs::create_dir_all(&clients)?;
    fs::copy(lab.private(first, "/root/alice.conf"), clients.join("alice.conf"))?;
    wait(Duration::from_secs(60), "the extension API server", || {
        let state = kubectl(
            lab,
            "get apiservice v1.lab.airlock.example -o 'jsonpath={.status.conditions[?(@.type==\"Available\")].status}'",
        )?;
        Ok((state == "True").then_some(()))
    })
}

/// Prints how to use the lab.
fn explain(lab: &Lab, plan: &Plan) -> Result<()> {
    let (enter, cluster) = (lab.directory.join("enter"), input_objects(lab)?);
    println!("enter a machine      {} {} [COMMAND…]", enter.display(), plan.names().join("|"));
    println!("the nodes' trees     {}/<node>", lab.directory.join("nodes").display());
    println!("a person's files     {}", lab.directory.join("clients").display());
    println!("the cluster's        {}", cluster.display());
    Ok(())
}
