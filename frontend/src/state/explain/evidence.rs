//! Loaded files that match an error message.

use std::collections::BTreeSet;

use airlock_core::{
    UnixTime,
    report::{CertificateReport, HolderReport, InventoryReport, SlotReport},
};

use super::model::{Clue, Facts, Kind, Part, Suspect};

/// The length of a fingerprint prefix that identifies a CA: four bytes with colons, as core names issuers.
const SHORT: usize = 11;

/// The suspects of a kind, unordered.
pub fn suspects(kind: Kind, facts: &Facts, inventory: &InventoryReport, today: UnixTime) -> Vec<Suspect> {
    let files = Files(inventory);
    match kind {
        Kind::UnknownAuthority => files.of_two_minds(facts),
        Kind::ClientOfAnotherCa | Kind::Refused | Kind::Unauthorized => files.refused_clients(today),
        Kind::Expired => files.expired(facts, today),
        Kind::NotYetValid => files.not_begun(facts, today),
        Kind::WrongName => files.wrong_names(facts),
        Kind::Bundle => files.bundles(facts),
        Kind::WrongCa => files.other_cas(facts),
        Kind::KeyMismatch => files.said(&["key-mismatch"], |_| Clue::OtherKey),
        Kind::KeyIds => files.other_key_ids(),
        Kind::Pin => files.pins(facts),
        Kind::NotACa => files.said(&["not-a-ca", "ca-cannot-sign"], |said| Clue::Said(said.to_owned())),
        Kind::Weak => files.said(&["sha1", "short-key"], |said| Clue::Said(said.to_owned())),
        Kind::Unreadable => {
            let codes =
                ["unreadable-content", "cut-off", "wrong-content", "utf-16", "password-needed", "password-wrong"];
            files.said(&codes, |said| Clue::Said(said.to_owned()))
        }
        Kind::NoCertificate => files.without_credential(),
        Kind::Usage => Vec::new(),
    }
}

/// Searches in the loaded files.
struct Files<'a>(&'a InventoryReport);

impl<'a> Files<'a> {
    fn slots(&self) -> impl Iterator<Item = (&'a HolderReport, &'a SlotReport)> {
        self.0.holders.iter().flat_map(|holder| holder.slots.iter().map(move |slot| (holder, slot)))
    }

    /// Certificates that are presented: those that are not CAs.
    fn leaves(&self) -> impl Iterator<Item = (&'a HolderReport, &'a SlotReport, &'a CertificateReport)> {
        self.slots().flat_map(|(holder, slot)| {
            slot.certificates.iter().filter(|one| !one.authority).map(move |one| (holder, slot, one))
        })
    }

    /// CAs by the name that Go prints: the common name, otherwise the organization.
    fn named(&self, name: &str) -> Vec<&'a CertificateReport> {
        let mut all: Vec<&CertificateReport> = Vec::new();
        for certificate in self.slots().flat_map(|(_, slot)| &slot.certificates).filter(|one| one.authority) {
            let known = all.iter().any(|other| other.fingerprint == certificate.fingerprint);
            if !known && (name.is_empty() || called(certificate) == name) {
                all.push(certificate);
            }
        }
        all
    }

    /// Clients and servers with different CAs, and certificates whose issuer is not loaded.
    fn of_two_minds(&self, facts: &Facts) -> Vec<Suspect> {
        let named = self.named(&facts.authority);
        let names: BTreeSet<String> = named.iter().map(|one| short(one)).collect();
        let mut found = Vec::new();
        if named.len() > 1 {
            for (holder, slot) in self.slots() {
                let trusted: BTreeSet<String> =
                    slot.certificates.iter().filter(|one| one.authority).map(short).collect();
                let of_those: Vec<String> = trusted.intersection(&names).cloned().collect();
                if !of_those.is_empty() && of_those.len() < names.len() {
                    found.push(suspect(Part::Trust, holder, slot, Clue::TrustsOnly(of_those)));
                }
            }
        }
        for (holder, slot, leaf) in self.leaves() {
            let fits = facts.authority.is_empty() || last_value(&leaf.issuer) == facts.authority;
            let part = if leaf.alternative_names.is_empty() { Part::Client } else { Part::Server };
            match leaf.signed_by.as_str() {
                "" if fits => found.push(suspect(part, holder, slot, Clue::SignedByNobody(leaf.issuer.clone()))),
                signer if fits && named.len() > 1 && part == Part::Server && signer != "itself" => {
                    found.push(suspect(part, holder, slot, Clue::SignedBy(signer.to_owned())));
                }
                _ => {}
            }
        }
        found.extend(self.out_of_line());
        found
    }

    /// Files whose rotation progress differs from the rest of their holder.
    fn out_of_line(&self) -> impl Iterator<Item = Suspect> {
        self.0.rotation.holders.iter().flat_map(|holder| &holder.out_of_line).map(|one| Suspect {
            part: Part::File,
            holder: one.holder.clone(),
            place: one.place.clone(),
            file: one.file.clone(),
            clue: Clue::Said(one.seen.clone()),
        })
    }

    /// Client certificates that a current API server may reject.
    fn refused_clients(&self, today: UnixTime) -> Vec<Suspect> {
        let trusted = self.trusted_by_servers();
        let clients = self.leaves().filter(|(_, _, leaf)| leaf.alternative_names.is_empty());
        let mut found: Vec<Suspect> = clients
            .filter_map(|(holder, slot, leaf)| {
                let clue = match leaf.signed_by.as_str() {
                    _ if leaf.not_after < today => Clue::Expired(leaf.not_after),
                    "" => Clue::SignedByNobody(leaf.issuer.clone()),
                    "itself" => return None,
                    signer if trusted.iter().any(|known| signer.ends_with(known.as_str())) => return None,
                    signer => Clue::SignedBy(signer.to_owned()),
                };
                Some(suspect(Part::Client, holder, slot, clue))
            })
            .collect();
        found.extend(self.out_of_line());
        found
    }

    /// The CAs that the CA files of every control-plane node contain, as `(AA:BB:CC:DD)`.
    fn trusted_by_servers(&self) -> BTreeSet<String> {
        let nodes = self.0.holders.iter().filter(|holder| holder.role == "control-plane");
        let each = nodes.map(|holder| {
            let authorities = holder.slots.iter().filter(|slot| slot.server.is_empty());
            let all = authorities.flat_map(|slot| &slot.certificates).filter(|one| one.authority);
            all.map(|one| format!("({})", one.fingerprint.get(..SHORT).unwrap_or_default())).collect::<BTreeSet<_>>()
        });
        each.reduce(|all, these| all.intersection(&these).cloned().collect()).unwrap_or_default()
    }

    fn expired(&self, facts: &Facts, today: UnixTime) -> Vec<Suspect> {
        self.dated(|one| {
            let exact = !facts.moment.is_empty() && one.not_after.to_string() == facts.moment;
            (exact || one.not_after < today).then_some((exact, Clue::Expired(one.not_after)))
        })
    }

    fn not_begun(&self, facts: &Facts, today: UnixTime) -> Vec<Suspect> {
        self.dated(|one| {
            let exact = !facts.moment.is_empty() && one.not_before.to_string() == facts.moment;
            (exact || one.not_before > today).then_some((exact, Clue::Begins(one.not_before)))
        })
    }

    /// Files with an expired certificate, or one that is not valid yet; if some match the message's time, only those.
    fn dated(&self, clue: impl Fn(&CertificateReport) -> Option<(bool, Clue)>) -> Vec<Suspect> {
        let mut found = Vec::new();
        for (holder, slot) in self.slots() {
            for certificate in &slot.certificates {
                if let Some((exact, clue)) = clue(certificate) {
                    let part = match (certificate.authority, certificate.alternative_names.is_empty()) {
                        (true, _) => Part::Trust,
                        (false, true) => Part::Client,
                        (false, false) => Part::Server,
                    };
                    found.push((exact, suspect(part, holder, slot, clue)));
                }
            }
        }
        let exact = found.iter().any(|(exact, _)| *exact);
        found.into_iter().filter(|one| one.0 || !exact).map(|(_, suspect)| suspect).collect()
    }

    /// The server whose certificate has the names in the message, and the clients that connect to the requested name.
    fn wrong_names(&self, facts: &Facts) -> Vec<Suspect> {
        let mut found = Vec::new();
        for (holder, slot, leaf) in self.leaves() {
            let names: Vec<String> = leaf.alternative_names.iter().map(|name| bare(name).to_owned()).collect();
            let its = |name: &String| names.contains(name);
            if !facts.names.is_empty() && facts.names.iter().all(its) && !its(&facts.wanted) {
                found.push(suspect(Part::Server, holder, slot, Clue::Names(names)));
            }
        }
        let clients = self.slots().filter(|(_, slot)| !facts.wanted.is_empty() && host(&slot.server) == facts.wanted);
        found.extend(
            clients.map(|(holder, slot)| suspect(Part::Client, holder, slot, Clue::ConnectsTo(slot.server.clone()))),
        );
        found
    }

    /// CA files with several certificates: the one in the message, or all.
    fn bundles(&self, facts: &Facts) -> Vec<Suspect> {
        let all = |named: bool| {
            let bundles = self.slots().filter(move |(_, slot)| {
                let is_bundle =
                    slot.server.is_empty() && slot.certificates.iter().filter(|one| one.authority).count() > 1;
                is_bundle && (!named || slot.place == facts.file)
            });
            bundles
                .map(|(holder, slot)| suspect(Part::File, holder, slot, Clue::Holds(slot.certificates.len())))
                .collect::<Vec<_>>()
        };
        let named = all(true);
        if named.is_empty() { all(false) } else { named }
    }

    /// Kubeconfigs whose CA is not the first certificate of the node's ca.crt.
    fn other_cas(&self, facts: &Facts) -> Vec<Suspect> {
        let name = facts.file.rsplit('/').next().unwrap_or_default();
        let mut found = Vec::new();
        for holder in &self.0.holders {
            let ca = holder
                .slots
                .iter()
                .find(|slot| slot.place.ends_with("/pki/ca.crt"))
                .and_then(|slot| slot.certificates.first());
            for slot in holder.slots.iter().filter(|slot| !slot.server.is_empty() && slot.place.ends_with(name)) {
                let trusted: Vec<&CertificateReport> = slot.certificates.iter().filter(|one| one.authority).collect();
                let fits =
                    ca.is_some_and(|ca| trusted.first().is_some_and(|first| first.fingerprint == ca.fingerprint));
                if ca.is_some() && !fits {
                    found.push(suspect(
                        Part::File,
                        holder,
                        slot,
                        Clue::OtherCa(trusted.into_iter().map(short).collect()),
                    ));
                }
            }
        }
        found
    }

    /// Leaf certificates whose issuer's name matches a loaded CA with a different key identifier.
    fn other_key_ids(&self) -> Vec<Suspect> {
        let authorities = self.named("");
        let leaves = self.leaves().filter(|(_, _, leaf)| {
            let mut issuers = authorities.iter().filter(|one| one.subject == leaf.issuer).peekable();
            !leaf.authority_key_id.is_empty()
                && issuers.peek().is_some()
                && issuers.all(|one| one.subject_key_id != leaf.authority_key_id)
        });
        leaves.map(|(holder, slot, _)| suspect(Part::Server, holder, slot, Clue::OtherKeyId)).collect()
    }

    /// The public key pin of each CA, to compare with the one in the message.
    fn pins(&self, facts: &Facts) -> Vec<Suspect> {
        let mut found = Vec::new();
        for (holder, slot) in self.slots() {
            for certificate in slot.certificates.iter().filter(|one| one.authority && one.pin == facts.pin) {
                found.push(suspect(Part::Trust, holder, slot, Clue::Pin(certificate.pin.clone())));
            }
        }
        found
    }

    /// Findings with these codes.
    fn said(&self, codes: &[&str], clue: impl Fn(&str) -> Clue) -> Vec<Suspect> {
        let findings = self.0.findings.iter().filter(|finding| codes.contains(&finding.code.as_str()));
        findings
            .map(|finding| {
                let holder = self.slots().find(|(_, slot)| slot.file == finding.file);
                Suspect {
                    part: Part::File,
                    holder: holder.map(|(holder, _)| holder.name.clone()).unwrap_or_default(),
                    place: finding.place.clone(),
                    file: finding.file.clone(),
                    clue: clue(&finding.message),
                }
            })
            .collect()
    }

    /// Kubeconfigs without a client certificate.
    fn without_credential(&self) -> Vec<Suspect> {
        let clients = self
            .slots()
            .filter(|(_, slot)| !slot.server.is_empty() && slot.certificates.iter().all(|one| one.authority));
        clients
            .map(|(holder, slot)| suspect(Part::Client, holder, slot, Clue::ConnectsTo(slot.server.clone())))
            .collect()
    }
}

fn suspect(part: Part, holder: &HolderReport, slot: &SlotReport, clue: Clue) -> Suspect {
    Suspect { part, holder: holder.name.clone(), place: slot.place.clone(), file: slot.file.clone(), clue }
}

/// A CA's name with a prefix of its fingerprint.
fn short(certificate: &CertificateReport) -> String {
    format!("{} ({})", certificate.subject, certificate.fingerprint.get(..SHORT).unwrap_or_default())
}

/// A CA's name as Go prints it.
fn called(certificate: &CertificateReport) -> &str {
    last_value(&certificate.subject)
}

/// The value of a distinguished name's last attribute, which is the common name in certificates of Kubernetes.
fn last_value(name: &str) -> &str {
    name.rsplit(", ").next().and_then(|last| last.split_once('=')).map_or("", |(_, value)| value)
}

/// A subject alternative name without its type.
fn bare(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, name)| name)
}

/// The host of a server's URL.
fn host(server: &str) -> &str {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or_default();
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => rest.rsplit_once(':').map_or(rest, |(host, _)| host),
    }
}
