//! What error messages about certificates mean.

use crate::state::{
    explain::{Clue, Explanation, Facts, Kind, Part, Suspect},
    recheck::quoted_or_empty as quoted,
};

/// The title of the panel.
pub const TITLE: &str = "Explain an error message";
/// The introduction.
pub const INTRODUCTION: &str = "Paste a message such as “x509: certificate signed by unknown authority”. Matched offline against known errors and the files you loaded.";
/// The label of the field.
pub const LABEL: &str = "Message, a line or a whole log";
/// The placeholder of the field.
pub const PLACEHOLDER: &str = "x509: certificate signed by unknown authority";
/// The text for a private key in the field.
pub const SECRET: &str = "This looks like a key, a certificate or a token, not like a message. It was discarded. \
    Load files in the step Load.";
/// The text for an unknown message.
pub const UNKNOWN: &str =
    "No known certificate error in this text. Paste the line that contains “x509”, “tls” or “certificate”.";
/// The heading of the suspects.
pub const SUSPECTS: &str = "Matching files";
/// The text without suspects.
pub const NO_SUSPECT: &str =
    "No loaded file matches. Load the files of the component that logged this and of the peer it was talking to.";
/// The heading of the instructions.
pub const TO_DO: &str = "What to do";
/// The heading of the commands.
pub const RECHECK: &str = "Verify";

/// The title of an explanation.
pub fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Bundle => "The signing CA file contains two certificates",
        Kind::ClientOfAnotherCa => "The server does not trust the client's CA",
        Kind::Expired => "A certificate has expired",
        Kind::KeyIds => "The issuer has the expected name, but another key",
        Kind::KeyMismatch => "Certificate and private key do not match",
        Kind::NoCertificate => "The client presented no certificate",
        Kind::NotACa => "The issuer is not a CA",
        Kind::NotYetValid => "A certificate is not valid yet",
        Kind::Pin => "The cluster CA does not match the discovery hash",
        Kind::Refused => "The peer rejected the presented certificate",
        Kind::Unauthorized => "The API server rejected the credentials",
        Kind::UnknownAuthority => "The CA of the presented certificate is not trusted",
        Kind::Unreadable => "A file is not a readable certificate or key",
        Kind::Usage => "A certificate is used for a purpose that it does not allow",
        Kind::Weak => "A signature or a key is too weak",
        Kind::WrongCa => "The kubeconfig and the node have different CAs",
        Kind::WrongName => "The server's certificate does not contain the requested name",
    }
}

/// The meaning of a message, as sentences.
pub fn meaning(kind: Kind, facts: &Facts) -> String {
    let text = match kind {
        Kind::Bundle => {
            "kube-controller-manager signs with the first certificate of that file, and exits if it contains two. \
            Trust may be a bundle; the signing certificate may not."
        }
        Kind::ClientOfAnotherCa => {
            "The API server verifies the client's certificate with its --client-ca-file. No CA in that file issued it. \
            The certificate was issued by another CA, or by one that was removed."
        }
        Kind::Expired => {
            "The component that verified it has a clock that is past the expiry date. The issuer does not matter."
        }
        Kind::KeyIds => {
            "The CA was recreated with the same name. OpenSSL compares the key IDs and rejects it; Go reports an unknown authority instead."
        }
        Kind::KeyMismatch => {
            "A certificate contains a public key, and the private key next to it belongs to another one: one of the two files was replaced without the other."
        }
        Kind::NoCertificate => {
            "The server requests a client certificate. The client has none, or none issued by a CA that the server named."
        }
        Kind::NotACa => {
            "A certificate was issued by one without CA: true, or without the right to sign certificates. Often a server certificate is in the place of a CA."
        }
        Kind::NotYetValid => {
            "The component that verified it has a clock before the start of the validity period. Usually that clock is wrong, or the certificate was issued on a machine whose clock was ahead."
        }
        Kind::Pin => {
            "A joining node reads the CA from cluster-info and compares its public key with the discovery hash (caCertHashes). \
            Either the hash is of the previous CA, or cluster-info is."
        }
        Kind::Refused => {
            "This is a TLS alert: the peer rejected the certificate, and the reason is in the peer's log. \
            Usually the client's certificate was issued by a CA that the server does not trust (yet, or any more)."
        }
        Kind::Unauthorized => {
            "The connection works, so the server is trusted. The server does not accept the client's credentials: a certificate of another CA, an expired one, \
            or none. After phase 3, credentials of the old CA get this message."
        }
        Kind::UnknownAuthority if !facts.authority.is_empty() => {
            "A CA with the expected name is trusted, but it is not the issuer: \
            two CAs have the same name, and this side has the other one. This is typical of a CA that was replaced on one side only."
        }
        Kind::UnknownAuthority => {
            "No trusted CA issued the presented certificate: \
            the CA is missing in the trust bundle, or the peer presents a certificate of an unexpected CA."
        }
        Kind::Unreadable => {
            "The file is truncated, contains something else, or has an encoding that its reader does not support."
        }
        Kind::Usage => {
            "A server presents a client certificate, or a client presents a server certificate: extendedKeyUsage defines the purpose."
        }
        Kind::Weak => {
            "Go rejects SHA-1, and OpenSSL rejects keys and digests below its security level. Issue it again."
        }
        Kind::WrongCa => {
            "kubeadm compares the CA in a kubeconfig with the first certificate of ca.crt, and stops if they differ. \
            During a rotation both may be correct: do not run kubeadm init, join or upgrade then."
        }
        Kind::WrongName => {
            "The certificate itself is trusted. It belongs to another server, or the name or address is missing in it."
        }
    };
    text.to_owned()
}

/// The details of a message.
pub fn facts(facts: &Facts) -> Vec<String> {
    let said = |text: &str, sentence: &str| (!text.is_empty()).then(|| sentence.replace("{}", text));
    let names = facts.names.join(", ");
    [
        said(&facts.authority, "CA name: {}."),
        said(&facts.server, "Server: {}."),
        said(&facts.wanted, "Requested name: {}."),
        said(&names, "Names in the certificate: {}."),
        said(&facts.moment, "Validity limit: {}."),
        said(&facts.file, "File: {}."),
        said(&facts.pin, "Discovery hash of the CA that was found: {}."),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What to do, in order.
pub fn to_do(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Bundle => &[
            "Point --cluster-signing-cert-file to a file with one certificate, the one that matches the key. The package does that in phase 1.",
            "Keep ca.crt as a bundle: --client-ca-file and --root-ca-file accept one.",
        ],
        Kind::ClientOfAnotherCa | Kind::Refused => &[
            "Find the client among the matching files, and give it a certificate issued by a CA that the servers trust.",
            "During a rotation: undo the last step so that servers trust both CAs, and continue when every client has its new certificate.",
        ],
        Kind::Expired => &[
            "Renew the certificate (kubeadm certs renew, or the next package). If a CA has expired, an outage cannot be avoided.",
            "Compare the clocks of both machines.",
        ],
        Kind::KeyIds => &[
            "Give the verifying side the CA that issued the certificate, not the one with the same name.",
            "Use a different name for the new CA next time.",
        ],
        Kind::KeyMismatch => &["Restore the matching pair from the package or from a backup: both files."],
        Kind::NoCertificate => &[
            "Configure the client with its certificate and its key.",
            "If it has both: the server lists the CAs that it accepts, and the client's CA is not one of them.",
        ],
        Kind::NotACa => &["Replace the file with the certificate of the CA."],
        Kind::NotYetValid => &[
            "Correct the clock of the machine that reports this.",
            "If the clocks are correct, wait, or issue the certificate again: Airlock's are valid from five minutes before.",
        ],
        Kind::Pin => &[
            "Take the hash from the runbook, or from “kubeadm token create --print-join-command”.",
            "If cluster-info is outdated, add the new CA to it: step 1-cluster-info of the package does that.",
        ],
        Kind::Unauthorized => &[
            "Give the client a credential issued by a CA that is trusted today.",
            "If many clients are rejected at once, phase 3 started before phase 2 was complete: check phase 2 here, then undo phase 3.",
        ],
        Kind::UnknownAuthority => &[
            "Find the issuer of the server's certificate with the first command below, and check with the second whether the client trusts it.",
            "Give the client both CAs. Phase 1 of a rotation does that; this client was missed in phase 1.",
        ],
        Kind::Unreadable => {
            &["Copy the complete file again from its source.", "Write it as PEM with a newline at the end."]
        }
        Kind::Usage => &[
            "Check that server and client files were not swapped.",
            "etcd peers need both purposes in one certificate.",
        ],
        Kind::Weak => &["Issue the certificate again; a rotation signs with SHA-256 or better."],
        Kind::WrongCa => &[
            "Outside of a rotation: put the CA of ca.crt into the kubeconfig, or let kubeadm create it again.",
            "During a rotation: finish it first.",
        ],
        Kind::WrongName => &[
            "Connect with a name that the certificate contains.",
            "Or add the missing name: apiServer.certSANs in kubeadm-config, then kubeadm certs renew apiserver.",
        ],
    }
}

/// Commands that verify the cause, with names from the message.
pub fn commands(explanation: &Explanation) -> Vec<String> {
    let Explanation { kind, facts, suspects, .. } = explanation;
    let or = |text: &str, otherwise: &str| (if text.is_empty() { otherwise } else { text }).to_owned();
    let connects_to = suspects
        .iter()
        .find_map(|suspect| if let Clue::ConnectsTo(server) = &suspect.clue { Some(server) } else { None });
    let server = match connects_to {
        _ if !facts.server.is_empty() => facts.server.clone(),
        Some(server) => server.trim_start_matches("https://").to_owned(),
        None => format!("{}:6443", or(&facts.wanted, "SERVER")),
    };
    // The path of the first match on its node; these commands cannot read a kubeconfig.
    let certificates = |suspect: &&Suspect| suspect.place.starts_with('/') && !suspect.place.ends_with(".conf");
    let found = suspects.iter().find(certificates).map(|suspect| quoted(&suspect.place)).unwrap_or_default();
    let file = or(&quoted(&facts.file), &or(&found, "FILE"));
    let stem = file.trim_end_matches(".crt").trim_end_matches(".key");
    let shown = format!(
        "openssl s_client -connect {server} -showcerts </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"
    );
    let trusted = "kubectl config view --raw --minify -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d | openssl storeutl -noout -text -certs /dev/stdin".to_owned();
    let own = "kubectl config view --raw --minify -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d | openssl x509 -noout -subject -issuer -dates".to_owned();
    match kind {
        Kind::Bundle => vec![format!("grep -c BEGIN {}", or(&facts.file, "/etc/kubernetes/pki/ca.crt"))],
        Kind::ClientOfAnotherCa | Kind::Refused | Kind::Unauthorized | Kind::NoCertificate => {
            vec![
                own,
                "openssl storeutl -noout -text -certs /etc/kubernetes/pki/ca.crt | grep -e Subject: -e 'Not After'"
                    .to_owned(),
            ]
        }
        Kind::UnknownAuthority => vec![shown, trusted],
        Kind::Expired | Kind::NotYetValid => {
            vec![shown, "kubeadm certs check-expiration".to_owned(), "date -u".to_owned()]
        }
        Kind::WrongName => vec![shown],
        Kind::KeyMismatch => {
            vec![format!("diff <(openssl x509 -noout -pubkey -in {stem}.crt) <(openssl pkey -pubout -in {stem}.key)")]
        }
        Kind::KeyIds => {
            vec![format!("openssl x509 -noout -subject -ext subjectKeyIdentifier,authorityKeyIdentifier -in {file}")]
        }
        Kind::Pin => vec![
            "openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum"
                .to_owned(),
        ],
        Kind::NotACa | Kind::Usage => {
            vec![format!("openssl x509 -noout -subject -ext basicConstraints,keyUsage,extendedKeyUsage -in {file}")]
        }
        Kind::Weak => {
            vec![format!("openssl x509 -noout -text -in {file} | grep -e 'Signature Algorithm' -e Public-Key")]
        }
        Kind::Unreadable => vec![format!("openssl x509 -noout -subject -in {file}")],
        Kind::WrongCa => {
            vec![trusted, "openssl x509 -noout -subject -fingerprint -sha256 -in /etc/kubernetes/pki/ca.crt".to_owned()]
        }
    }
}

/// A suspect's part.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Client => "possible client",
        Part::File => "possible file",
        Part::Server => "possible server",
        Part::Trust => "possible trust bundle",
    }
}

/// The holder and the location of a suspect.
pub fn place(suspect: &Suspect) -> String {
    let all = [suspect.holder.as_str(), suspect.place.as_str()];
    let place = all.iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(": ");
    if place.is_empty() { suspect.file.clone() } else { place }
}

/// Why a suspect may be the cause.
pub fn clue(clue: &Clue) -> String {
    match clue {
        Clue::Begins(moment) => format!("certificate valid from {moment}"),
        Clue::ConnectsTo(server) => format!("connects to {server}"),
        Clue::Expired(moment) => format!("certificate expired on {moment}"),
        Clue::Holds(certificates) => format!("contains {certificates} certificates"),
        Clue::Names(names) => format!("certificate names: {}", names.join(", ")),
        Clue::OtherCa(names) => format!("its CA is {}, but ca.crt starts with another one", names.join(" and ")),
        Clue::OtherKey => "private key does not match the certificate".to_owned(),
        Clue::OtherKeyId => "no CA with that name has the issuer's key ID".to_owned(),
        Clue::Pin(pin) => format!("the CA with {pin}"),
        Clue::Said(said) => said.clone(),
        Clue::SignedBy(signer) => format!("presents a certificate issued by {signer}"),
        Clue::SignedByNobody(issuer) => {
            format!("presents a certificate of {issuer}, which no loaded CA issued")
        }
        Clue::TrustsOnly(names) => format!("trusts only {}", names.join(" and ")),
    }
}

/// Suspects that are not named.
pub fn more(more: usize) -> String {
    format!("{} more", super::text::count(more, "file"))
}

/// The number of explanations, for screen readers.
pub fn found(explanations: usize) -> String {
    match explanations {
        0 => UNKNOWN.to_owned(),
        found => format!("{} below.", super::text::count(found, "explanation")),
    }
}
