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

/// Java's answer (openjdk/jdk: sun/security/util/HostnameChecker.java, `TYPE_TLS`, as of JDK 25): a wildcard counts in the
/// first label, and may be a part of it; where there is no alternative DNS name, the last common name.
pub(super) fn java(leaf: &Certificate, host: &str) -> bool {
    // Before any check: the dot at the end is removed (X509TrustManagerImpl.java, `checkIdentity`).
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(address) = address(host) {
        return addresses(leaf).any(|own| own.to_canonical() == address.to_canonical());
    }
    if !is_java_name(host) {
        return false;
    }
    if super::java::has_dns_name(leaf) {
        return leaf
            .alternative_names()
            .iter()
            .filter_map(AlternativeName::dns)
            .any(|name| is_equal_to_java(name, host));
    }
    leaf.subject().common_name().is_some_and(|name| is_equal_to_java(&name, host))
}

/// What `javax.net.ssl.SNIHostName` accepts of an ASCII name: labels of letters, digits and hyphens, none at an end.
fn is_java_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.split('.').all(is_label)
}

/// HostnameChecker.java, `isMatched` and `matchLeftmostWildcard`.
fn is_equal_to_java(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let has_dot_after_wildcard = name.rsplit_once('*').is_none_or(|(_, rest)| rest.contains('.'));
    let is_encoded = name.split('.').any(|label| label.starts_with("xn--") && label.contains('*'));
    if name == "*." || !has_dot_after_wildcard || is_encoded || !is_java_name(&name.replace('*', "z")) {
        return false;
    }
    let (own, own_rest) = name.split_at(name.find('.').unwrap_or(name.len()));
    let (first, rest) = host.split_at(host.find('.').unwrap_or(host.len()));
    own_rest == rest && is_label_like(own, first)
}

/// A label with wildcards: its parts in order, the first at the beginning and the last at the end.
fn is_label_like(pattern: &str, label: &str) -> bool {
    let Some((front, rest)) = pattern.split_once('*') else { return pattern == label };
    let Some(mut label) = label.strip_prefix(front) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = label.find(part) else { return false };
        label = &label[at + part.len()..];
    }
    label.ends_with(last)
}

/// The answer of rustls-webpki (rustls/webpki: src/subject_name/dns_name.rs): alternative names alone; a wildcard is a whole
/// first label, before at least two more.
pub(super) fn webpki(leaf: &Certificate, host: &str) -> bool {
    if let Some(address) = address(host) {
        return addresses(leaf).any(|own| own == address);
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if !is_webpki_name(&host) {
        return false;
    }
    leaf.alternative_names().iter().filter_map(AlternativeName::dns).any(|name| {
        let name = name.to_ascii_lowercase();
        if !is_webpki_pattern(&name) {
            return false;
        }
        match name.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(_, own)| own == rest),
            None => name == host,
        }
    })
}

/// A name that a certificate may have, with or without a wildcard.
pub(super) fn is_webpki_pattern(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("*.") {
        Some(rest) => rest.contains('.') && is_webpki_name(rest),
        None => is_webpki_name(&name),
    }
}

/// Labels of letters, digits, underscores and hyphens, no hyphen at an end; the last is not a number.
fn is_webpki_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= 253 && name.split('.').all(is_label) && !name.rsplit('.').next().is_some_and(is_number)
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
