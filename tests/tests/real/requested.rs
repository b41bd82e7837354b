//! Loaded certificate signing requests: OpenSSL creates them, and Kubernetes' own code determines the rights of their
//! certificates.

use std::{fs, path::Path, process::Command};

use airlock_tests::{
    fixtures,
    oracle::identities,
    rotation::{scratch, walk},
    tools::{airlock, output, succeed},
};

/// A request: its subject for OpenSSL, further options, and the expected finding.
struct Request {
    name: &'static str,
    subject: &'static str,
    options: &'static [&'static str],
    said: Said,
}

/// The expected treatment of a request.
enum Said {
    /// The package answers it without a finding.
    Nothing,
    /// The package answers it, with a warning that a person must check.
    Warning(&'static str),
    /// The package does not answer it.
    Refusal(&'static str),
}

const ECDSA: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

const REQUESTS: &[Request] = &[
    Request { name: "node", subject: "/O=system:nodes/CN=system:node:worker1", options: ECDSA, said: Said::Nothing },
    Request {
        name: "new-node",
        subject: "/O=system:nodes/CN=system:node:worker77",
        options: ECDSA,
        said: Said::Warning("the identity of the node worker77, whose files were not provided"),
    },
    // kubeadm's administrator, who has a certificate among the files, with an additional attribute and another string
    // type.
    Request {
        name: "admin",
        subject: "/C=DE/O=kubeadm:cluster-admins/CN=kubernetes-admin",
        options: &["-newkey", "rsa:3072", "-utf8"],
        said: Said::Nothing,
    },
    Request {
        name: "alice",
        subject: "/O=dev/O=on-call/CN=alice",
        options: &["-newkey", "ed25519"],
        said: Said::Warning("the identity alice in dev, on-call, which no provided certificate has"),
    },
    Request {
        name: "root",
        subject: "/O=system:masters/CN=mallory",
        options: ECDSA,
        said: Said::Refusal("system:masters has rights by default"),
    },
    Request {
        name: "proxy",
        subject: "/CN=system:kube-proxy",
        options: ECDSA,
        said: Said::Refusal("system:kube-proxy has rights by default"),
    },
    Request {
        name: "bound-by-kubeadm",
        subject: "/O=kubeadm:cluster-admins/CN=mallory",
        options: ECDSA,
        said: Said::Refusal("kubeadm:cluster-admins has rights by default"),
    },
    Request {
        name: "node-and-more",
        subject: "/O=system:nodes/O=system:masters/CN=system:node:worker1",
        options: ECDSA,
        said: Said::Refusal("the node authorizer accepts a kubelet only as"),
    },
    Request {
        name: "node-without-group",
        subject: "/CN=system:node:worker1",
        options: ECDSA,
        said: Said::Refusal("the node authorizer accepts a kubelet only as"),
    },
    Request {
        name: "group-without-node",
        subject: "/O=system:nodes/CN=worker1",
        options: ECDSA,
        said: Said::Refusal("the node authorizer accepts a kubelet only as"),
    },
    Request {
        name: "serving",
        subject: "/O=system:nodes/CN=system:node:worker1",
        options: &["-newkey", "ed25519", "-addext", "subjectAltName=DNS:worker1,IP:10.0.0.9"],
        said: Said::Refusal("it requests a serving certificate"),
    },
    Request {
        name: "server",
        subject: "/CN=bob",
        options: &["-newkey", "ed25519", "-addext", "extendedKeyUsage=serverAuth"],
        said: Said::Refusal("it requests a serving certificate"),
    },
    Request {
        name: "authority",
        subject: "/CN=bob",
        options: &["-newkey", "ed25519", "-addext", "basicConstraints=critical,CA:TRUE"],
        said: Said::Refusal("it requests a CA certificate"),
    },
    Request {
        name: "short",
        subject: "/CN=bob",
        options: &["-newkey", "rsa:1024"],
        said: Said::Refusal("its RSA key is too short"),
    },
    Request {
        name: "two-names",
        subject: "/CN=bob/CN=kubernetes-admin",
        options: ECDSA,
        said: Said::Refusal("the CSR has none or several"),
    },
    Request { name: "no-name", subject: "/O=dev", options: ECDSA, said: Said::Refusal("the CSR has none or several") },
];

fn make(request: &Request, into: &Path) {
    let mut make = Command::new("openssl");
    make.args(["req", "-new", "-nodes", "-subj", request.subject]).args(request.options);
    make.arg("-keyout").arg(into.join(format!("{}.key", request.name)));
    succeed(make.arg("-out").arg(into.join(format!("{}.csr", request.name))));
}

fn pem(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn openssl(arguments: &[&str], file: &Path) -> String {
    succeed(Command::new("openssl").args(arguments).arg(file))
}

#[test]
fn those_who_may_ask_get_a_certificate_and_the_others_a_reason() {
    let folder = scratch("requested");
    for request in REQUESTS {
        make(request, &folder);
    }
    // One bit of the signature is changed, so the request does not prove possession of the key.
    let broken = "stolen-key";
    let der = folder.join("stolen.der");
    succeed(
        Command::new("openssl")
            .args(["req", "-outform", "DER", "-in"])
            .arg(folder.join("alice.csr"))
            .arg("-out")
            .arg(&der),
    );
    let mut bytes = fs::read(&der).expect("OpenSSL has written it");
    *bytes.last_mut().expect("it is not empty") ^= 1;
    fs::write(folder.join(format!("{broken}.csr")), bytes).expect("a file can be written");
    fs::remove_file(der).expect("it is there");

    let requests: Vec<_> = walk(&folder).into_iter().filter(|path| path.ends_with(".csr")).collect();
    let cluster = fixtures::path("kubeadm/ecdsa-3");
    let package = folder.join("package");
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["package", "--out"]).arg(&package);
    command.arg(&cluster).args(requests.iter().map(|name| folder.join(name)));
    let made = output(&mut command);
    let words = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "{words}");
    assert!(
        words.contains("stolen-key.csr: the request for O=dev, O=on-call, CN=alice is not answered: its signature"),
        "{words}"
    );

    let answers = package.join("2-switch/clients");
    let certificates: Vec<_> = walk(&answers).into_iter().filter(|path| path.ends_with(".crt")).collect();
    assert_eq!(
        certificates,
        ["alice.crt", "kubernetes-admin.crt", "system-node-worker1.crt", "system-node-worker77.crt"]
    );
    let trust = package.join("2-switch/workers/ca.crt");
    for request in REQUESTS {
        let (asked, file) = (folder.join(format!("{}.csr", request.name)), format!("{}.csr", request.name));
        let lines: Vec<_> = words.lines().filter(|line| line.contains(&file)).collect();
        let identity = identities(&[pem(&asked)]).remove(0);
        let answer = match request.said {
            Said::Nothing => {
                assert!(lines.iter().all(|line| !line.contains("request-")), "{}: {lines:?}", request.name);
                true
            }
            Said::Warning(said) => {
                assert!(lines.iter().any(|line| line.contains(said)), "{}: {lines:?}", request.name);
                true
            }
            Said::Refusal(said) => {
                assert!(lines.iter().any(|line| line.contains(said)), "{}: {lines:?}", request.name);
                false
            }
        };
        if !answer {
            continue;
        }
        // Kubernetes' own signers would also not have rejected it.
        assert!(identity.signed && !identity.restricted, "{}: {identity:?}", request.name);
        let is_node = identity.user.starts_with("system:node:");
        assert_eq!(identity.kubelet_client.is_empty(), is_node, "{}: {identity:?}", request.name);
        let certificate = answers.join(format!("{}.crt", identity.user.replace(':', "-")));
        let seen = identities(&[pem(&certificate)]).remove(0);
        assert_eq!((&seen.user, &seen.groups), (&identity.user, &identity.groups), "{}", request.name);
        let node = identity.user.strip_prefix("system:node:").unwrap_or_default();
        assert_eq!(seen.node, node, "{}", request.name);
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-no_check_time", "-x509_strict", "-purpose", "sslclient", "-CAfile"]).arg(&trust);
        succeed(verify.arg(&certificate));
        for option in ["-subject", "-pubkey"] {
            assert_eq!(
                openssl(&["x509", "-noout", option, "-in"], &certificate),
                openssl(&["req", "-noout", option, "-in"], &asked),
                "{}",
                request.name
            );
        }
        let purposes = openssl(&["x509", "-noout", "-ext", "extendedKeyUsage,basicConstraints", "-in"], &certificate);
        assert!(purposes.contains("CA:FALSE") && purposes.contains("TLS Web Client Authentication"), "{purposes}");
        assert!(!purposes.contains("Server"), "{purposes}");
    }
}

/// A request to the cluster's own signer must be approved in the cluster, after it signs with the new CA.
#[test]
fn requests_to_the_cluster_wait_until_it_signs_with_the_new_ca() {
    let folder = scratch("requested-of-the-cluster");
    for request in REQUESTS.iter().filter(|request| ["alice", "root"].contains(&request.name)) {
        make(request, &folder);
        let base64 = succeed(Command::new("base64").arg("-w0").arg(folder.join(format!("{}.csr", request.name))));
        let object = format!(
            "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata:\n  name: {name}\nspec:\n  request: {base64}\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\n",
            name = request.name
        );
        fs::write(folder.join(format!("{}.yaml", request.name)), object).expect("a file can be written");
    }
    let package = folder.join("package");
    let mut command = Command::new(airlock());
    command.env("SOURCE_DATE_EPOCH", fixtures::now().0.to_string()).args(["package", "--out"]).arg(&package);
    command.arg(fixtures::path("kubeadm/ecdsa-3")).args([folder.join("alice.yaml"), folder.join("root.yaml")]);
    let made = output(&mut command);
    let words = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success() && words.contains("system:masters has rights by default"), "{words}");
    let runbook = pem(&package.join("RUNBOOK.md"));
    let switch = runbook.split("## Phase").nth(2).expect("there is a phase 2");
    assert!(switch.contains("kubectl certificate approve alice\n"), "{switch}");
    assert!(!runbook.contains("approve root"), "{runbook}");
}
