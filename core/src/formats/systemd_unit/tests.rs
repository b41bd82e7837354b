use super::*;

/// Environment files by their path on the node.
fn given<'a>(files: &'a [(&'a str, &'a str, &'a str)]) -> impl Fn(&str) -> Vec<EnvironmentFile<'a>> {
    move |pattern| {
        let named = files.iter().filter(|(path, ..)| glob::matches(pattern, path));
        named.map(|(path, file, text)| EnvironmentFile { path: (*path).to_owned(), file, text }).collect()
    }
}

fn texts(service: &Service) -> Vec<Vec<(&str, &str)>> {
    let commands = service.commands.iter();
    commands.map(|command| command.iter().map(|word| (word.text.as_str(), word.file.as_str())).collect()).collect()
}

/// kubernetes/release: cmd/krel/templates/latest/kubelet/lib/systemd/system/kubelet.service
const KUBELET: &str = "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n\n[Service]\nExecStart=/usr/bin/kubelet\n\
                       Restart=always\n\n[Install]\nWantedBy=multi-user.target\n";

/// kubernetes/release: cmd/krel/templates/latest/kubeadm/10-kubeadm.conf
const KUBEADM: &str = r#"# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# This is a file that "kubeadm init" and "kubeadm join" generates at runtime
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"#;

#[test]
fn kubeadms_drop_in() {
    let fragments = [Fragment { file: "kubelet.service", text: KUBELET }, Fragment { file: "10.conf", text: KUBEADM }];
    let flags = "KUBELET_KUBEADM_ARGS=\"--node-ip=10.0.0.1 --pod-infra-container-image=pause\"\n";
    let files = [
        ("/var/lib/kubelet/kubeadm-flags.env", "flags.env", flags),
        ("/etc/default/kubelet", "default", "KUBELET_EXTRA_ARGS='--tls-cert-file=/a b.crt'\nKUBECONFIG=/c\n"),
    ];
    let service = service(&fragments, &given(&files));
    assert_eq!(
        texts(&service),
        [[
            ("/usr/bin/kubelet", "10.conf"),
            ("--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf", "10.conf"),
            ("--kubeconfig=/etc/kubernetes/kubelet.conf", "10.conf"),
            ("--config=/var/lib/kubelet/config.yaml", "10.conf"),
            ("--node-ip=10.0.0.1", "flags.env"),
            ("--pod-infra-container-image=pause", "flags.env"),
            ("--tls-cert-file=/a", "default"),
            ("b.crt", "default"),
        ]]
    );
    assert_eq!(service.environment.len(), 1);
    assert_eq!((service.environment[0].0.as_str(), service.environment[0].1.text.as_str()), ("KUBECONFIG", "/c"));
}

fn one(text: &str) -> Service {
    service(&[Fragment { file: "a", text }], &given(&[]))
}

fn words_of(line: &str) -> Vec<String> {
    let text = format!("[Service]\nEnvironment=\"ONE=one\" 'TWO=two two' ONE_MORE=more EMPTY=\nExecStart={line}\n");
    let mut service = one(&text);
    service.commands.remove(0).into_iter().map(|word| word.text).collect()
}

/// The example and rules of systemd.service(5), "Command lines".
#[test]
fn variables_in_command_lines() {
    assert_eq!(words_of("echo $ONE $TWO ${TWO}"), ["echo", "one", "two", "two", "two two"]);
    assert_eq!(words_of("/bin/echo $ONE_MORE $EMPTY ${EMPTY}"), ["/bin/echo", "more", ""]);
    assert_eq!(words_of("/bin/echo $UNSET ${UNSET} x$ONE"), ["/bin/echo", "${UNSET}", "xone"]);
    assert_eq!(words_of("-@/bin/echo 'a b' \"c d\" e\\ f 100%%"), ["/bin/echo", "a b", "c d", "e f", "100%"]);
    assert_eq!(words_of(":/bin/echo $ONE ${TWO}"), ["/bin/echo", "$ONE", "${TWO}"]);
}

/// systemd.syntax(7): comments between continued lines and sections with other names are ignored.
#[test]
fn lines_and_sections() {
    let text = "[Unit]\nExecStart=/no\n[Service]\n; a comment\nExecStart=/bin/a \\\n# a comment\n  --b=/c \\\n  \
                --d\nExecStartPre=/bin/p\nExecStart = /bin/e\\\n\n[Install]\nExecStart=/no\n";
    let commands: Vec<Vec<_>> = texts(&one(text))
        .into_iter()
        .map(|command| command.into_iter().map(|(word, _)| word.to_owned()).collect())
        .collect();
    assert_eq!(commands, [vec!["/bin/a", "--b=/c", "--d"], vec!["/bin/p"], vec!["/bin/e"]]);
    let reset = one("[Service]\nExecStart=/a\nExecStartPre=/p\nEnvironment=A=/x\nEnvironmentFile=/f\nExecStart=\n\
                     Environment=\nEnvironmentFile=\nWorkingDirectory=/w\n");
    assert_eq!(texts(&reset), [[("/p", "a")]]);
    assert!(reset.environment.is_empty() && reset.environment_files.is_empty());
    assert_eq!(reset.working_directory, "/w");
}

/// systemd.exec(5), `EnvironmentFile=`: quotes, comments and continued lines; the file takes precedence over
/// `Environment=`.
#[test]
fn environment_files() {
    let text = "# a\n;b\nA=1\nB=\"two words\" \nC='$A'\nD=a \\\n  b\nexport E=5\nA=2\nnothing\n";
    let pairs = environment(text);
    let last = |name: &str| pairs.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    assert_eq!(
        ["A", "B", "C", "D", "E", "F"].map(last),
        [Some("2"), Some("two words"), Some("$A"), Some("a   b"), Some("5"), None]
    );
    let unit = "[Service]\nEnvironment=A=0 Z=9\nEnvironmentFile=-/f\n";
    let service = service(&[Fragment { file: "unit", text: unit }], &given(&[("/f", "file", text)]));
    let found: Vec<_> = service.environment.iter().map(|(name, word)| (name.as_str(), word.file.as_str())).collect();
    assert_eq!(found, [("A", "file"), ("B", "file"), ("C", "file"), ("D", "file"), ("E", "file"), ("Z", "unit")]);
    assert!(!format!("{service:?}").contains("two words"), "values can be secrets");
}

/// systemd does not start a service whose mandatory `EnvironmentFile=` (without `-`) is missing, and replaces an unset
/// variable by an empty text. In both cases the missing input decides.
#[test]
fn what_was_not_provided_is_named() {
    let unit = "[Service]\nEnvironment=A=1\nEnvironmentFile=-/etc/default/a\nEnvironmentFile=/etc/b/env\n\
        EnvironmentFile=/etc/c\nExecStartPre=/bin/sh -c 'echo $$X $Y ${Z}'\n\
        ExecStart=/bin/a --ca ${CA} $A $ARGS --cert=${C}\nExecReload=/bin/kill -HUP $MAINPID\nExecStop=:/bin/a ${D}\n";
    let fragments = [Fragment { file: "a.service", text: unit }];
    let files = [("/etc/c", "c", "C=/c.crt\n")];
    let file = || "a.service".to_owned();
    let variable = |name: &str| Unknown::Variable { name: name.to_owned(), file: file() };
    let missing = Unknown::EnvironmentFile { path: "/etc/b/env".to_owned(), file: file() };
    assert_eq!(service(&fragments, &given(&files)).unknown, [variable("ARGS"), variable("CA"), variable("Z"), missing]);
    let reset =
        [Fragment { file: "a.service", text: "[Service]\nEnvironmentFile=/b\nEnvironmentFile=\nExecStart=/a\n" }];
    assert_eq!(service(&reset, &given(&[])).unknown, []);
}

/// The files of a folder, and which of them glob(3) gives for each pattern, in its order. glibc 2.36's own answers, from a
/// folder with these files: `python3 -c 'import ctypes; …; ctypes.CDLL("libc.so.6").glob(pattern, 0, None, byref(found))'`.
const FILES: [&str; 18] = [
    "a.env",
    "b.env",
    "B.env",
    "ab.env",
    "1.env",
    "a1.env",
    ".env",
    ".hidden.env",
    "-.env",
    "a]b.env",
    "[a].env",
    "a*b.env",
    "a^.env",
    "x/a.env",
    "x/y/b.env",
    ".d/c.env",
    "env",
    "a-z.env",
];
const GLOB: [(&str, &[&str]); 42] = [
    (
        "*.env",
        &[
            "-.env", "1.env", "B.env", "[a].env", "a*b.env", "a-z.env", "a.env", "a1.env", "a]b.env", "a^.env",
            "ab.env", "b.env",
        ],
    ),
    ("?.env", &["-.env", "1.env", "B.env", "a.env", "b.env"]),
    ("[ab].env", &["a.env", "b.env"]),
    ("[!ab].env", &["-.env", "1.env", "B.env"]),
    ("[^ab].env", &["-.env", "1.env", "B.env"]),
    ("[a-b].env", &["a.env", "b.env"]),
    ("[b-a].env", &[]),
    ("[[:digit:]].env", &["1.env"]),
    ("[[:alpha:]]*.env", &["B.env", "a*b.env", "a-z.env", "a.env", "a1.env", "a]b.env", "a^.env", "ab.env", "b.env"]),
    ("[[:upper:]].env", &["B.env"]),
    (".*.env", &[".hidden.env"]),
    (".env", &[".env"]),
    ("?env", &[]),
    ("[.]env", &[]),
    ("*/*.env", &["x/a.env"]),
    ("x/*.env", &["x/a.env"]),
    ("x/*/*.env", &["x/y/b.env"]),
    ("a\\*b.env", &["a*b.env"]),
    ("a*b.env", &["a*b.env", "a]b.env", "ab.env"]),
    ("[]a]*.env", &["a*b.env", "a-z.env", "a.env", "a1.env", "a]b.env", "a^.env", "ab.env"]),
    ("a[]]b.env", &["a]b.env"]),
    ("a[!]]b.env", &["a*b.env"]),
    ("[a.env", &[]),
    ("\\[a\\].env", &["[a].env"]),
    ("[a].env", &["a.env"]),
    ("[[]a].env", &["[a].env"]),
    ("a?.env", &["a1.env", "a^.env", "ab.env"]),
    ("a[\\^].env", &["a^.env"]),
    ("a[\\]]b.env", &["a]b.env"]),
    ("[-a].env", &["-.env", "a.env"]),
    ("[a-].env", &["-.env", "a.env"]),
    ("a-z.env", &["a-z.env"]),
    ("a[a-]z.env", &["a-z.env"]),
    ("[a-z].env", &["a.env", "b.env"]),
    (".d/*", &[".d/c.env"]),
    ("[[:nope:]].env", &[]),
    ("[[:digit:]b].env", &["1.env", "b.env"]),
    ("a.env\\", &[]),
    ("a\\.env", &["a.env"]),
    ("\\.env", &[".env"]),
    ("[[:punct:]].env", &["-.env"]),
    ("[!-].env", &["1.env", "B.env", "a.env", "b.env"]),
];

#[test]
fn wildcards_are_those_of_glob() {
    for (pattern, expected) in GLOB {
        let mut found: Vec<_> =
            FILES.into_iter().filter(|name| glob::matches(&format!("/e/{pattern}"), &format!("/e/{name}"))).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{pattern}");
    }
    assert!(glob::matches("/e//*.env", "/e/a.env") && !glob::matches("/*.env", "/e/a.env"));
    assert!(!glob::matches("/e/*", "/e/x/a.env"));
}

/// systemd.exec(5): "The file name may contain wildcards"; matches are read in order, and later settings override earlier ones.
#[test]
fn environment_files_with_wildcards() {
    let files = [
        ("/e/10.env", "ten", "A=10\nB=10\n"),
        ("/e/20.env", "twenty", "A=20\n"),
        ("/e/.x.env", "hidden", "A=hidden\n"),
        ("/e/last", "last", "B=last\n"),
    ];
    let unit = |lines: &str| format!("[Service]\n{lines}\nExecStart=/a ${{A}} ${{B}}\n");
    let command = |lines: &str| {
        let text = unit(lines);
        let mut service = service(&[Fragment { file: "unit", text: &text }], &given(&files));
        let words = service.commands.remove(0).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        let named: Vec<_> = service.environment_files.iter().map(|word| word.text.clone()).collect();
        (words, named.join(" "), service.unknown.len())
    };
    let expected = |words: &str, named: &str, unknown| (words.to_owned(), named.to_owned(), unknown);
    assert_eq!(command("EnvironmentFile=/e/*.env"), expected("/a 20 10", "/e/10.env /e/20.env", 0));
    let all = "EnvironmentFile=-/e/*.env\nEnvironmentFile=/e/[k-m]ast";
    assert_eq!(command(all), expected("/a 20 last", "/e/10.env /e/20.env /e/last", 0));
    let first = "EnvironmentFile=/e/last\nEnvironmentFile=/e/?0.env";
    assert_eq!(command(first), expected("/a 20 10", "/e/last /e/10.env /e/20.env", 0));
    // Nothing that was provided matches: the unit does not start without it, or does.
    let none = "Environment=A=1 B=2\nEnvironmentFile=/none/*.env";
    assert_eq!(command(none), expected("/a 1 2", "/none/*.env", 1));
    let optional = "Environment=A=1 B=2\nEnvironmentFile=-/none/*.env";
    assert_eq!(command(optional), expected("/a 1 2", "/none/*.env", 0));
    // A drop-in resets what the unit file named.
    let text = unit("EnvironmentFile=/e/*.env");
    let drop_in = "[Service]\nEnvironmentFile=\nEnvironmentFile=/e/last\nEnvironmentFile=-/e/1*.env\n";
    let fragments = [Fragment { file: "unit", text: &text }, Fragment { file: "drop-in", text: drop_in }];
    let service = service(&fragments, &given(&files));
    assert_eq!(texts(&service), [[("/a", "unit"), ("10", "ten"), ("10", "ten")]]);
    let named: Vec<_> = service.environment_files.iter().map(|word| (word.text.as_str(), word.file.as_str())).collect();
    assert_eq!(named, [("/e/last", "drop-in"), ("/e/10.env", "drop-in")]);
}
