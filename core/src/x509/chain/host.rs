//! Is a certificate for this host? An address counts only as one, with both.

use std::net::IpAddr;

use crate::x509::{AlternativeName, Certificate};

/// Go's answer (golang/go: src/crypto/x509/verify.go, `VerifyHostname`): alternative names alone.
pub(super) fn go(leaf: &Certificate, host: &str) -> bool {
    if let Some(address) = address(host) {
        return addresses(leaf).any(|own| own.to_canonical() == address.to_canonical());
    }
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(&host).split('.').collect();
    leaf.alternative_names().iter().filter_map(AlternativeName::dns).any(|name| {
        let name = name.to_ascii_lowercase();
        if !is_host(&host, false) || !is_host(&name, true) {
            return !matches!(name.as_str(), "" | ".") && name == host;
        }
        let own: Vec<&str> = name.split('.').collect();
        own.len() == labels.len()
            && own.iter().zip(&labels).enumerate().all(|(at, (own, label))| at == 0 && *own == "*" || own == label)
    })
}

/// verify.go, `validHostname`: a pattern may have a wildcard as its first label, a host a dot at its end.
fn is_host(name: &str, is_pattern: bool) -> bool {
    let name = if is_pattern { name } else { name.strip_suffix('.').unwrap_or(name) };
    let is_label = |(at, label): (usize, &str)| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        is_pattern && at == 0 && label == "*"
            || !label.is_empty() && !label.starts_with('-') && label.bytes().all(letter)
    };
    name != "*" && name.split('.').enumerate().all(is_label)
}

/// OpenSSL's answer (openssl/openssl: crypto/x509/v3_utl.c, `X509_check_host`, without partial wildcards, as Python asks
/// for): where there is no alternative DNS name, any common name.
pub(super) fn openssl(leaf: &Certificate, host: &str) -> bool {
    if let Some(address) = address(host) {
        return addresses(leaf).any(|own| own == address);
    }
    let mut names = leaf.alternative_names().iter().filter_map(AlternativeName::dns).peekable();
    if names.peek().is_some() {
        return names.any(|name| is_equal(name, host));
    }
    leaf.subject().common_names().iter().any(|name| is_equal(name, host))
}

/// v3_utl.c, `equal_wildcard`.
fn is_equal(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    if host.len() > 1 && host.starts_with('.') {
        return name.ends_with(&host);
    }
    match name.strip_prefix('*').filter(|rest| is_below_wildcard(rest)) {
        Some(rest) => host.strip_suffix(rest).is_some_and(|first| {
            first == "*" || !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }),
        None => !host.is_empty() && name == host,
    }
}

/// What may follow a wildcard: at least two labels of letters, digits and hyphens, none at an end
/// (v3_utl.c, `valid_star`).
fn is_below_wildcard(rest: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    rest.strip_prefix('.').is_some_and(|rest| rest.contains('.') && rest.split('.').all(is_label))
}

/// A host that is an address, in brackets or not.
fn address(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn addresses(leaf: &Certificate) -> impl Iterator<Item = IpAddr> {
    leaf.alternative_names().iter().filter_map(|name| match name {
        AlternativeName::Ip(address) => Some(*address),
        _ => None,
    })
}
