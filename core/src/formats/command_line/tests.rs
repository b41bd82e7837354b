use super::*;

fn of(words: &[&str]) -> Vec<(String, String)> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let arguments = arguments(&words, &|name| (name == "HOME").then(|| "/root".to_owned()));
    arguments.into_iter().map(|argument| (argument.flag.unwrap_or_default(), argument.value)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn flags_in_every_form() {
    let words = ["kubelet", "--a=/x", "--b", "/y", "-c=/z", "-d", "/w", "--e", "--f=", "-g/v", "h"];
    let expected = [
        ("", "kubelet"),
        ("a", "/x"),
        ("b", "/y"),
        ("c", "/z"),
        ("d", "/w"),
        ("e", ""),
        ("f", ""),
        ("g", "/v"),
        ("", "h"),
    ];
    assert_eq!(of(&words), pairs(&expected));
    assert_eq!(of(&["x", "--", "--a=/x"]), pairs(&[("", "x"), ("", "--a=/x")]));
    assert_eq!(of(&["x", "-", "---", "--=1"]), pairs(&[("", "x"), ("", "-"), ("", "---"), ("", "--=1")]));
}

/// Values of `file` and `list` as parsed by spf13/pflag 1.0.9 (with `StringP("file", "f")`, `BoolP("switch", "s")`,
/// `StringSlice("list")`) and Go 1.26's `flag`. Airlock must find all of them.
#[test]
fn every_path_that_the_real_parsers_find_is_found() {
    for (words, values) in [
        (&["--file=/x", "a"][..], &["/x"][..]),
        (&["--file", "/x", "a"], &["/x"]),
        (&["--file=", "a"], &[]),
        (&["--switch", "a"], &[]),
        (&["--switch=true", "a"], &[]),
        (&["-f", "/x"], &["/x"]),
        (&["-f=/x"], &["/x"]),
        (&["-f/x"], &["/x"]),
        (&["-sf", "/x"], &["/x"]),
        (&["--file=/x", "--file=/y"], &["/y"]),
        (&["--", "--file=/x"], &[]),
        (&["a", "--file=/x"], &["/x"]),
        (&["-file=/x"], &["/x"]),
        (&["-file", "/x"], &["/x"]),
        (&["--list=/x,/y"], &["/x", "/y"]),
        (&["--list", "/x", "--list", "/y"], &["/x", "/y"]),
        (&["-", "--file=/x"], &["/x"]),
        (&["--file", "--switch"], &[]),
    ] {
        let found: Vec<String> = of(words).iter().flat_map(|(_, value)| absolute_paths(value)).collect();
        assert!(values.iter().all(|value| found.iter().any(|path| path == value)), "{words:?}: {found:?}");
    }
}

/// Examples of `NamedCertKey` in k8s.io/component-base 0.36.3.
#[test]
fn a_pair_of_certificate_and_key_is_two_paths() {
    for value in ["/a.crt,/a.key", "/a.crt,/a.key:*.example.com,api", " /a.crt , /a.key : a "] {
        assert_eq!(absolute_paths(value), ["/a.crt", "/a.key"], "{value}");
    }
}

#[test]
fn a_script_is_a_command_line_too() {
    let script = "set -e\nPKI=/etc/kubernetes/pki; exec kube-apiserver --client-ca-file \"$PKI/ca.crt\" \
                  --tls-cert-file='/a b/c' ${HOME}/.kube/config >/var/log/x 2>&1";
    let expected = [
        ("", "/bin/sh"),
        ("c", ""),
        ("", "set"),
        ("e", "PKI=/etc/kubernetes/pki"),
        ("", "exec"),
        ("", "kube-apiserver"),
        ("client-ca-file", "/etc/kubernetes/pki/ca.crt"),
        ("tls-cert-file", "/a b/c"),
        ("", "/root/.kube/config"),
        ("", "/var/log/x"),
        ("", "2"),
        ("", "1"),
    ];
    assert_eq!(of(&["/bin/sh", "-c", script]), pairs(&expected));
}

#[test]
fn paths_in_values() {
    for (value, expected) in [
        ("/etc/kubernetes/pki/ca.crt", &["/etc/kubernetes/pki/ca.crt"][..]),
        ("/a/tls.crt,/a/tls.key:*.example.com,api", &["/a/tls.crt", "/a/tls.key"]),
        ("/a.conf:/b.conf", &["/a.conf", "/b.conf"]),
        ("KUBECONFIG=/a.conf", &["/a.conf"]),
        ("https://10.0.0.1:2379/v2,unix:///run/x.sock", &[]),
        ("a=https://10.0.0.1:2380,b=https://10.0.0.2:2380", &[]),
        ("file:///etc/x.yaml", &["/etc/x.yaml"]),
        ("10.96.0.0/12", &[]),
        ("registry.k8s.io/pause:3.10", &[]),
        ("{\"kubeconfig\":\"/etc/a.conf\",\"n\":[\"/b\"]}", &["/etc/a.conf", "/b"]),
        ("/etc//kubernetes/./pki/../pki/ca.crt", &["/etc/kubernetes/pki/ca.crt"]),
        ("/etc/kubernetes/pki/*.crt", &["/etc/kubernetes/pki"]),
        ("/etc/kubernetes/${NAME}/ca.crt", &["/etc/kubernetes"]),
        ("/etc/kubernetes/$(NAME)/ca.crt", &["/etc/kubernetes"]),
        ("$(cat /etc/a)", &["/etc/a"]),
        ("/*", &[]),
        ("/", &[]),
        ("", &[]),
    ] {
        assert_eq!(absolute_paths(value), expected, "{value}");
    }
}

/// Results of `Expand` in k8s.io/kubernetes 1.36.3 (`third_party/forked/golang/expansion`).
#[test]
fn variables_as_kubernetes_replaces_them() {
    let lookup = |name: &str| match name {
        "VAR_A" => Some("A".to_owned()),
        "VAR_EMPTY" => Some(String::new()),
        _ => None,
    };
    for (text, expected) in [
        ("$(VAR_A)", "A"),
        ("___$(VAR_A)___", "___A___"),
        ("$(VAR_EMPTY)", ""),
        ("foo-$(VAR_C)-bar", "foo-$(VAR_C)-bar"),
        ("$$(VAR_A)", "$(VAR_A)"),
        ("$$$(VAR_A)", "$A"),
        ("f000-$VAR_A", "f000-$VAR_A"),
        ("foo\\$(VAR_A)bar", "foo\\Abar"),
        ("$(VAR_A", "$(VAR_A"),
        ("$?_$(VAR_A)$", "$?_A$"),
        ("$VAR_A)", "$VAR_A)"),
        ("${VAR_A}", "${VAR_A}"),
        ("$$VAR_A", "$VAR_A"),
        ("$(é)$é", "$(é)$é"),
        ("$()", "$()"),
        ("$", "$"),
    ] {
        assert_eq!(expand_kubernetes(text, &lookup), expected, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_words_never_panic(words in proptest::collection::vec("[-=/$(){}'\"\\\\ a,:é]{0,12}", 0..5)) {
        for argument in arguments(&words, &|_| Some("/x".to_owned())) {
            for path in absolute_paths(&argument.value) {
                proptest::prop_assert!(path.starts_with('/') && !path.contains("/../"));
            }
        }
    }
}
