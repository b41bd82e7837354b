//! Which CAs are replaced, and by which new CAs.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    brought::imported_authority,
    key_home::key_home,
    model::{
        authorities::{AuthorityChange, KeyHome, NewAuthoritySource},
        new_authority::{BroughtAuthority, NewAuthority},
        request::RotationRequest,
        rotation_plan::KeyRequest,
    },
    subclouds,
};
use crate::{
    finding::Finding,
    formats::sysinv,
    inventory::{Aspect, Authority, Inventory, Standing},
    profile::{AuthorityId, AuthorityRow, NewAuthorityFormat, Profile, RotationMethod},
    time::{BACKDATE, UnixTime},
    x509::{AuthorityName, Certificate, Issuer, KeyAlgorithm, KeyEncoding, PrivateKey, before_date},
};

/// The longest common name that X.520 allows (RFC 5280, appendix A.1: `ub-common-name`). Characters.
const MAX_COMMON_NAME: usize = 64;

/// Decides the replacement of every CA that `request` selects, and adds errors and notes to `findings`.
pub(super) fn authority_changes(
    inventory: &Inventory,
    request: &RotationRequest,
    now: UnixTime,
    key_requests: &mut Vec<KeyRequest>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<AuthorityId, AuthorityChange> {
    let mut decision = Decision { inventory, request, now, key_requests, findings };
    let authority_changes = decision.all();
    distinct(inventory, &authority_changes, findings);
    authority_changes
}

/// The inputs of the decision, and the key requests and findings that it adds to.
struct Decision<'a> {
    inventory: &'a Inventory,
    request: &'a RotationRequest,
    now: UnixTime,
    key_requests: &'a mut Vec<KeyRequest>,
    findings: &'a mut Vec<Finding>,
}

impl Decision<'_> {
    fn all(&mut self) -> BTreeMap<AuthorityId, AuthorityChange> {
        let (inventory, request) = (self.inventory, self.request);
        let mut authority_changes = BTreeMap::new();
        if request.start_over {
            self.check_start_over();
        }
        if request.rotate.as_ref().is_some_and(Vec::is_empty) {
            self.findings
                .push(Finding::error("nothing-to-rotate", "", "no CA was chosen").remedy(choose(inventory.profile)));
        }
        if request.ca_days == 0 || request.leaf_days == 0 {
            self.findings.push(
                Finding::error("no-lifetime", "", "a certificate must be valid for at least one day")
                    .remedy("Use --ca-days and --leaf-days of 1 or more"),
            );
        }
        for id in request.rotate.iter().flatten().filter(|id| inventory.profile.authority(**id).is_none()) {
            self.findings.push(
                Finding::error("no-such-ca", "", format!("{} has no {id} CA", inventory.profile.title))
                    .remedy(choose(inventory.profile)),
            );
        }
        let managed = matches!(inventory.profile.course, RotationMethod::Managed(_));
        subclouds::check_platform(inventory.profile, request, self.findings);
        for row in inventory.profile.authorities.iter().filter(|row| request.rotates(row)) {
            if !row.rotates {
                self.findings.push(
                    Finding::error("not-rotated-here", "", format!("Airlock does not rotate the {}", row.title))
                        .remedy(choose(inventory.profile)),
                );
                continue;
            }
            if inventory.profile.takes_strategy() {
                subclouds::check(row, request, self.now, self.findings);
                continue;
            }
            if managed {
                self.leave_to_manager(row);
                continue;
            }
            let Some(authority) = inventory.authorities.get(&row.id) else {
                self.findings.push(missing(inventory, row));
                continue;
            };
            let goes_on = !inventory.rotations.is_empty() && !request.start_over;
            if goes_on && !inventory.rotations.contains_key(&row.id) {
                self.findings.push(
                    Finding::note(
                        "left-for-later",
                        &authority.file,
                        format!("a rotation is in progress that does not include the {}: it is not changed", row.title),
                    )
                    .remedy("Rotate it when this rotation is complete"),
                );
                continue;
            }
            let choice = request.authorities.get(&row.id).cloned().unwrap_or_default();
            if let Some(authority_change) = self.authority_change(row, authority, &choice) {
                authority_changes.insert(row.id, authority_change);
            }
        }
        authority_changes
    }

    fn authority_change(
        &mut self,
        row: &AuthorityRow,
        authority: &Authority,
        choice: &NewAuthority,
    ) -> Option<AuthorityChange> {
        let under_way = self.inventory.rotations.get(&row.id);
        let new = match (under_way.filter(|_| !self.request.start_over), &choice.brought) {
            (Some(rotation), _) => self.present(&rotation.new),
            (None, Some(brought)) => self.brought(row, authority, brought)?,
            (None, None) if self.request.external_ca => return self.not_brought(row),
            (None, None) => self.made(row, authority, choice)?,
        };
        if row.new_authority_format == NewAuthorityFormat::Subject {
            self.check_upload(row, &new)?;
        }
        let encoding = match (&authority.key, &new) {
            // Old releases of Kamaji discard a CA whose key is PKCS#8.
            (Some(key), _) if key.encoding() == KeyEncoding::Pkcs8 && self.inventory.tenant.is_none() => {
                KeyEncoding::Pkcs8
            }
            (_, NewAuthoritySource::Made { algorithm, .. }) => algorithm.encoding(),
            (_, NewAuthoritySource::Brought(certificate, _) | NewAuthoritySource::Present(certificate, _)) => {
                certificate.encoding()
            }
        };
        let keyless = matches!(new, NewAuthoritySource::Brought(_, None) | NewAuthoritySource::Present(_, None));
        let key_home = key_home(self.inventory, row.id, !keyless, self.findings);
        if keyless && self.request.external_ca && key_home == KeyHome::Machines {
            self.findings.push(
                Finding::error(
                    "external-ca",
                    &authority.file,
                    format!(
                        "{} machines issue certificates themselves, so the {}'s key has to be in their configurations",
                        self.inventory.profile.title, row.title
                    ),
                )
                .remedy("Provide the new key as well"),
            );
            return None;
        }
        if keyless && self.request.external_ca && row.id == AuthorityId::Cluster && key_home == KeyHome::Nodes {
            self.findings.push(
                Finding::error("external-ca", &authority.file, "kube-controller-manager signs with the CA's key on the nodes, and the new key stays outside the cluster: nothing would sign certificates for kubelets")
                    .remedy("Provide the new key as well; or first remove --cluster-signing-cert-file and --cluster-signing-key-file from kube-controller-manager, and use another signer"),
            );
            return None;
        }
        Some(AuthorityChange {
            id: row.id,
            title: row.title,
            old: authority.certificate.clone(),
            old_key: authority.key.clone(),
            given_up: under_way.filter(|_| self.request.start_over).map(|rotation| rotation.new.clone()),
            new,
            // The key of an external CA is not copied to any node.
            key_home: if keyless && self.request.external_ca { KeyHome::Elsewhere } else { key_home },
            encoding,
        })
    }

    /// The new CA that the user imports.
    fn brought(
        &mut self,
        row: &AuthorityRow,
        authority: &Authority,
        brought: &BroughtAuthority,
    ) -> Option<NewAuthoritySource> {
        let (certificate, key) = imported_authority(self.inventory, row, authority, brought, self.now, self.findings)?;
        if key.is_none() && !self.request.external_ca {
            self.findings.push(
                Finding::error(
                    "brought-ca",
                    &brought.certificate,
                    format!("the private key of the new {} was not provided", row.title),
                )
                .remedy("Provide the key, or use --external-ca: the package then contains CSRs for the external CA"),
            );
            return None;
        }
        Some(NewAuthoritySource::Brought(certificate, key))
    }

    /// Reports that the certificate of an external CA is missing.
    fn not_brought(&mut self, row: &AuthorityRow) -> Option<AuthorityChange> {
        let option = format!("{}cert", row.option);
        self.findings.push(
            Finding::error(
                "external-ca",
                "",
                format!("the new {} is an external CA, and its certificate was not provided", row.title),
            )
            .remedy(format!(
                "Create the CA there and provide its certificate ({option}), or do not rotate this CA (--rotate)"
            )),
        );
        None
    }

    /// Reports options for a CA that the platform generates itself.
    fn leave_to_manager(&mut self, row: &AuthorityRow) {
        if self.request.authorities.get(&row.id).is_some_and(|choice| *choice != NewAuthority::default()) {
            let title = self.inventory.profile.title;
            self.findings.push(
                Finding::error(
                    "made-elsewhere",
                    "",
                    format!("{title} generates the new {} itself, so its properties cannot be chosen", row.title),
                )
                .remedy(format!("Remove the options for it ({}…)", row.option)),
            );
        }
    }

    /// Refuses to abandon a new CA that a holder has already switched to: this would cause an outage.
    fn check_start_over(&mut self) {
        if self.inventory.rotations.is_empty() {
            self.findings.push(
                Finding::error("nothing-to-give-up", "", "no rotation is in progress that could be started over")
                    .remedy("Leave --start-over out"),
            );
        }
        for holder in &self.inventory.standings {
            let late = |aspect: &&Aspect| aspect.fits.first().is_some_and(|standing| *standing >= Standing::Switched);
            if let Some(aspect) = holder.aspects.iter().find(late) {
                self.findings.push(
                    Finding::error(
                        "start-over-too-late",
                        &aspect.file,
                        format!(
                            "{} has switched already ({}), so the new CA cannot be abandoned",
                            holder.name, aspect.seen
                        ),
                    )
                    .remedy("Continue with the same new CA, or roll back phase 2 first (apply.sh --undo)"),
                );
            }
        }
    }

    /// The new CA of the rotation in progress.
    fn present(&self, certificate: &Certificate) -> NewAuthoritySource {
        let key = self.inventory.key_of(certificate.public_key());
        let issuer = key.and_then(|key| Issuer::new(certificate.clone(), PrivateKey::clone(key)).ok());
        NewAuthoritySource::Present(certificate.clone(), issuer.map(Arc::new))
    }

    fn made(&mut self, row: &AuthorityRow, authority: &Authority, choice: &NewAuthority) -> Option<NewAuthoritySource> {
        let name = self.name(row, choice)?;
        let not_after = self.end(row, choice)?;
        let algorithm = self.algorithm(row, authority, choice)?;
        let key_request = self.key_requests.len();
        self.key_requests.push(KeyRequest { owner: format!("new {}", row.title), algorithm });
        Some(NewAuthoritySource::Made {
            name,
            key_request,
            algorithm,
            not_before: self.now.plus_seconds(-BACKDATE),
            not_after,
        })
    }
}

impl Decision<'_> {
    /// `notAfter` of the new CA.
    fn end(&mut self, row: &AuthorityRow, choice: &NewAuthority) -> Option<UnixTime> {
        let Some(text) = &choice.expiry_date else { return Some(self.now.plus_days(i64::from(self.request.ca_days))) };
        self.only_where_the_tool_takes_it(row, "--expiry-date")?;
        let end = sysinv::expiry(text, self.now);
        end.map_err(|error| {
            let message = format!("the expiry date of the new {} is not possible: {error}", row.title);
            let remedy = "Choose a date at least two days ahead, as YYYY-MM-DD (--expiry-date)";
            self.findings.push(Finding::error("bad-ca-end", "", message).remedy(remedy));
        })
        .ok()
    }

    /// Checks the lifetime as the platform's tool does before it accepts a new CA
    /// (starlingx/config: sysinv/conductor/manager.py, `save_kubernetes_rootca_cert`).
    fn check_upload(&mut self, row: &AuthorityRow, new: &NewAuthoritySource) -> Option<()> {
        let (not_before, not_after) = match new {
            NewAuthoritySource::Brought(certificate, _) | NewAuthoritySource::Present(certificate, _) => {
                (certificate.not_before(), certificate.not_after())
            }
            NewAuthoritySource::Made { not_before, not_after, .. } => (*not_before, *not_after),
        };
        if not_after >= not_before.plus_days(1) && not_after >= self.now.plus_days(1) {
            return Some(());
        }
        let message = format!(
            "the new {} is valid until {not_after}: StarlingX requires a lifetime and a remaining lifetime of at least 24 hours",
            row.title
        );
        self.findings.push(
            Finding::error("ca-too-short", "", message)
                .remedy("Choose a later expiry date (--ca-days, --expiry-date), or import another CA"),
        );
        None
    }

    fn only_where_the_tool_takes_it(&mut self, row: &AuthorityRow, option: &str) -> Option<()> {
        if row.new_authority_format == NewAuthorityFormat::Subject {
            return Some(());
        }
        let message = format!("only StarlingX has {option}; a {} has a name and a lifetime in days", row.title);
        let remedy = format!("Use {}name and --ca-days, or select the platform (--platform starlingx)", row.option);
        self.findings.push(Finding::error("not-of-this-platform", "", message).remedy(remedy));
        None
    }

    fn subject(&mut self, row: &AuthorityRow, text: &str) -> Option<AuthorityName> {
        self.only_where_the_tool_takes_it(row, "--subject")?;
        let name = sysinv::subject(text);
        name.map_err(|error| {
            let message = format!("the new {} cannot have the subject {text:?}: {error}", row.title);
            let remedy = "Write it as 'C=<Country> ST=<State/Province> L=<Locality> O=<Organization> OU=<OrganizationUnit> CN=<commonName>'";
            self.findings.push(Finding::error("bad-ca-subject", "", message).remedy(remedy));
        })
        .ok()
    }

    fn name(&mut self, row: &AuthorityRow, choice: &NewAuthority) -> Option<AuthorityName> {
        let given = match &choice.subject {
            Some(text) => self.subject(row, text)?,
            None => self.short_name(row, choice)?,
        };
        let (attributes, last) = match &given {
            AuthorityName::Common(text) | AuthorityName::Organization(text) => (&[][..], text),
            AuthorityName::Distinguished(attributes, text) => (&attributes[..], text),
        };
        let fits = |text: &String| {
            (1..=MAX_COMMON_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if !attributes.iter().map(|(_, text)| text).chain([last]).all(fits) {
            self.findings.push(
                Finding::error(
                    "bad-ca-name",
                    "",
                    format!(
                        "the new {}'s name must have 1 to {MAX_COMMON_NAME} characters, none of them a control character",
                        row.title
                    ),
                )
                .remedy(format!("Choose another name ({}name)", row.option)),
            );
            return None;
        }
        Some(given)
    }

    fn short_name(&mut self, row: &AuthorityRow, choice: &NewAuthority) -> Option<AuthorityName> {
        Some(AuthorityName::Common(match (row.new_authority_format, &choice.common_name) {
            (NewAuthorityFormat::Organization(organization), None) => {
                return Some(AuthorityName::Organization(organization.to_owned()));
            }
            (NewAuthorityFormat::Organization(organization), Some(_)) => {
                self.findings.push(
                    Finding::error(
                        "ca-name-fixed",
                        "",
                        format!(
                            "the subject of a {} is always O={organization}, so its name cannot be chosen",
                            row.title
                        ),
                    )
                    .remedy(format!("Remove the name ({}name)", row.option)),
                );
                return None;
            }
            (NewAuthorityFormat::Named | NewAuthorityFormat::Subject, Some(name)) => name.clone(),
            (NewAuthorityFormat::Named | NewAuthorityFormat::Subject, None) => {
                new_authority_name(self.inventory, row.id, self.now)
            }
        }))
    }

    fn algorithm(&mut self, row: &AuthorityRow, authority: &Authority, choice: &NewAuthority) -> Option<KeyAlgorithm> {
        let usual = match row.new_authority_format {
            NewAuthorityFormat::Organization(_) => row.keys.first().copied(),
            NewAuthorityFormat::Named | NewAuthorityFormat::Subject => {
                same_algorithm(&authority.certificate).filter(|same| row.keys.contains(same))
            }
        };
        match choice.key_algorithm {
            Some(chosen) if !row.keys.contains(&chosen) => {
                let kinds: Vec<_> = row.keys.iter().map(|kind| kind.as_str()).collect();
                self.findings.push(
                    Finding::error("key-type", "", format!("a {} cannot have a key of type {chosen}", row.title))
                        .remedy(format!("Choose one of {} (--key-type), or the usual one", kinds.join(", "))),
                );
                None
            }
            Some(chosen) => Some(chosen),
            None if usual.is_none() => {
                let old = authority.certificate.public_key().key_type();
                self.findings.push(
                    Finding::error(
                        "key-type",
                        &authority.file,
                        format!("the old {}'s key type is {old}, which Airlock cannot generate", row.title),
                    )
                    .remedy("Choose a key type (--key-type)"),
                );
                None
            }
            None => usual,
        }
    }
}

impl Certificate {
    /// The encoding that kubeadm uses for a private key of this type.
    fn encoding(&self) -> KeyEncoding {
        self.public_key().key_type().algorithm().map_or(KeyEncoding::Pkcs8, KeyAlgorithm::encoding)
    }
}

/// The remedy that lists the CAs that can be rotated.
fn choose(profile: &Profile) -> String {
    let titles: Vec<_> = profile.authorities.iter().filter(|row| row.rotates).map(|row| row.title).collect();
    format!("Choose the {}, or both (--rotate)", titles.join(", the "))
}

/// A missing front-proxy CA is a warning if the cluster CA was provided; any other missing CA is an error.
fn missing(inventory: &Inventory, row: &AuthorityRow) -> Finding {
    let message = format!("the {} was not provided", row.title);
    if row.id == AuthorityId::FrontProxy && inventory.authorities.contains_key(&AuthorityId::Cluster) {
        Finding::warning("missing-front-proxy-ca", "", format!("{message}; it is not rotated"))
            .remedy("Provide front-proxy-ca.crt or the Secret that ends in -proxy, or choose only the cluster CA (--rotate cluster)")
    } else {
        let input = inventory.profile.input;
        Finding::error("missing-ca", "", message)
            .remedy(format!("Provide {input}, or do not rotate this CA (--rotate)"))
    }
}

/// The key type of a certificate, which is the default for the new CA; `None` if Airlock cannot generate it.
pub(crate) fn same_algorithm(certificate: &Certificate) -> Option<KeyAlgorithm> {
    certificate.public_key().key_type().algorithm()
}

/// The default name of a new CA: the old CA's name and today's date. The name of an abandoned new CA is not used again.
pub(crate) fn new_authority_name(inventory: &Inventory, id: AuthorityId, now: UnixTime) -> String {
    let old_name =
        |id| inventory.authorities.get(&id).and_then(|authority| authority.certificate.subject().common_name());
    let fallback = match id {
        AuthorityId::Talos => "talos",
        AuthorityId::Cluster => "kubernetes",
        AuthorityId::FrontProxy => "front-proxy-ca",
        AuthorityId::Etcd => "etcd-ca",
    };
    let name =
        old_name(id).filter(|name| id == AuthorityId::Cluster || Some(name) != old_name(AuthorityId::Cluster).as_ref());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| fallback.to_owned());
    let base = before_date(&name).filter(|base| !base.is_empty()).unwrap_or(&name);
    let room = MAX_COMMON_NAME - "-yyyymmdd".len();
    let base: String = base.chars().take(room).collect();
    let new_name = format!("{base}-{}", now.compact_date());
    let given_up = inventory.rotations.get(&id).and_then(|rotation| rotation.new.subject().common_name());
    if [old_name(id), given_up].contains(&Some(new_name.clone())) {
        format!("{base}-2-{}", now.compact_date())
    } else {
        new_name
    }
}

/// Reports new CAs that share a name or a key with another CA, or whose certificates cannot be told from the old CA's.
fn distinct(
    inventory: &Inventory,
    authority_changes: &BTreeMap<AuthorityId, AuthorityChange>,
    findings: &mut Vec<Finding>,
) {
    let mut names: Vec<(&'static str, String)> = Vec::new();
    let mut keys = Vec::new();
    for authority_change in authority_changes.values() {
        match &authority_change.new {
            NewAuthoritySource::Made { name, .. } => {
                let AuthorityName::Common(common_name) = name else { continue };
                let old = inventory
                    .authorities
                    .values()
                    .any(|authority| authority.certificate.subject().common_name().as_ref() == Some(common_name));
                let given_up = authority_change.given_up.as_ref().and_then(|given_up| given_up.subject().common_name());
                if given_up.as_ref() == Some(common_name) {
                    findings.push(
                        Finding::error("ca-name-taken", "", format!("the new {} cannot be called {common_name}: the abandoned new CA has that name, and OpenSSL-based clients select issuers by name", authority_change.title))
                            .remedy("Give it another name (--ca-name, --front-proxy-ca-name)"),
                    );
                }
                if old {
                    findings.push(
                        Finding::error("ca-name-taken", "", format!("the new {} cannot be called {common_name}: an old CA has that name, and OpenSSL-based clients select issuers by name", authority_change.title))
                            .remedy("Give it another name (--ca-name, --front-proxy-ca-name)"),
                    );
                }
                names.push((authority_change.title, common_name.clone()));
            }
            NewAuthoritySource::Brought(certificate, _) | NewAuthoritySource::Present(certificate, _) => {
                if authority_change.marks(certificate).is_empty() {
                    let message = format!(
                        "certificates of the new {} could not be told from those of the old one: both CAs have the same name and no different key ID",
                        authority_change.title
                    );
                    let remedy = "Import a CA with another name, or with the subjectKeyIdentifier extension";
                    findings.push(Finding::error("ca-name-taken", "", message).remedy(remedy));
                }
                keys.push(certificate.public_key());
            }
        }
    }
    if let [(_, first), (_, second)] = names.as_slice()
        && first == second
    {
        findings.push(
            Finding::error("ca-name-taken", "", format!("both new CAs would be called {first}"))
                .remedy("Give them different names (--ca-name, --front-proxy-ca-name)"),
        );
    }
    if let [first, second] = keys.as_slice()
        && first == second
    {
        findings.push(
            Finding::error("shared-ca", "", "one CA for both the cluster and the front proxy is refused: any client certificate could pose as the aggregator")
                .remedy("Import a separate CA for the front proxy (--front-proxy-ca-cert, --front-proxy-ca-key)"),
        );
    }
}
