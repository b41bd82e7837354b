//! Backs up a control-plane node: a real etcd member with etcd's own tools, and the node's script on the machine that
//! `tests/scripts` creates (its own mount and PID namespaces, this machine's network).

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use airlock_tests::{
    fixtures,
    rotation::{Case, PHASES, Rotation, scratch},
    tools::{built, output, root, succeed},
};

const BACKUP: &str = "1-trust-both/control-plane/cp1/apply.sh backup";
const KEY: &str = "/registry/airlock/seen";

/// A member with TLS, one key, and the node's tree that describes it. Stopped when the value is dropped.
struct Member {
    process: Child,
    folder: PathBuf,
    endpoint: String,
    tree: PathBuf,
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port on which nothing listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    listener.local_addr().expect("it has an address").port()
}

/// etcd's PKI as kubeadm creates it: a CA, and a certificate for server and client.
fn certificates(folder: &Path) {
    let script = r#"
        openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=etcd-ca -days 2 -keyout ca.key -out ca.crt
        openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=cp1 -keyout server.key -out server.csr
        printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >extensions
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 2 -extfile extensions -out server.crt
    "#;
    succeed(Command::new("sh").args(["-euc", script]).current_dir(folder));
}

impl Member {
    fn start(label: &str) -> Self {
        let folder = scratch(label);
        let tree = folder.join("tree");
        succeed(Command::new("cp").arg("-a").arg(fixtures::path("kubeadm/ecdsa-3/cp1")).arg(&tree));
        let pki = tree.join("etc/kubernetes/pki/etcd");
        certificates(&pki);
        let [client, peer] = [free_port(), free_port()];
        let [endpoint, peer] = [client, peer].map(|port| format!("https://127.0.0.1:{port}"));
        let data = folder.join("data");
        let manifest = tree.join("etc/kubernetes/manifests/etcd.yaml");
        let text = fs::read_to_string(&manifest).expect("the fixture has a member");
        let text = text.replace("https://[2001:db8:3::1]:2379", &endpoint);
        let text = text.replace("--data-dir=/var/lib/etcd", &format!("--data-dir={}", data.display()));
        fs::write(&manifest, text).expect("a file can be written");
        let at = |name: &str| pki.join(name).display().to_string();
        let mut command = Command::new(built("etcd"));
        command.args(["--name", "cp1", "--log-level", "panic", "--data-dir"]).arg(&data);
        command.args(["--listen-client-urls", &endpoint, "--advertise-client-urls", &endpoint]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("cp1={peer}"), "--client-cert-auth"]);
        command.args(["--cert-file", &at("server.crt"), "--key-file", &at("server.key")]);
        command.args(["--trusted-ca-file", &at("ca.crt"), "--peer-trusted-ca-file", &at("ca.crt")]);
        command.args(["--peer-cert-file", &at("server.crt"), "--peer-key-file", &at("server.key")]);
        let process = command.stdin(Stdio::null()).spawn().expect("etcd can be started");
        let member = Self { process, folder, endpoint, tree };
        let started = Instant::now();
        while !output(member.etcdctl().args(["put", KEY, "yes"])).status.success() {
            assert!(started.elapsed() < Duration::from_secs(60), "etcd does not answer");
            thread::yield_now();
        }
        member
    }

    fn etcdctl(&self) -> Command {
        let pki = self.tree.join("etc/kubernetes/pki/etcd");
        let mut command = Command::new(built("etcdctl"));
        command.arg(format!("--endpoints={}", self.endpoint));
        for (flag, name) in [("cacert", "ca.crt"), ("cert", "server.crt"), ("key", "server.key")] {
            command.arg(format!("--{flag}={}", pki.join(name).display()));
        }
        command
    }

    /// Runs a scenario on the machine, with the programs of these folders first on `PATH`. `Ok` contains the output.
    fn run(&self, label: &str, commands: &[&Path], scenario: &str) -> Ran {
        let out = self.folder.join(label);
        fs::create_dir_all(&out).expect("a folder can be made");
        let script = out.join("scenario.sh");
        let prelude = format!("set -eu\nbackup=/var/lib/airlock/{}/backup-cp1\n", package().root_name());
        fs::write(&script, format!("{prelude}{scenario}\n")).expect("a file can be written");
        let folder = root().join("tests/scripts");
        let path: Vec<String> = commands.iter().map(|folder| folder.display().to_string()).collect();
        let is_root = succeed(Command::new("id").arg("-u")).trim() == "0";
        let mut command = Command::new("unshare");
        if !is_root {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "--pid", "--fork", "--mount-proc", "sh"]).arg(folder.join("machine.sh"));
        command.arg(&self.tree).arg(&out).arg(package().rotation.root());
        command.args([&format!("sh {}", script.display()), "true"]);
        command.env("MACHINE", &folder).env("AIRLOCK_TIMEOUT", "40").env("KEEP", "yes");
        command.env("OTHER_COMMANDS", path.join(":")).env("SHIFT", shift().to_string());
        let ended = output(&mut command);
        assert!(ended.status.success(), "{label}: {}", String::from_utf8_lossy(&ended.stderr));
        let text = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_default();
        let code = text("codes").lines().find_map(|line| line.strip_prefix("second ")?.parse().ok());
        let after = out.join("after");
        Ran { code: code.expect("it was run"), said: text("second"), after }
    }
}

struct Ran {
    code: i32,
    said: String,
    after: PathBuf,
}

impl Ran {
    fn backup(&self) -> PathBuf {
        self.after.join("var/lib/airlock").join(package().root_name()).join("backup-cp1")
    }
}

struct Package {
    rotation: &'static Rotation,
}

impl Package {
    fn root_name(&self) -> String {
        self.rotation.package.name.clone()
    }
}

fn package() -> Package {
    Package { rotation: Case::named("ecdsa-3").rotation() }
}

/// The offset from this machine's time to the fixtures' time.
fn shift() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("it is after 1970");
    fixtures::now().0 - i64::try_from(now.as_secs()).expect("seconds fit")
}

/// A folder that contains the real tools under these names.
fn tools(member: &Member, label: &str, names: &[&str]) -> PathBuf {
    let folder = member.folder.join(label);
    fs::create_dir_all(&folder).expect("a folder can be made");
    for name in names {
        symlink(built(name), folder.join(name)).expect("a link can be made");
    }
    folder
}

/// A folder with one program.
fn program(member: &Member, label: &str, name: &str, text: &str) -> PathBuf {
    let folder = member.folder.join(label);
    fs::create_dir_all(&folder).expect("a folder can be made");
    let path = folder.join(name);
    fs::write(&path, text).expect("a file can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    folder
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o7777
}

/// etcd's report about the content of a snapshot: the test restores the snapshot and queries the member.
fn keys_in(snapshot: &Path) -> u64 {
    let said = succeed(Command::new(built("etcdutl")).args(["snapshot", "status", "--write-out=json"]).arg(snapshot));
    let status: serde_json::Value = serde_json::from_str(said.trim()).expect("etcdutl answers in JSON");
    status["totalKey"].as_u64().expect("it counts keys")
}

/// A complete run: the archive has every file with owner and mode, the snapshot has the member's data, the check
/// passes, and a second run changes nothing and prints only its last line.
#[test]
fn a_backup_contains_the_node_and_what_its_member_has() {
    let member = Member::start("backup-whole");
    let real = tools(&member, "tools", &["etcdctl", "etcdutl"]);
    let ran = member.run(
        "run",
        &[&real],
        &format!(
            "if sh {BACKUP} --check; then exit 90; fi
             sh {BACKUP} --dry-run
             [ ! -e \"$backup\" ] || exit 91
             sh {BACKUP}
             sh {BACKUP} --check
             before=$(sha256sum \"$backup\"/*)
             echo '-- again'
             sh {BACKUP}
             [ \"$before\" = \"$(sha256sum \"$backup\"/*)\" ] || exit 92
             sh 1-trust-both/control-plane/cp1/apply.sh --status
             mkdir /run/unpacked
             tar -xpf \"$backup/node.tar\" -C /run/unpacked
             diff -r /etc/kubernetes /run/unpacked/etc/kubernetes
             for path in pki config.yaml kubeadm-flags.env; do
               diff -r \"/var/lib/kubelet/$path\" \"/run/unpacked/var/lib/kubelet/$path\"
             done
             [ \"$(stat -c %a /run/unpacked/etc/kubernetes/pki/ca.key)\" = \"$(stat -c %a /etc/kubernetes/pki/ca.key)\" ]"
        ),
    );
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert!(ran.said.contains("NOT READY: the backup of this node:"), "{}", ran.said);
    assert!(ran.said.contains("KiB needed"), "{}", ran.said);
    let again = ran.said.split("-- again\n").nth(1).expect("it is run again");
    assert!(again.starts_with("cp1: the backup of this node is complete: /var/lib/airlock/"), "{again}");
    let backup = ran.backup();
    assert_eq!(mode(&backup), 0o700);
    for name in ["node.tar", "etcd.snapshot", "SHA256SUMS"] {
        assert_eq!(mode(&backup.join(name)), 0o600, "{name}");
    }
    assert_eq!(keys_in(&backup.join("etcd.snapshot")), 1);
    succeed(Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&backup));
    // A member that starts from the snapshot has the key.
    let data = member.folder.join("again");
    succeed(
        Command::new(built("etcdutl"))
            .args(["snapshot", "restore"])
            .arg(backup.join("etcd.snapshot"))
            .arg(format!("--data-dir={}", data.display())),
    );
    let found = succeed(Command::new("grep").arg("-c").arg(KEY).arg(data.join("member/snap/db")));
    assert_ne!(found.trim(), "0");
}

/// A backup that is damaged later fails the check and is not overwritten, and phase 1 does not start. Restoring detects
/// a snapshot that arrives truncated.
#[test]
fn a_truncated_snapshot_fails_the_check() {
    let member = Member::start("backup-truncated");
    let real = tools(&member, "tools", &["etcdctl", "etcdutl"]);
    let damaged = member.run(
        "damaged",
        &[&real],
        &format!(
            "sh {BACKUP}
             size=$(stat -c %s \"$backup/etcd.snapshot\")
             truncate -s \"$((size - 1))\" \"$backup/etcd.snapshot\"
             before=$(sha256sum \"$backup\"/*)
             if sh {BACKUP} --check; then exit 90; fi
             if sh {BACKUP}; then exit 91; fi
             if sh 1-trust-both/control-plane/cp1/apply.sh; then exit 92; fi
             [ \"$before\" = \"$(sha256sum \"$backup\"/*)\" ] || exit 93"
        ),
    );
    assert_eq!(damaged.code, 0, "{}", damaged.said);
    assert!(damaged.said.contains("etcd.snapshot is missing or damaged"), "{}", damaged.said);
    assert!(damaged.said.contains("an existing backup is never overwritten"), "{}", damaged.said);
    assert!(damaged.said.contains("there is no backup of this node"), "{}", damaged.said);

    let truncating = format!(
        "#!/bin/sh\n{real}/etcdctl \"$@\" || exit 1\ncase \"$*\" in *'snapshot save'*) for last; do :; done; truncate -s -1024 \"$last\" ;; esac\n",
        real = real.display()
    );
    let truncating = program(&member, "truncating", "etcdctl", &truncating);
    let ran = member.run(
        "truncated",
        &[&truncating, &real],
        &format!(
            "if sh {BACKUP}; then exit 90; fi
             if sh {BACKUP} --check; then exit 91; fi
             [ ! -e \"$backup\" ] || exit 92
             if sh 1-trust-both/control-plane/cp1/apply.sh; then exit 93; fi
             [ ! -e /etc/kubernetes/.airlock ] || exit 94"
        ),
    );
    assert_eq!(ran.code, 0, "{}", ran.said);
    // The message of etcdutl (etcd: etcdutl/snapshot/v3_snapshot.go).
    assert!(ran.said.contains("FAILED: etcdutl snapshot restore"), "{}", ran.said);
    assert!(ran.said.contains("snapshot missing hash") || ran.said.contains("expected sha256"), "{}", ran.said);
}

/// A tar with what BusyBox 1.35 has: it answers `--exclude` and `-d` with these words.
const BUSYBOX_TAR: &str = "#!/bin/sh
case \" $* \" in
  *' --version '*) echo 'tar (busybox) 1.35.0' && exit 0 ;;
  *' --exclude='*) echo \"tar: unrecognized option '--exclude=etc/kubernetes/.airlock'\" >&2 && exit 1 ;;
  *' -d'*) echo \"tar: invalid option -- 'd'\" >&2 && exit 1 ;;
esac
exec /bin/tar \"$@\"
";

/// BusyBox' tar knows no `--exclude` and compares nothing: the archive has the same files, and a wrong one is noticed. One
/// that cannot do even less is named before anything is written. Where BusyBox is installed, its own tar is used as well.
#[test]
fn a_backup_needs_no_gnu_tar() {
    let member = Member::start("backup-busybox");
    let elsewhere = "--etcd-backed-up elsewhere";
    let mut tars = vec![("standin", BUSYBOX_TAR.to_owned())];
    let found = output(Command::new("sh").args(["-c", "command -v busybox"]));
    if found.status.success() {
        let path = String::from_utf8(found.stdout).expect("a path");
        tars.push(("installed", format!("#!/bin/sh\nexec {} tar \"$@\"\n", path.trim())));
    }
    for (label, text) in &tars {
        let tar = program(&member, &format!("tar-{label}"), "tar", text);
        let ran = member.run(
            label,
            &[&tar],
            &format!(
                "mkdir -p /etc/kubernetes/.airlock/state /etc/kubernetes/.other
                 : >/etc/kubernetes/.airlock/state/left-out
                 : >\"/etc/kubernetes/.other/with space\"
                 ln -s ../pki/ca.crt /etc/kubernetes/.other/link
                 sh {BACKUP} {elsewhere} --dry-run
                 [ ! -e \"$backup\" ] || exit 91
                 sh {BACKUP} {elsewhere}
                 sh {BACKUP} --check
                 [ \"$(ls \"$backup\")\" = \"$(printf '%s\\n' SHA256SUMS etcd.elsewhere node.tar)\" ] || exit 92
                 mkdir /run/unpacked
                 /bin/tar -xpf \"$backup/node.tar\" -C /run/unpacked
                 [ ! -e /run/unpacked/etc/kubernetes/.airlock ] || exit 93
                 rm -r /etc/kubernetes/.airlock
                 diff -r --no-dereference /etc/kubernetes /run/unpacked/etc/kubernetes
                 diff -r --no-dereference /var/lib/kubelet/pki /run/unpacked/var/lib/kubelet/pki
                 [ \"$(stat -c %a /run/unpacked/etc/kubernetes/pki/ca.key)\" = \"$(stat -c %a /etc/kubernetes/pki/ca.key)\" ]"
            ),
        );
        assert_eq!(ran.code, 0, "{label}: {}", ran.said);
    }

    let wrong = BUSYBOX_TAR.replace("exec /bin/tar \"$@\"", "/bin/tar \"$@\" || exit 1")
        + "case \"$*\" in *unpacked*) for last; do :; done; echo more >>\"$last/etc/kubernetes/admin.conf\" ;; esac\n";
    let wrong = program(&member, "wrong", "tar", &wrong);
    let unable = "#!/bin/sh\necho 'tar: unrecognized option: C' >&2\necho 'Usage: tar' >&2\nexit 1\n";
    let unable = program(&member, "unable", "tar", unable);
    for (label, tar, dry_run, words) in [
        ("wrong", &wrong, "", "node.tar differs from the files"),
        (
            "unable",
            &unable,
            "--dry-run",
            "cannot write and read an archive (tar: unrecognized option: C); install GNU tar",
        ),
    ] {
        let scenario =
            format!("if sh {BACKUP} {elsewhere} {dry_run}; then exit 90; fi\n[ ! -e \"$backup\" ] || exit 91");
        let ran = member.run(label, &[tar], &scenario);
        assert_eq!(ran.code, 0, "{}", ran.said);
        assert!(ran.said.contains(words), "{}", ran.said);
    }
}

/// Too little space is found before anything is written.
#[test]
fn a_backup_says_how_much_space_it_needs() {
    let member = Member::start("backup-space");
    let real = tools(&member, "tools", &["etcdctl", "etcdutl"]);
    let full = "#!/bin/sh\nprintf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/x 999999 0 20000 1%% /\\n'\n";
    let full = program(&member, "full", "df", full);
    let ran = member.run(
        "full",
        &[&full, &real],
        &format!("if sh {BACKUP}; then exit 90; fi\n[ -z \"$(find /var/lib/airlock -name '*.tar')\" ]"),
    );
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert!(ran.said.contains("20000 KiB are free; make room"), "{}", ran.said);
}

/// Without etcd's tools the step prints what to do. It records a backup that an administrator made elsewhere.
#[test]
fn without_the_tools_of_etcd_a_person_says_where_the_snapshot_is() {
    let member = Member::start("backup-elsewhere");
    // A kubectl that reaches no Pod, and no other tool.
    let bare = program(
        &member,
        "bare",
        "kubectl",
        "#!/bin/sh\ncase \"$*\" in *readyz*) printf ok ;; *) echo 'error: unable to upgrade connection' >&2; exit 1 ;; esac\n",
    );
    let hide = "mount --bind /dev/null \"$MACHINE/bin/etcdctl\"; mount --bind /dev/null \"$MACHINE/bin/etcdutl\"";
    let ran = member.run(
        "run",
        &[&bare],
        &format!(
            "{hide}
             if sh {BACKUP}; then exit 90; fi
             if sh {BACKUP} --etcd-backed-up ''; then exit 91; fi
             [ ! -e \"$backup\" ] || exit 92
             sh {BACKUP} --etcd-backed-up 'safe 7, etcd-20261129.db'
             sh {BACKUP} --check
             grep -q 'safe 7' \"$backup/etcd.elsewhere\""
        ),
    );
    assert_eq!(ran.code, 0, "{}", ran.said);
    let command = format!("etcdctl --endpoints={}", member.endpoint);
    assert!(ran.said.contains(&command), "{}", ran.said);
    assert!(ran.said.contains("snapshot save etcd.snapshot"), "{}", ran.said);
    assert!(ran.said.contains("with kubectl exec, etcdutl: error: unable to upgrade connection"), "{}", ran.said);
    assert!(PHASES[1].starts_with('1'), "phase 1 is the first");
}

/// etcd outside the node: the script uses the API server's own client certificate.
#[test]
fn an_external_etcd_is_asked_with_the_credential_of_the_api_server() {
    let member = Member::start("backup-external");
    let real = tools(&member, "tools", &["etcdctl", "etcdutl"]);
    let pki = member.tree.join("etc/kubernetes/pki/etcd");
    fs::remove_file(member.tree.join("etc/kubernetes/manifests/etcd.yaml")).expect("it is there");
    let manifest = member.tree.join("etc/kubernetes/manifests/kube-apiserver.yaml");
    let text = fs::read_to_string(&manifest).expect("the fixture has an API server");
    let flags = [
        ("etcd-servers", member.endpoint.clone() + ",https://192.0.2.1:2379"),
        ("etcd-cafile", pki.join("ca.crt").display().to_string()),
        ("etcd-certfile", pki.join("server.crt").display().to_string()),
        ("etcd-keyfile", pki.join("server.key").display().to_string()),
    ];
    let lines = text.lines().map(|line| {
        let flag = flags.iter().find(|(flag, _)| line.trim().starts_with(&format!("- --{flag}=")));
        flag.map_or_else(|| line.to_owned(), |(flag, value)| format!("    - --{flag}={value}"))
    });
    fs::write(&manifest, lines.map(|line| line + "\n").collect::<String>()).expect("a file can be written");
    let ran = member.run("run", &[&real], &format!("sh {BACKUP}\nsh {BACKUP} --check"));
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(keys_in(&ran.backup().join("etcd.snapshot")), 1);
}

/// The tools in the container of etcd's Pod write into the data directory, which the node shares, and leave no file
/// there.
#[test]
fn the_tools_in_the_container_of_etcd_are_used_where_the_node_has_none() {
    let member = Member::start("backup-container");
    let real = tools(&member, "tools", &["etcdctl", "etcdutl"]);
    let crictl = format!(
        "#!/bin/sh\ncase $1 in\n  ps) case \"$*\" in *io.kubernetes.pod.name=etcd-cp1*) echo 0123abcd ;; esac ;;\n  exec) shift; [ \"$1\" = 0123abcd ] || exit 1; shift; tool=$1; shift; exec \"{real}/$tool\" \"$@\" ;;\nesac\n",
        real = real.display()
    );
    let crictl = program(&member, "crictl", "crictl", &crictl);
    let hide = "mount --bind /dev/null \"$MACHINE/bin/etcdctl\"; mount --bind /dev/null \"$MACHINE/bin/etcdutl\"";
    let ran = member.run("run", &[&crictl], &format!("{hide}\nsh {BACKUP}\nsh {BACKUP} --check"));
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(keys_in(&ran.backup().join("etcd.snapshot")), 1);
    let left: Vec<_> = fs::read_dir(member.folder.join("data")).expect("a member has data").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
