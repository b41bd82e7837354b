//! Name constraints (RFC 5280, 4.2.1.10), as each verifier enforces them.
//!
//! DNS names and addresses are evaluated. A constraint on another form of name gives [`ChainError::NotJudged`] where a
//! certificate has a name of that form and the verifier evaluates it.

use std::net::IpAddr;

use const_oid::db::rfc5280;
use x509_parser::{
    extensions::{GeneralName, GeneralSubtree, NameConstraints},
    prelude::FromDer,
};

use super::{
    host,
    question::{ChainError, name},
    rules::Rules,
};
use crate::x509::{certificate::Certificate, san::AlternativeName};

/// A form of name that is not evaluated here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Directory,
    Email,
    Uri,
    Other,
}

/// The base of a subtree in nameConstraints.
enum Base {
    Dns(String),
    /// Address and mask.
    Ip(Vec<u8>),
    Form(Form),
}

impl Base {
    fn of(subtree: &GeneralSubtree<'_>) -> Self {
        match &subtree.base {
            GeneralName::DNSName(text) => Self::Dns((*text).to_owned()),
            GeneralName::IPAddress(octets) => Self::Ip(octets.to_vec()),
            GeneralName::DirectoryName(_) => Self::Form(Form::Directory),
            GeneralName::RFC822Name(_) => Self::Form(Form::Email),
            GeneralName::URI(_) => Self::Form(Form::Uri),
            _ => Self::Form(Form::Other),
        }
    }
}

/// Checks the names of `certificate` against the name constraints of `authority`, a CA above it.
pub(super) fn allow(rules: Rules, authority: &Certificate, certificate: &Certificate) -> Result<(), ChainError> {
    let mut extensions = authority.extensions().iter();
    let Some(extension) = extensions.find(|extension| extension.oid == rfc5280::ID_CE_NAME_CONSTRAINTS) else {
        return Ok(());
    };
    let not_judged = || ChainError::NotJudged(name(certificate), "name constraints of this form");
    let Ok(([], constraints)) = NameConstraints::from_der(&extension.value) else { return Err(not_judged()) };
    let bases = |subtrees: Option<&Vec<GeneralSubtree<'_>>>| -> Vec<Base> {
        subtrees.into_iter().flatten().map(Base::of).collect()
    };
    let permitted = bases(constraints.permitted_subtrees.as_ref());
    let excluded = bases(constraints.excluded_subtrees.as_ref());
    for base in permitted.iter().chain(&excluded) {
        let Base::Form(form) = base else { continue };
        match judge_form(rules, *form, certificate) {
            Some(true) => {}
            Some(false) => return Err(violation(certificate.subject().to_string(), authority)),
            None => return Err(not_judged()),
        }
    }
    if rules == Rules::Go && permitted.is_empty() && excluded.is_empty() {
        return Err(ChainError::Unreadable(name(authority), "its name constraints are empty"));
    }
    let names = certificate.alternative_names();
    let all = || permitted.iter().chain(&excluded);
    let by_common_name = matches!(rules, Rules::OpenSsl | Rules::OpenSslStrict | Rules::Java)
        && !names.iter().any(|name| name.dns().is_some())
        && !certificate.subject().common_names().is_empty()
        && all().any(|base| matches!(base, Base::Dns(_)));
    if by_common_name {
        return Err(not_judged());
    }
    let odd_network = || all().any(|base| matches!(base, Base::Ip(network) if ![8, 32].contains(&network.len())));
    let has_networks = || all().any(|base| matches!(base, Base::Ip(_)));
    let odd_name = names.iter().find(|name| match (rules, name) {
        // An empty base is an error in Java (x509/DNSName.java, `constrains`).
        (Rules::Java, AlternativeName::Dns(_)) => all().any(|base| matches!(base, Base::Dns(base) if base.is_empty())),
        (Rules::Java, _) => false,
        (Rules::Go, AlternativeName::Dns(name)) => name.ends_with('.') || name.split('.').any(str::is_empty),
        (Rules::Webpki, AlternativeName::Dns(name)) => !host::is_webpki_pattern(name),
        (_, AlternativeName::Ip(_)) => odd_network(),
        (_, other) => other.is_malformed_address() && has_networks(),
    });
    if let Some(odd) = odd_name {
        return Err(violation(odd.to_string(), authority));
    }
    for own in certificate.alternative_names() {
        let hits = |bases: &[Base], is_permitted: bool| -> (bool, bool) {
            let same: Vec<bool> = bases.iter().filter_map(|base| matches(rules, base, own, is_permitted)).collect();
            (!same.is_empty(), same.contains(&true))
        };
        let (asked, fits) = hits(&permitted, true);
        if asked && !fits || hits(&excluded, false).1 {
            return Err(violation(own.to_string(), authority));
        }
    }
    Ok(())
}

fn violation(name: String, authority: &Certificate) -> ChainError {
    ChainError::NameConstraint(name, authority.subject().to_string())
}

/// Whether a constraint on names of this form allows the certificate; `None` if that is not evaluated here.
fn judge_form(rules: Rules, form: Form, certificate: &Certificate) -> Option<bool> {
    let concerns = |own: &AlternativeName| match form {
        Form::Directory => matches!(own, AlternativeName::Directory(_)),
        Form::Email => matches!(own, AlternativeName::Email(_)),
        Form::Uri => matches!(own, AlternativeName::Uri(_)),
        Form::Other => matches!(own, AlternativeName::Other { .. } | AlternativeName::RegisteredId(_)),
    };
    let in_names = certificate.alternative_names().iter().any(concerns);
    match (rules, form) {
        // Go does not evaluate such names. It has already refused critical extensions that contain them (`unhandled`).
        (Rules::Go, Form::Directory | Form::Other) => Some(true),
        // Every certificate has a directory name: webpki refuses them all.
        (Rules::Webpki, Form::Directory) => Some(false),
        (Rules::Webpki, _) => Some(!in_names),
        (Rules::Go, _) => (!in_names).then_some(true),
        // The subject counts as a directory name, and an e-mail address in it as one.
        (_, Form::Directory | Form::Email) => (!in_names && certificate.subject().is_empty()).then_some(true),
        (_, Form::Uri | Form::Other) => (!in_names).then_some(true),
    }
}

/// Whether Go refuses the extension if it is critical, because it contains a form of name that Go does not know
/// (golang/go: src/crypto/x509/parser.go, `parseNameConstraintsExtension`).
pub(super) fn is_unhandled_by_go(value: &[u8]) -> bool {
    let Ok((_, constraints)) = NameConstraints::from_der(value) else { return false };
    let both = constraints.permitted_subtrees.iter().chain(&constraints.excluded_subtrees);
    both.flatten().any(|subtree| matches!(Base::of(subtree), Base::Form(Form::Directory | Form::Other)))
}

/// Whether the name is within the subtree; `None` if the base is another form of name.
fn matches(rules: Rules, base: &Base, own: &AlternativeName, is_permitted: bool) -> Option<bool> {
    match (base, own) {
        (Base::Dns(base), AlternativeName::Dns(own)) => {
            Some(is_below(rules, &base.to_ascii_lowercase(), &own.to_ascii_lowercase(), is_permitted))
        }
        (Base::Ip(network), AlternativeName::Ip(address)) => Some(is_in(network, *address)),
        _ => None,
    }
}

/// Whether `own` equals `base` or is a subdomain of it. If `base` begins with a dot, only subdomains match.
fn is_below(rules: Rules, base: &str, own: &str, is_permitted: bool) -> bool {
    if base.is_empty() {
        return true;
    }
    let is_below = |own: &str| {
        own.strip_suffix(base).is_some_and(|front| front.is_empty() || base.starts_with('.') || front.ends_with('.'))
    };
    match (own.strip_prefix('*'), rules) {
        // A wildcard may match a name outside the permitted subtree.
        (Some(rest), Rules::Webpki) if is_permitted => {
            rest.strip_suffix(base).is_some_and(|front| base.starts_with('.') || front.ends_with('.'))
        }
        // A wildcard may match an excluded name.
        (Some(rest), Rules::Go | Rules::Webpki) if !is_permitted => {
            let parent = base.split_once('.').map(|(_, parent)| parent);
            is_below(own) || parent.is_some_and(|parent| rest.strip_prefix('.') == Some(parent))
        }
        _ => is_below(own),
    }
}

fn is_in(network: &[u8], address: IpAddr) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (base, mask) = network.split_at(network.len() / 2);
    octets.len() == base.len()
        && octets.iter().zip(base).zip(mask).all(|((octet, base), mask)| octet & mask == base & mask)
}
