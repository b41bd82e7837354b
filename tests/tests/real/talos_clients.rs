//! The other content of a package for Talos: talosconfigs and kubeconfigs, the cluster's new secrets, and new CAs in
//! Talos' format.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, sync::OnceLock};

use airlock_tests::{
    oracle::{Endpoint, Handshake, HandshakeResult, Usage, Verify, ask, assert_all_verify, assert_all_verify_strictly},
    rotation::{PHASES, Rotation},
    secrets::Secrets,
    talos::{APIS, CONTRACTS, files, now, read, request, to_the_fixtures_cas},
    tools::succeed,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    hash::MessageDigest,
    pkey::{Id, PKey, Private},
    x509::{X509, X509Builder, X509NameBuilder, extension::SubjectAlternativeName},
};

/// The ports of both APIs.
const ADDRESS: &str = "10.5.1.2";

/// The values of a field of a YAML file with lines of the form `field: value`, in order.
fn fields(text: &str, name: &str) -> Vec<String> {
    let values =
        text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(name)?.strip_prefix(": "));
    values.map(str::to_owned).collect()
}

fn decoded(value: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(value).expect("base64")).expect("PEM")
}

/// The certificate and key below the line `section:` in the cluster's secrets, as PEM.
fn secret(text: &str, section: &str) -> (String, String) {
    let rest = text.split_once(&format!("\n    {section}:\n")).unwrap_or_else(|| panic!("{section} is not there")).1;
    let value = |name| decoded(&fields(rest, name)[0]);
    (value("crt"), value("key"))
}

/// A key that OpenSSL reads: it does not know Talos' PEM label, whose content is PKCS#8.
fn key(pem: &str) -> PKey<Private> {
    PKey::private_key_from_pem(pem.replace("ED25519 PRIVATE KEY", "PRIVATE KEY").as_bytes()).expect("a private key")
}

/// The certificate that a machine presents, issued with OpenSSL by one of the fixtures' CAs.
fn server(authority: &(String, String)) -> (String, String) {
    let issuer = X509::from_pem(authority.0.as_bytes()).expect("a certificate");
    let of_issuer = key(&authority.1);
    let own = if of_issuer.id() == Id::ED25519 { PKey::generate_ed25519() } else { Ok(of_issuer.clone()) };
    let own = own.expect("a key");
    let make = || {
        let mut builder = X509Builder::new()?;
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("CN", "server")?;
        builder.set_version(2)?;
        builder.set_serial_number(&*BigNum::from_u32(7)?.to_asn1_integer()?)?;
        builder.set_subject_name(&name.build())?;
        builder.set_issuer_name(issuer.subject_name())?;
        builder.set_not_before(&*Asn1Time::from_unix(now().0)?)?;
        builder.set_not_after(&*Asn1Time::from_unix(now().0 + 86400)?)?;
        builder.set_pubkey(&own)?;
        let names = SubjectAlternativeName::new().ip(ADDRESS).build(&builder.x509v3_context(Some(&issuer), None))?;
        builder.append_extension(names)?;
        let digest = if of_issuer.id() == Id::ED25519 { MessageDigest::null() } else { MessageDigest::sha256() };
        builder.sign(&of_issuer, digest)?;
        Ok::<_, openssl::error::ErrorStack>((builder.build().to_pem()?, own.private_key_to_pem_pkcs8()?))
    };
    let (certificate, key) = make().expect("OpenSSL issues");
    (String::from_utf8(certificate).expect("PEM"), String::from_utf8(key).expect("PEM"))
}

/// A client's configuration as one end of a handshake.
fn client(text: &str, [trust, certificate, private]: [&str; 3]) -> Endpoint {
    let value = |name| decoded(&fields(text, name)[0]);
    let key = value(private).replace("ED25519 PRIVATE KEY", "PRIVATE KEY");
    Endpoint { certificate: value(certificate), key, roots: value(trust) }
}

/// A kind of client.
struct ClientKind {
    api: &'static str,
    /// Its file in the package.
    file: &'static str,
    /// The fields of its trusted CAs, its certificate and its key.
    fields: [&'static str; 3],
    /// Its CA in the cluster's secrets.
    section: &'static str,
    /// Its rows in the connection matrix, by the phase for which it is made.
    rows: [&'static str; 3],
}

const CLIENTS: [ClientKind; 2] = [
    ClientKind {
        api: "talos",
        file: "talosconfig",
        fields: ["ca", "crt", "key"],
        section: "os",
        rows: ["bundle CAs+old cert", "bundle CAs+new cert", "new"],
    },
    ClientKind {
        api: "kubernetes",
        file: "kubeconfig.conf",
        fields: ["certificate-authority-data", "client-certificate-data", "client-key-data"],
        section: "k8s",
        rows: ["fetched-at-1-add", "fetched-at-2-swap", "fetched-at-3-drop"],
    },
];

/// Go's TLS connects to each machine of a phase with the clients' configurations that work with it according to Talos'
/// own packages: throughout its phase and the next with each, and no longer after its CA or its certificate is removed.
#[test]
fn clients_reach_machines_in_the_phases_in_which_they_should() {
    let matrix = read("rotation/reach-matrix.txt");
    let reaches = |api: &str, phase: usize, row: &str| {
        let state = ["phase 0 ", "phase 1-add ", "phase 2-swap ", "phase 3-drop "][phase];
        let mut lines = matrix.lines().filter(|line| line.starts_with(api) && line.contains(state));
        let line = lines.find(|line| line.contains(&format!(" {row} "))).unwrap_or_else(|| panic!("{state}{row}"));
        !line.contains("FAIL")
    };
    for contract in CONTRACTS {
        let rotation = to_the_fixtures_cas(contract, &APIS.map(|(id, _)| id));
        let (mut questions, mut expected) = (Vec::new(), Vec::new());
        for ClientKind { api, file, fields, section, rows } in CLIENTS {
            let [old, new] =
                ["cluster-a/secrets.yaml", "rotation/new-secrets.yaml"].map(|name| secret(&read(name), section));
            let both = [old.0.clone(), new.0.clone()].concat();
            let states = [(&old, &old.0), (&old, &both), (&new, &both), (&new, &new.0)];
            for (phase, row) in (1..=3).zip(rows) {
                let text = rotation.text(&format!("{}/clients/{file}", PHASES[phase]));
                for (state, (issuer, accepted)) in states.into_iter().enumerate() {
                    let (certificate, key) = server(issuer);
                    questions.push(Handshake {
                        what: format!("{contract}: {file} of phase {phase}, machine of phase {state}"),
                        server: Endpoint { certificate, key, roots: accepted.clone() },
                        client: client(&text, fields),
                        server_name: ADDRESS.to_owned(),
                        time: now(),
                    });
                    expected.push(reaches(api, state, row));
                }
            }
        }
        let answers: Vec<HandshakeResult> = ask("tls", &questions);
        assert_eq!(questions.len(), 24);
        for ((question, answer), expected) in questions.iter().zip(&answers).zip(expected) {
            assert_eq!(answer.ok, expected, "{}: “{}”, “{}”", question.what, answer.server, answer.client);
        }
        let groups: Vec<_> =
            answers.iter().filter(|answer| answer.ok).flat_map(|answer| &answer.organizations).collect();
        assert!(groups.iter().all(|group| ["os:admin", "system:masters"].contains(&group.as_str())), "{groups:?}");
    }
}

/// Except for the values that change, every byte of the input stays.
#[test]
fn only_values_change_in_what_was_given() {
    for contract in CONTRACTS {
        let rotation = to_the_fixtures_cas(contract, &APIS.map(|(id, _)| id));
        let given = |name: &str| files(contract).into_iter().find(|file| file.path == name).expect("it is given");
        for (file, output, places) in [
            ("talosconfig", "talosconfig", vec!["ca", "crt", "key"]),
            (
                "kubeconfig",
                "kubeconfig.conf",
                vec!["certificate-authority-data", "client-certificate-data", "client-key-data"],
            ),
        ] {
            let airlock_core::Content::Bytes(before) = given(file).content else { panic!("{file} is bytes") };
            let before = String::from_utf8(before.to_vec()).expect("UTF-8");
            for phase in &PHASES[1..] {
                let after = rotation.text(&format!("{phase}/clients/{output}"));
                let changed = changes(&before, &after);
                assert!(
                    !changed.is_empty() && changed.iter().all(|name| places.contains(&name.as_str())),
                    "{changed:?}"
                );
                assert_eq!(changed.contains(&places[2].to_owned()), *phase != PHASES[1], "{file} of {phase}");
            }
        }
        let (before, after) = (read("cluster-a/secrets.yaml"), rotation.text("3-drop-old/secrets.yaml"));
        assert_eq!(changes(&before, &after), ["crt", "key", "crt", "key"], "{contract}");
        for section in ["os", "k8s"] {
            assert_eq!(secret(&after, section), secret(&read("rotation/new-secrets.yaml"), section), "{section}");
        }
    }
}

/// The names of the fields in which two texts with the same number of lines differ.
fn changes(before: &str, after: &str) -> Vec<String> {
    assert_eq!(before.split('\n').count(), after.split('\n').count());
    let differ = before.split('\n').zip(after.split('\n')).filter(|(before, after)| before != after);
    let name = |line: &str| line.trim_start_matches([' ', '-']).split(':').next().unwrap_or_default().to_owned();
    let both = differ.map(|(before, after)| (name(before), name(after)));
    both.inspect(|(before, after)| assert_eq!(before, after)).map(|(name, _)| name).collect()
}

/// A rotation to CAs that Airlock generates, built once per test process.
fn made() -> &'static Rotation {
    static MADE: OnceLock<Rotation> = OnceLock::new();
    MADE.get_or_init(|| Rotation::at(now(), files("1.13"), &request(&APIS.map(|(id, _)| id)), "talos-made"))
}

/// OpenSSL's output for a certificate, without the fields that differ between certificates: serial number, dates, key
/// and its identifier, signature.
fn shape(pem: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-text", "-certopt", "no_serial,no_validity,no_sigdump"]);
    let text = String::from_utf8(airlock_tests::tools::feed(&mut command, pem.as_bytes()).stdout).expect("text");
    let is_hex = |line: &&str| {
        let line = line.trim().trim_end_matches(':');
        !line.is_empty() && line.split(':').all(|byte| byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    text.lines().filter(|line| !is_hex(line)).collect::<Vec<_>>().join("\n")
}

/// New CAs have Talos' format: name, key, extensions in their order, PEM label of the key, ten years.
#[test]
fn new_authorities_are_in_talos_own_shape() {
    let rotation = made();
    let theirs = read("rotation/new-secrets.yaml");
    for ((section, name), header) in
        [("os", "talos-ca"), ("k8s", "kubernetes-ca")].into_iter().zip(["ED25519 PRIVATE KEY", "EC PRIVATE KEY"])
    {
        let (certificate, private) = secret(&rotation.text("3-drop-old/secrets.yaml"), section);
        let (expected, of_theirs) = secret(&theirs, section);
        assert_eq!(shape(&certificate), shape(&expected));
        assert_ne!(certificate, expected);
        for pem in [&private, &of_theirs] {
            assert!(pem.starts_with(&format!("-----BEGIN {header}-----\n")), "{section}");
        }
        assert!([&certificate, &private].iter().all(|pem| pem.ends_with("-----\n")));
        let (new, private) = (X509::from_pem(certificate.as_bytes()).expect("a certificate"), key(&private));
        assert!(new.public_key().expect("a key").public_eq(&private), "{section}");
        let lives = new.not_before().diff(new.not_after()).expect("dates");
        assert_eq!(lives.days, 3650, "{section}");
        assert_eq!(rotation.text(&format!("ca-keys/{name}.crt")), certificate);
    }
}

/// Go, and OpenSSL in strict mode, accept the client certificates of the new CAs.
#[test]
fn new_credentials_verify() {
    let rotation = made();
    let mut questions = Vec::new();
    for ClientKind { file, fields, .. } in CLIENTS {
        for phase in &PHASES[2..] {
            let Endpoint { certificate, roots, .. } =
                client(&rotation.text(&format!("{phase}/clients/{file}")), fields);
            let what = format!("{file} of {phase}");
            questions.push(Verify {
                what,
                roots,
                certificate,
                usage: Usage::Client,
                dns_name: String::new(),
                time: now(),
            });
        }
    }
    assert_eq!(questions.len(), 4);
    assert_all_verify(&questions);
    assert_all_verify_strictly(&questions);
}

/// Every file with a key is readable only by its owner, and no key is in another file.
#[test]
fn keys_are_nowhere_but_in_their_files() {
    let rotation = made();
    let (mut secrets, mut open) = (Secrets::default(), Vec::new());
    for path in rotation.paths() {
        let text = rotation.text(&path);
        let mode = fs::metadata(rotation.root().join(&path)).expect("it is there").permissions().mode() & 0o777;
        match mode {
            0o600 => secrets.add(&text),
            _ => open.push((path, text)),
        }
    }
    assert!(secrets.len() > 20);
    open.extend([("reports".to_owned(), format!("{:?}{:?}{:?}", rotation.inventory, rotation.plan, rotation.package))]);
    assert!(open.iter().any(|(path, _)| path.ends_with("workers/kubernetes.patch.yaml")));
    for (path, text) in &open {
        assert_eq!(secrets.find_in(text), None, "{path} holds a private key");
    }
    succeed(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(rotation.root()));
}

/// Each step has the keys that its machines need.
#[test]
fn each_step_says_how_it_is_carried_out() {
    let manifest = made().manifest();
    assert_eq!(manifest["platform"], "talos");
    for step in manifest["steps"].as_array().expect("steps") {
        let keys: Vec<_> = step.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["id", "phase", "holder", "title", "run", "gate", "undo"]);
        assert!(["cluster", "clients"].contains(&step["holder"].as_str().expect("a text")), "{step}");
    }
}
