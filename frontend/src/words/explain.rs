//! What error messages about certificates mean.

use crate::state::explain::{Clue, Explanation, Facts, Kind, Part, Suspect};

/// Over the part.
pub const TITLE: &str = "Explain an error";
/// What it does.
pub const INTRODUCTION: &str = "Paste what a program says about certificates, such as “x509: certificate signed by unknown authority”. \
    It is looked up here, with the files that are loaded as suspects.";
/// Over the field.
pub const LABEL: &str = "The message, a line or a whole log";
/// A private key in the field.
pub const SECRET: &str = "This looks like a key, a certificate or a token, not like a message, and was forgotten at once. \
    Files are loaded in the step Load.";
/// A text in which nothing is known.
pub const UNKNOWN: &str = "No message about certificates that Airlock knows is in this text. Paste the line that has “x509”, “tls” or “certificate” in it.";
/// Over the suspects.
pub const SUSPECTS: &str = "Suspects among the loaded files";
/// No suspect.
pub const NO_SUSPECT: &str =
    "None of the loaded files speaks for it. Load the files of whoever said this, and of whom it was said to.";
/// Over what to do.
pub const TO_DO: &str = "What to do";
/// Over the commands.
pub const RECHECK: &str = "Look for yourself";

/// What went wrong, in a few words.
pub fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Bundle => "Two CAs where only one may be",
        Kind::ClientOfAnotherCa => "The server does not know the CA of the client's certificate",
        Kind::Expired => "A certificate has ended",
        Kind::KeyIds => "The issuer has the right name and another key",
        Kind::KeyMismatch => "Certificate and private key do not belong together",
        Kind::NoCertificate => "The client showed no certificate",
        Kind::NotACa => "What signed this is no CA",
        Kind::NotYetValid => "A certificate has not begun yet",
        Kind::Pin => "The cluster's CA is not the one whose pin was given",
        Kind::Refused => "The other side refused the certificate that was shown to it",
        Kind::Unauthorized => "The API server does not know who is asking",
        Kind::UnknownAuthority => "The CA of the certificate that was shown is not trusted",
        Kind::Unreadable => "A file is no certificate or key that can be read",
        Kind::Usage => "A certificate is used for what it was not made for",
        Kind::Weak => "A signature or a key is too weak",
        Kind::WrongCa => "The kubeconfig has another CA than the node",
        Kind::WrongName => "The server's certificate has other names than the one that was looked for",
    }
}

/// What it means, as sentences.
pub fn meaning(kind: Kind, facts: &Facts) -> String {
    let text = match kind {
        Kind::Bundle => {
            "kube-controller-manager signs with the first certificate of that file, and refuses to guess when there are two. \
            Trust may be a bundle; what signs may not."
        }
        Kind::ClientOfAnotherCa => {
            "The API server compares the client's certificate with its --client-ca-file, and found no CA there that signed it. \
            The client is somebody whose certificate is of another CA, or of one that was taken away."
        }
        Kind::Expired => {
            "Whoever looked at it has a clock that stands after its end. It does not matter who signed it."
        }
        Kind::KeyIds => {
            "The CA was made anew under the same name. OpenSSL looks at the key ids and refuses; Go would have said that the authority is unknown."
        }
        Kind::KeyMismatch => {
            "A certificate holds a public key, and the private key beside it is the half of another one: one of the two files was replaced without the other."
        }
        Kind::NoCertificate => {
            "The server asks its clients for a certificate, and this one has none, or none of a CA that the server named."
        }
        Kind::NotACa => {
            "A certificate was signed by one that does not say “CA” of itself, or may not sign. Often a leaf lies in the place of a CA."
        }
        Kind::NotYetValid => {
            "Whoever looked at it has a clock that stands before its beginning. Most often that clock is wrong, or the certificate was made on a machine whose clock was ahead."
        }
        Kind::Pin => {
            "A node that joins reads the CA from cluster-info and compares its public key with the pin (caCertHashes) that it was given. \
            Either the pin is of the CA before, or cluster-info is."
        }
        Kind::Refused => {
            "This is an alert: the side that speaks was refused, and the reason stands in the other side's log. \
            Most often the client's certificate is of a CA that the server no longer, or not yet, trusts."
        }
        Kind::Unauthorized => {
            "The connection came about, so the server is trusted. What the client showed is nobody to it: a certificate of another CA, one that has ended, \
            or none at all. After phase 3 this is what a credential of the old CA gets."
        }
        Kind::UnknownAuthority if !facts.authority.is_empty() => {
            "A CA of the right name is trusted, but it is not the one that signed: \
            there are two CAs of one name, and this side has the other one. That is the usual picture of a CA that was replaced on one side only."
        }
        Kind::UnknownAuthority => {
            "Nobody whom this side trusts has signed the certificate that it was shown: \
            the CA is missing in its trust, or the other side shows a certificate of another CA than expected."
        }
        Kind::Unreadable => {
            "The file was cut off, holds something else, or is in another encoding than its reader takes."
        }
        Kind::Usage => {
            "A client's certificate is shown by a server, or a server's by a client: extendedKeyUsage says what it is for."
        }
        Kind::Weak => {
            "Go refuses SHA-1, and OpenSSL refuses keys and digests below its security level. Making it anew mends it."
        }
        Kind::WrongCa => {
            "kubeadm compares the CA in a kubeconfig with the first certificate of ca.crt, and stops where they differ. \
            In the middle of a rotation both may be right: do not let kubeadm init, join or upgrade run then."
        }
        Kind::WrongName => {
            "The certificate itself is trusted. It is of another server, or the server has a name or an address that nobody put into it."
        }
    };
    text.to_owned()
}

/// What the message says beyond its kind.
pub fn facts(facts: &Facts) -> Vec<String> {
    let said = |text: &str, sentence: &str| (!text.is_empty()).then(|| sentence.replace("{}", text));
    let names = facts.names.join(", ");
    [
        said(&facts.authority, "The CA that was tried is called {}."),
        said(&facts.wanted, "Looked for: {}."),
        said(&names, "The certificate has: {}."),
        said(&facts.moment, "The end or beginning in question: {}."),
        said(&facts.file, "The file: {}."),
        said(&facts.pin, "The pin of the CA that was found: {}."),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What to do, in order.
pub fn to_do(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Bundle => &[
            "Let --cluster-signing-cert-file name a file of one certificate, the one that fits the key; the package does that in phase 1.",
            "Leave ca.crt as the bundle that it is: --client-ca-file and --root-ca-file take one.",
        ],
        Kind::ClientOfAnotherCa | Kind::Refused => &[
            "Find the client among the suspects, and give it a certificate of the CA that the servers trust.",
            "In a rotation: go back to the step before, so that servers trust both CAs, and go on when every client has its new certificate.",
        ],
        Kind::Expired => &[
            "Renew the certificate (kubeadm certs renew, or the next package); if a CA has ended, there is no way without an outage.",
            "Compare the clocks of both machines.",
        ],
        Kind::KeyIds => &[
            "Give the reader the CA that signed, not the one of the same name.",
            "Give the new CA another name next time.",
        ],
        Kind::KeyMismatch => {
            &["Find the pair that was made together, in the package or in a backup, and put both files into place."]
        }
        Kind::NoCertificate => &[
            "Give the client its certificate and key, and check that it names both.",
            "If it has one: the server names the CAs that it takes, and the client's is not among them.",
        ],
        Kind::NotACa => &["Put the CA's own certificate where the leaf is."],
        Kind::NotYetValid => &[
            "Set the clock of the machine that complains.",
            "If the clocks are right, wait, or make the certificate anew: Airlock's begin five minutes early.",
        ],
        Kind::Pin => &[
            "Take the pin from the runbook, or from “kubeadm token create --print-join-command”.",
            "If cluster-info is old, put the new CA into it: the package's step 1-cluster-info does.",
        ],
        Kind::Unauthorized => &[
            "Give the person or program a credential of the CA that is trusted today.",
            "If many are refused at once, somebody went on to phase 3 before phase 2 was done: check phase 2 here, then undo phase 3.",
        ],
        Kind::UnknownAuthority => &[
            "See which CA the server's certificate is of, with the first command below, and whether the client's file has that CA, with the second.",
            "Give the client both CAs. In a rotation that is what phase 1 does; somebody was left out of it.",
        ],
        Kind::Unreadable => &[
            "Copy the file again, as a whole, from where it was made.",
            "Write it as PEM with a line end after the last line.",
        ],
        Kind::Usage => &[
            "Check that the files of server and client were not mixed up.",
            "etcd's peers need both uses in one certificate.",
        ],
        Kind::Weak => &["Make the certificate anew; a rotation signs with SHA-256 or better."],
        Kind::WrongCa => &[
            "Outside of a rotation: put the CA of ca.crt into the kubeconfig, or let kubeadm make it anew.",
            "In a rotation: finish it first.",
        ],
        Kind::WrongName => &[
            "Connect by a name that the certificate has.",
            "Or put the missing name into it: apiServer.certSANs in kubeadm-config, then kubeadm certs renew apiserver.",
        ],
    }
}

/// Commands that show it again, with the names of the message in them.
pub fn commands(explanation: &Explanation) -> Vec<String> {
    let Explanation { kind, facts, suspects, .. } = explanation;
    let or = |text: &str, otherwise: &str| (if text.is_empty() { otherwise } else { text }).to_owned();
    let server = match suspects
        .iter()
        .find_map(|suspect| if let Clue::ConnectsTo(server) = &suspect.clue { Some(server) } else { None })
    {
        Some(server) => server.trim_start_matches("https://").to_owned(),
        None => format!("{}:6443", or(&facts.wanted, "SERVER")),
    };
    let file = or(&facts.file, "FILE");
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
            vec!["diff <(openssl x509 -noout -pubkey -in FILE.crt) <(openssl pkey -pubout -in FILE.key)".to_owned()]
        }
        Kind::KeyIds => {
            vec!["openssl x509 -noout -subject -ext subjectKeyIdentifier,authorityKeyIdentifier -in FILE".to_owned()]
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
        Part::Client => "may be the client",
        Part::File => "may be the file",
        Part::Server => "may be the server",
        Part::Trust => "may be what is trusted",
    }
}

/// Whose, and where.
pub fn place(suspect: &Suspect) -> String {
    let all = [suspect.holder.as_str(), suspect.place.as_str()];
    let place = all.iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(": ");
    if place.is_empty() { suspect.file.clone() } else { place }
}

/// What speaks against a suspect.
pub fn clue(clue: &Clue) -> String {
    match clue {
        Clue::Begins(moment) => format!("its certificate begins on {moment}"),
        Clue::ConnectsTo(server) => format!("it connects to {server}"),
        Clue::Expired(moment) => format!("its certificate ended on {moment}"),
        Clue::Holds(certificates) => format!("it holds {certificates} certificates"),
        Clue::Names(names) => format!("its certificate has {}", names.join(", ")),
        Clue::OtherCa(names) => format!("its CA is {}, and ca.crt begins with another one", names.join(" and ")),
        Clue::OtherKey => "its private key is another one than its certificate's".to_owned(),
        Clue::OtherKeyId => "the key id of its issuer is no CA's of that name".to_owned(),
        Clue::Pin(pin) => format!("it is the CA of {pin}"),
        Clue::Said(said) => said.clone(),
        Clue::SignedBy(signer) => format!("it shows a certificate of {signer}"),
        Clue::SignedByNobody(issuer) => {
            format!("it shows a certificate of {issuer}, and no CA among the files signed it")
        }
        Clue::TrustsOnly(names) => format!("it trusts {} alone", names.join(" and ")),
    }
}

/// Suspects that are not named.
pub fn more(more: usize) -> String {
    format!("and {} more", super::count(more, "suspect"))
}

/// How much was found, for those who listen.
pub fn found(explanations: usize) -> String {
    match explanations {
        0 => UNKNOWN.to_owned(),
        found => format!("{} below.", super::count(found, "explanation")),
    }
}
