//! Host name verification. An IP address matches only an IP address.

use std::net::IpAddr;

use crate::x509::{certificate::Certificate, san::AlternativeName};

/// Go's rule (golang/go: src/crypto/x509/verify.go, `VerifyHostname`): only subject alternative names count.
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

/// Go's `validHostname` (verify.go): a pattern may have a wildcard as its first label, a host may end with a dot.
fn is_host(name: &str, is_pattern: bool) -> bool {
    let name = if is_pattern { name } else { name.strip_suffix('.').unwrap_or(name) };
    let is_label = |(at, label): (usize, &str)| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        is_pattern && at == 0 && label == "*"
            || !label.is_empty() && !label.starts_with('-') && label.bytes().all(letter)
    };
    name != "*" && name.split('.').enumerate().all(is_label)
}

/// OpenSSL's rule (openssl/openssl: crypto/x509/v3_utl.c, `X509_check_host` without partial wildcards, as Python calls
/// it): without a DNS alternative name, any common name counts.
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

/// OpenSSL's `equal_wildcard` (v3_utl.c).
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

/// Whether `rest` may follow a wildcard: at least two labels of letters, digits and hyphens, without a hyphen at either
/// end (v3_utl.c, `valid_star`).
fn is_below_wildcard(rest: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    rest.strip_prefix('.').is_some_and(|rest| rest.contains('.') && rest.split('.').all(is_label))
}

/// Java's rule (openjdk/jdk: sun/security/util/HostnameChecker.java, `TYPE_TLS`, as of JDK 25): a wildcard is allowed
/// in the first label and may be a part of it; without a DNS alternative name, the last common name counts.
pub(super) fn java(leaf: &Certificate, host: &str) -> bool {
    // Java removes the trailing dot before any check (X509TrustManagerImpl.java, `checkIdentity`).
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(address) = address(host) {
        return addresses(leaf).any(|own| own.to_canonical() == address.to_canonical());
    }
    if !is_java_name(host) {
        return false;
    }
    if has_dns_name(leaf) {
        return leaf
            .alternative_names()
            .iter()
            .filter_map(AlternativeName::dns)
            .any(|name| is_equal_to_java(name, host));
    }
    leaf.subject().common_name().is_some_and(|name| is_equal_to_java(&name, host))
}

/// Whether `javax.net.ssl.SNIHostName` accepts an ASCII name: labels of letters, digits and hyphens, without a hyphen
/// at either end.
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

/// Java's `isMatched` and `matchLeftmostWildcard` (HostnameChecker.java).
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

/// Whether a label matches a pattern with wildcards: the parts between wildcards occur in order, the first at the
/// beginning and the last at the end.
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

/// The rule of rustls-webpki (rustls/webpki: src/subject_name/dns_name.rs): only subject alternative names count; a
/// wildcard is a whole first label, followed by at least two labels.
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

/// Whether webpki accepts the name in a certificate, with or without a wildcard.
pub(super) fn is_webpki_pattern(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("*.") {
        Some(rest) => rest.contains('.') && is_webpki_name(rest),
        None => is_webpki_name(&name),
    }
}

/// Whether the labels consist of letters, digits, underscores and hyphens, without a hyphen at either end, and the last
/// label is not a number.
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

/// Parses a host as an IP address, with or without brackets.
fn address(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn addresses(leaf: &Certificate) -> impl Iterator<Item = IpAddr> {
    leaf.alternative_names().iter().filter_map(|name| match name {
        AlternativeName::Ip(address) => Some(*address),
        _ => None,
    })
}

/// Whether it has a DNS alternative name. If so, Java ignores its common name.
pub(crate) fn has_dns_name(leaf: &Certificate) -> bool {
    leaf.alternative_names().iter().any(|name| matches!(name, AlternativeName::Dns(_)))
}
