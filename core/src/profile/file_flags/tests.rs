use std::{collections::BTreeSet, fs, path::PathBuf};

use super::*;

/// Flags whose help mentions files, keys or configuration, but which refer to no file that a rotation could change.
const IRRELEVANT: &[(&str, &str)] = &[
    ("admission-control", "names of plug-ins, features, modes or versions"),
    ("authorization-mode", "names of plug-ins, features, modes or versions"),
    ("detect-local-mode", "names of plug-ins, features, modes or versions"),
    ("disable-admission-plugins", "names of plug-ins, features, modes or versions"),
    ("enable-admission-plugins", "names of plug-ins, features, modes or versions"),
    ("feature-gates", "names of plug-ins, features, modes or versions"),
    ("proxy-mode", "names of plug-ins, features, modes or versions"),
    ("runtime-config", "names of plug-ins, features, modes or versions"),
    ("show-hidden-metrics-for-version", "names of plug-ins, features, modes or versions"),
    ("allow-metric-labels", "settings of metrics and logs"),
    ("container-log-max-size", "settings of metrics and logs"),
    ("event-storage-age-limit", "settings of metrics and logs"),
    ("event-storage-event-limit", "settings of metrics and logs"),
    ("log-format", "settings of metrics and logs"),
    ("log-level", "settings of metrics and logs"),
    ("log-rotation-config-json", "settings of metrics and logs"),
    ("vmodule", "settings of metrics and logs"),
    ("audit-log-path", "written, not read"),
    ("write-config-to", "written, not read"),
    ("api-audiences", "names, claims and headers that are compared"),
    ("client-cert-allowed-hostname", "names, claims and headers that are compared"),
    ("oidc-required-claim", "names, claims and headers that are compared"),
    ("peer-cert-allowed-cn", "names, claims and headers that are compared"),
    ("peer-cert-allowed-hostname", "names, claims and headers that are compared"),
    ("requestheader-allowed-names", "names, claims and headers that are compared"),
    ("strict-transport-security-directives", "names, claims and headers that are compared"),
    ("bind-address", "addresses"),
    ("cluster-cidr", "addresses"),
    ("healthz-bind-address", "addresses"),
    ("initial-cluster", "addresses"),
    ("master", "addresses"),
    ("metrics-bind-address", "addresses"),
    ("nodeport-addresses", "addresses"),
    ("peer-advertise-ip", "addresses"),
    ("peer-advertise-port", "addresses"),
    ("service-account-issuer", "addresses"),
    ("service-account-jwks-uri", "addresses"),
    ("container-runtime-endpoint", "sockets"),
    ("debug-socket-path", "sockets"),
    ("image-service-endpoint", "sockets"),
    ("service-account-signing-endpoint", "sockets"),
    ("authorization-always-allow-paths", "paths of HTTP or of keys in etcd"),
    ("etcd-prefix", "paths of HTTP or of keys in etcd"),
    ("cluster-domain", "settings as key and value"),
    ("cpu-manager-policy-options", "settings as key and value"),
    ("kube-api-content-type", "settings as key and value"),
    ("kube-reserved", "settings as key and value"),
    ("node-labels", "settings as key and value"),
    ("register-with-taints", "settings as key and value"),
    ("system-reserved", "settings as key and value"),
    ("topology-manager-policy-options", "settings as key and value"),
    ("boot-id-file", "files of the machine that belong to no PKI"),
    ("container-hints", "files of the machine that belong to no PKI"),
    ("lock-file", "files of the machine that belong to no PKI"),
    ("machine-id-file", "files of the machine that belong to no PKI"),
    ("resolv-conf", "files of the machine that belong to no PKI"),
    ("data-dir", "folders of programs and data"),
    ("experimental-mounter-path", "folders of programs and data"),
    ("flex-volume-plugin-dir", "folders of programs and data"),
    ("image-credential-provider-bin-dir", "folders of programs and data"),
    ("root-dir", "folders of programs and data"),
    ("volume-plugin-dir", "folders of programs and data"),
    ("wal-dir", "folders of programs and data"),
    ("pv-recycler-pod-template-filepath-hostpath", "templates of Pods"),
    ("pv-recycler-pod-template-filepath-nfs", "templates of Pods"),
];

/// Rows for flags of older releases, which the newest fixture does not contain.
const OLDER: [(Program, &str); 1] = [(Program::Apiserver, "cloud-config")];

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests").join(path)
}

fn read(path: &str) -> String {
    let path = folder(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The program's flags: name and help text.
fn flags(program: Program) -> Vec<(String, String)> {
    let text = read(&format!("fixtures/flags/{}.txt", program.binary()));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let flags: Vec<_> = lines
        .map(|line| {
            let mut fields = line.splitn(3, '\t');
            let name = fields.next().unwrap().to_owned();
            (name, fields.nth(1).unwrap_or_else(|| panic!("{line}")).to_ascii_lowercase())
        })
        .collect();
    assert!(flags.len() > 20, "{program:?} has only {} flags", flags.len());
    flags
}

/// Whether a flag could refer to a file.
fn is_suspect(name: &str, help: &str) -> bool {
    let text = format!("{name} {help}");
    ["file", "cert", "key", "config", "path", "dir", "pem", "socket"].iter().any(|word| text.contains(word))
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ca")
}

#[test]
fn every_flag_that_could_name_a_file_is_known() {
    let mut unknown = Vec::new();
    let mut used = BTreeSet::new();
    for program in Program::ALL {
        for (name, help) in flags(program) {
            let is_irrelevant = IRRELEVANT.iter().any(|(flag, _)| *flag == name);
            used.extend(is_irrelevant.then(|| name.clone()));
            if is_suspect(&name, &help) && !is_irrelevant && FileFlag::of(program, &name).is_none() {
                unknown.push(format!("{} --{name}: {help}", program.binary()));
            }
            assert!(!is_irrelevant || FileFlag::of(program, &name).is_none(), "--{name} is in both lists");
        }
    }
    assert!(unknown.is_empty(), "add these to the table, or to the irrelevant ones:\n{}", unknown.join("\n"));
    for (flag, _) in IRRELEVANT {
        assert!(used.contains(*flag), "no program has --{flag}");
    }
}

#[test]
fn every_row_is_a_flag_of_its_program() {
    for row in FLAGS {
        for program in row.programs {
            let is_there = flags(*program).iter().any(|(name, _)| name == row.flag);
            let is_older = OLDER.contains(&(*program, row.flag));
            assert!(is_there != is_older, "{} --{}", program.binary(), row.flag);
        }
        let again = FLAGS.iter().filter(|other| other.flag == row.flag);
        let programs: Vec<_> = again.flat_map(|other| other.programs).collect();
        assert_eq!(programs.iter().collect::<BTreeSet<_>>().len(), programs.len(), "--{} twice", row.flag);
    }
}

/// Fails for a new release whose flags have not been reviewed.
#[test]
fn the_lists_are_of_the_releases_that_the_tests_run() {
    let release = |module: &str, path: &str| {
        let text = read(path);
        let mut lines = text.lines().map(|line| line.trim().trim_start_matches("require "));
        let line = lines.find(|line| line.starts_with(&format!("{module} v"))).unwrap();
        line.split(' ').nth(1).unwrap().to_owned()
    };
    for program in Program::ALL {
        let release = match program {
            Program::Etcd => release("go.etcd.io/etcd/server/v3", "go/lab/go.mod"),
            _ => release("k8s.io/kubernetes", "go/kubernetes/go.mod"),
        };
        let text = read(&format!("fixtures/flags/{}.txt", program.binary()));
        let expected = format!("# {} {release}", program.binary());
        assert_eq!(text.lines().next(), Some(expected.as_str()), "run tests/fixtures/flags/make.sh");
    }
}

#[test]
fn programs_and_flags_by_name() {
    assert_eq!(Program::of_word("/usr/local/bin/kube-apiserver"), Some(Program::Apiserver));
    assert_eq!(Program::of_word("--kube-apiserver"), None);
    let row = FileFlag::of(Program::Apiserver, "client_ca_file").unwrap();
    assert_eq!(
        (row.content, row.reload, row.usage),
        (FlagContent::TrustBundle, Reload::Live, Use::Verifies("clients"))
    );
    assert_eq!(FileFlag::of(Program::Etcd, "client-ca-file"), None);
    let row = FileFlag::of_environment(Program::Etcd, "ETCD_PEER_TRUSTED_CA_FILE").unwrap();
    assert_eq!(row.flag, "peer-trusted-ca-file");
    assert_eq!(FileFlag::of_environment(Program::Apiserver, "ETCD_CERT_FILE"), None);
}
