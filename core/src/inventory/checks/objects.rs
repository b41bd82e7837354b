//! Secrets, ConfigMaps and other objects that no component of the cluster updates and that depend on a rotated CA: issuers, trust bundles,
//! leaf certificates, kubeconfigs.

use std::collections::{BTreeMap, BTreeSet};

use super::{iteration::names, signatures::signature_not_judged};
use crate::{
    finding::{Finding, Severity},
    inventory::{
        model::{
            copies::{CaCopy, CopiedValue, CopyKind, Form, Unread},
            inventory::{Inventory, PASSWORD_NEEDED, PASSWORD_WRONG},
        },
        writers::WrittenBy,
    },
    profile::{AuthorityId, AuthorityRow},
    text::shell::quote,
    x509::{Certificate, SignatureVerdict},
};

/// The code of findings about keystores that cannot be read.
const NOT_READ: &str = "keystore-not-read";

/// How an object depends on a CA. Objects that are equal in everything here are named in one finding.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Dependency<'a> {
    /// Its kind.
    object: &'a str,
    name: &'a str,
    id: AuthorityId,
    /// The keys in its data under which it trusts the CA.
    trusts: Vec<&'a str>,
    /// The keys in its data with certificates that the CA issued: the first one of each.
    issued: BTreeMap<&'a str, Issued>,
    /// The key in its data that holds the CA's private key.
    private_key: Option<&'a str>,
    /// The key in its data that holds a kubeconfig, and whether it is base64 text there.
    kubeconfig: Option<(&'a str, bool)>,
    /// Where to change it, if another program writes it.
    source: &'a str,
}

/// A certificate that a rotated CA issued.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Issued {
    subject: String,
    is_authority: bool,
    /// SHA-256 of its DER.
    fingerprint: [u8; 32],
}

/// A rotated CA.
struct Old<'a> {
    row: &'a AuthorityRow,
    certificate: &'a Certificate,
    /// Other CAs in objects that it issued.
    intermediates: Vec<&'a Certificate>,
}

/// Objects whose writer is no component of the cluster.
pub(super) fn others(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let copies: Vec<&CaCopy> = inventory.copies.iter().filter(|copy| copy.kind == CopyKind::Other).collect();
    let olds = olds(inventory, &copies);
    let mut alike: BTreeMap<(&str, Dependency<'_>), Vec<&CaCopy>> = BTreeMap::new();
    let mut unrelated: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for copy in copies {
        findings.extend(copy.unread.iter().map(|(key, unread)| not_read(copy, key, *unread)));
        let mut related = copy.authorities().next().is_some() || copy.values.is_empty();
        for old in &olds {
            not_judged(copy, old, findings);
            if let Some(dependency) = old.dependency(copy) {
                related = true;
                alike.entry((&copy.file, dependency)).or_default().push(copy);
            }
        }
        if !related {
            *unrelated.entry((&copy.file, &copy.object)).or_default() += 1;
        }
    }
    findings.extend(alike.iter().map(|((file, dependency), copies)| dependency.finding(inventory, file, copies)));
    for ((file, object), count) in unrelated {
        let message = format!("certificates that this cluster's CAs did not issue: {count} {object}");
        findings.push(Finding::note("unrecognised", file, message));
    }
}

/// The rotated CAs, with the intermediate CAs of each among these objects.
fn olds<'a>(inventory: &'a Inventory, copies: &[&'a CaCopy]) -> Vec<Old<'a>> {
    let rows = inventory.profile.authorities.iter().filter(|row| row.rotates);
    let old = |row: &'a AuthorityRow| {
        let certificate = &inventory.authorities.get(&row.id)?.certificate;
        let mut old = Old { row, certificate, intermediates: Vec::new() };
        let found = copies.iter().flat_map(|copy| copy.authorities());
        old.intermediates = found.filter(|one| old.verdict(one) == SignatureVerdict::Valid).collect();
        Some(old)
    };
    rows.filter_map(old).collect()
}

/// A keystore that was not read, which has to be acknowledged: it may depend on a rotated CA.
fn not_read(copy: &CaCopy, key: &str, unread: Unread) -> Finding {
    let whose = format!("{} {}", copy.object, names(&[copy]));
    let java = "List it: keytool -list -v -keystore FILE";
    let container = "List it: openssl pkcs12 -in FILE -nokeys | openssl x509 -noout -subject -issuer";
    let (code, message, list) = match unread {
        Unread::PasswordNeeded => {
            (PASSWORD_NEEDED, "a PKCS#12 keystore, which needs a password", "Provide its password (--password-file)")
        }
        Unread::PasswordWrong => (PASSWORD_WRONG, "a PKCS#12 keystore, which the password does not open", container),
        Unread::Container | Unread::Release => (NOT_READ, "a PKCS#12 keystore that Airlock cannot read", container),
        Unread::Java => (NOT_READ, "a Java keystore that Airlock cannot read completely", java),
    };
    let message = format!(
        "{whose} contains {message}, under {key}: it may trust the old CA, or contain a certificate that the old CA issued"
    );
    let written = copy.writer.as_ref().map(|writer| format!(". {} writes it ({})", writer.title, writer.sign));
    let remedy = format!(
        "{list}. If it depends on the old CA, write both CAs into it in phase 1, a certificate that the new CA issued in phase 2 and only the new CA in phase 3{}",
        written.unwrap_or_default()
    );
    let id = format!("{}/{}/{}/{key}", copy.object, copy.namespace, copy.name);
    Finding::warning(code, &copy.file, message)
        .remedy(remedy)
        .acknowledged_as(AuthorityId::Cluster, &id.replace("//", "/"))
}

/// Records of Helm releases that contain a rotated CA or a certificate that it issued: Helm writes these values again.
pub(super) fn releases(inventory: &Inventory, file: &str, releases: &[&CaCopy], findings: &mut Vec<Finding>) {
    let olds = olds(inventory, releases);
    let is_old = |one: &Certificate| olds.iter().any(|old| one.is_same_authority(old.certificate) || old.issued(one));
    let holds = |copy: &&CaCopy| copy.values.iter().flat_map(|value| &value.certificates).any(is_old);
    let held: Vec<&CaCopy> = releases.iter().copied().filter(holds).collect();
    if !held.is_empty() {
        let message = format!(
            "Helm releases contain the old CA, or a certificate that it issued: {}. `helm upgrade` and `helm rollback` write these values again",
            names(&held)
        );
        findings.push(Finding::note("helm-release", file, message).remedy(
            "Change the values of each chart in the phase in which you change the objects that it deploys, and do not roll back to a revision from before that",
        ));
    }
    let unread: Vec<&CaCopy> = releases.iter().copied().filter(|copy| !copy.unread.is_empty()).collect();
    if !unread.is_empty() {
        let message =
            format!("Helm releases cannot be read: {}. Whether they contain the old CA is not known", names(&unread));
        let remedy =
            "Search what each deploys: helm get all RELEASE -n NAMESPACE | grep -n -e CERTIFICATE -e LS0tLS1CRUdJTi";
        findings.push(Finding::note("helm-release", file, message).remedy(remedy));
    }
}

/// Certificates under the CA's name whose signature cannot be verified.
fn not_judged(copy: &CaCopy, old: &Old<'_>, findings: &mut Vec<Finding>) {
    for CopiedValue { key, certificates, .. } in &copy.values {
        for leaf in certificates.iter().filter(|one| old.verdict(one) == SignatureVerdict::NotJudged) {
            let what = leaf.subject().to_string();
            let place = format!("{} {}, {key}", copy.object, names(&[copy]));
            findings.push(signature_not_judged(Severity::Warning, &copy.file, &what, leaf, old.row.title).at(place));
        }
    }
}

impl<'a> Old<'a> {
    /// Did the CA itself issue this certificate? Verifiers look for an issuer by its name, so one with another is not asked.
    fn verdict(&self, certificate: &Certificate) -> SignatureVerdict {
        if certificate.is_same_authority(self.certificate) || !certificate.issuer().is_like(self.certificate.subject())
        {
            return SignatureVerdict::Invalid;
        }
        certificate.signature_by(self.certificate)
    }

    /// Did the CA issue this certificate, or an intermediate CA of it?
    fn issued(&self, certificate: &Certificate) -> bool {
        let by_intermediate = |one: &&Certificate| {
            certificate != *one && certificate.issuer().is_like(one.subject()) && certificate.is_signed_by(one)
        };
        self.verdict(certificate) == SignatureVerdict::Valid || self.intermediates.iter().any(by_intermediate)
    }

    fn dependency<'c>(&self, copy: &'c CaCopy) -> Option<Dependency<'c>> {
        let mut trusts = Vec::new();
        let mut issued = BTreeMap::new();
        let mut kubeconfig = None;
        for CopiedValue { key, form, certificates } in &copy.values {
            let is_trusted = certificates.iter().any(|one| one.is_same_authority(self.certificate));
            let leaf = certificates.iter().find(|one| self.issued(one));
            if let Some(leaf) = leaf {
                let (subject, is_authority) = (leaf.subject().to_string(), leaf.is_authority());
                issued.insert(key.as_str(), Issued { subject, is_authority, fingerprint: leaf.fingerprint() });
            }
            // A CA behind its leaf completes a chain: no program trusts it from there.
            let is_chain = *form == Form::Certificates
                && leaf.is_some_and(|leaf| !leaf.is_authority() && certificates.first() == Some(leaf));
            if is_trusted && !is_chain {
                trusts.push(key.as_str());
            }
            let is_kubeconfig = matches!(form, Form::Kubeconfig | Form::EncodedKubeconfig);
            if is_kubeconfig && (is_trusted || leaf.is_some()) {
                kubeconfig = Some((key.as_str(), *form == Form::EncodedKubeconfig));
            }
        }
        let private_key = copy.private_key_of(self.certificate);
        let depends = !trusts.is_empty() || !issued.is_empty() || private_key.is_some();
        let source = copy.writer.as_ref().map_or("", |writer| writer.source.as_str());
        let (object, name, id) = (copy.object.as_str(), copy.name.as_str(), self.row.id);
        depends.then_some(Dependency { object, name, id, trusts, issued, private_key, kubeconfig, source })
    }
}

impl Dependency<'_> {
    fn finding(&self, inventory: &Inventory, file: &str, copies: &[&CaCopy]) -> Finding {
        let title = inventory.profile.authority(self.id).map_or("CA", |row| row.title);
        let first = copies.first().expect("Invariant: a group has a member");
        let whose = format!("{}{} {}", self.object, if copies.len() == 1 { "" } else { "s" }, names(copies));
        let (message, remedy) = if self.private_key.is_some() {
            self.issuer(title)
        } else if self.kubeconfig.is_some() {
            self.of_kubeconfig(title, first)
        } else if self.issued.is_empty() {
            self.bundle(title)
        } else {
            self.leaf(title)
        };
        let verb = if copies.len() == 1 { "contains" } else { "contain" };
        let written = first.writer.as_ref().map(|writer| self.written(writer));
        let remedy = match written {
            Some(Written::Instead(text)) => text,
            Some(Written::Also(text)) => format!("{remedy}. {text}"),
            None => remedy,
        };
        let code = if self.trusts.is_empty() && self.private_key.is_none() { "loose-leaf" } else { "ca-copy" };
        // Different certificates may have the same name in different namespaces; each is acknowledged by itself.
        let namespace = if copies.len() == 1 || !self.issued.is_empty() { first.namespace.as_str() } else { "" };
        let key = self.trusts.first().or_else(|| self.issued.keys().next()).or(self.private_key.as_ref());
        let id = format!("{}/{namespace}/{}/{}", self.object, self.name, key.copied().unwrap_or_default());
        Finding::warning(code, file, format!("{whose} {verb} {message}"))
            .remedy(remedy)
            .acknowledged_as(self.id, &id.replace("//", "/"))
    }

    /// A Secret with the CA's own private key.
    fn issuer(&self, title: &str) -> (String, String) {
        let key = self.private_key.unwrap_or_default();
        let certificate = match self.trusts.as_slice() {
            [] => String::new(),
            keys => format!("the {title} under {} and ", keys.join(", ")),
        };
        (
            format!(
                "{certificate}the {title}'s private key under {key}: an issuer that uses it keeps issuing certificates from the old CA, which are rejected from phase 3 on"
            ),
            "Write the new CA and its private key into it in phase 2, when all clients trust both CAs; cert-manager's CA issuers read such a Secret. Then renew the certificates that the issuer issued before, and start phase 3 when all are renewed".to_owned(),
        )
    }

    fn bundle(&self, title: &str) -> (String, String) {
        let keys = self.trusts.join(", ");
        (
            format!(
                "the {title} under {keys}, and no step of this package changes it. From phase 2 on, programs that trust only this copy reject certificates that the new CA issued"
            ),
            "Write both CAs into it in phase 1 and only the new CA in phase 3".to_owned(),
        )
    }

    fn leaf(&self, title: &str) -> (String, String) {
        let at = self.issued.keys().copied().collect::<Vec<_>>().join(", ");
        let issued = format!("under {at} ({})", self.subjects());
        let (what, below, then) = if self.issued.values().any(|one| one.is_authority) {
            ("CA certificate", " with all certificates that it issued", ", then renew what it issued before")
        } else {
            ("certificate", "", "")
        };
        if self.trusts.is_empty() {
            return (
                format!(
                    "a {what} that the {title} issued {issued}, and no step of this package renews it. From phase 3 on, it is rejected{below}"
                ),
                format!("In phase 2, write a {what} that the new CA issued into {at}, with its key{then}"),
            );
        }
        let trusts = self.trusts.join(", ");
        (
            format!(
                "the {title} under {trusts} and a {what} that it issued {issued}, and no step of this package changes them. From phase 2 on, programs that trust only this copy reject certificates that the new CA issued; from phase 3 on, the {what} is rejected{below}"
            ),
            format!(
                "Write both CAs into {trusts} in phase 1, a {what} that the new CA issued into {at} with its key in phase 2{then}, and only the new CA into {trusts} in phase 3"
            ),
        )
    }

    fn of_kubeconfig(&self, title: &str, first: &CaCopy) -> (String, String) {
        let (key, is_encoded) = self.kubeconfig.unwrap_or_default();
        let jsonpath = quote(&format!("{{.data.{}}}", key.replace('.', r"\.")));
        let namespace = if first.namespace.is_empty() { "default" } else { &first.namespace };
        let kind = self.object.to_ascii_lowercase();
        let decode = " | base64 -d".repeat(usize::from(self.object == "Secret") + usize::from(is_encoded));
        let name = quote(&first.name);
        let load = format!(
            ". To get its content for each phase, load it as a file as well: kubectl -n {} get {kind} {name} -o jsonpath={jsonpath}{decode} >FILE",
            quote(namespace)
        );
        let load = if ["Secret", "ConfigMap"].contains(&self.object) { load } else { String::new() };
        let trust = format!("a kubeconfig under {key} that trusts the {title}");
        let rejects = "From phase 2 on, programs that use it reject the API servers' new certificates";
        if self.issued.is_empty() {
            return (
                format!("{trust}, and no step of this package changes it. {rejects}"),
                format!("Write both CAs into it in phase 1 and only the new CA in phase 3{load}"),
            );
        }
        let presents = format!("a client certificate that the {title} issued ({})", self.subjects());
        if self.trusts.is_empty() {
            return (
                format!(
                    "a kubeconfig under {key} with {presents}, and no step of this package changes it. From phase 3 on, API servers reject its client certificate"
                ),
                format!("In phase 2, write a client certificate that the new CA issued into it, with its key{load}"),
            );
        }
        (
            format!(
                "{trust} and has {presents}, and no step of this package changes it. {rejects}; from phase 3 on, API servers reject its client certificate"
            ),
            format!(
                "Write both CAs into it in phase 1, a client certificate that the new CA issued with its key in phase 2, and only the new CA in phase 3{load}"
            ),
        )
    }

    fn subjects(&self) -> String {
        let subjects: BTreeSet<&str> = self.issued.values().map(|one| one.subject.as_str()).collect();
        subjects.into_iter().collect::<Vec<_>>().join("; ")
    }

    /// What the program that writes the object changes about the remedy.
    fn written(&self, writer: &WrittenBy) -> Written {
        let by = format!("{} writes it ({})", writer.title, writer.sign);
        let renewal = writer.renewal.as_ref().filter(|_| self.private_key.is_none() && !self.issued.is_empty());
        let Some(renewal) = renewal else { return Written::Also(format!("{by}: change it {}", writer.source)) };
        let issuer = if renewal.issuer.is_empty() { "its issuer" } else { &renewal.issuer };
        let renew = format!("{by}: in phase 2, after {issuer} uses the new CA, renew it: {}", renewal.command);
        if self.trusts.is_empty() {
            return Written::Instead(renew);
        }
        let trusts = self.trusts.join(", ");
        Written::Instead(format!(
            "{renew}. {} replaces {trusts} at the same time, so provide the programs that trust {trusts} with another bundle of both CAs in phase 1",
            writer.title
        ))
    }
}

/// What to do about an object that another program writes.
enum Written {
    /// In addition to the usual.
    Also(String),
    /// Instead of it.
    Instead(String),
}
