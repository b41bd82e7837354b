//! Internationalized host names: conversion to the ASCII form that clients send and compare (IDNA, RFC 5891; Punycode,
//! RFC 3492).

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 0x80;

/// Converts a host name to ASCII, as Go's HTTP transport does before it connects (golang.org/x/net/idna, `Lookup`):
/// non-ASCII labels to lower case and Punycode, full-width dots to dots. An ASCII name is unchanged. Assumes composed
/// characters (Unicode NFC).
pub(super) fn to_ascii(host: &str) -> String {
    if host.is_ascii() {
        return host.to_owned();
    }
    let labels = host.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).map(|label| {
        let label = label.to_lowercase();
        if label.is_ascii() { label } else { format!("xn--{}", encode(&label)) }
    });
    labels.collect::<Vec<_>>().join(".")
}

/// Whether every Punycode label decodes to letters of the Latin script (up to U+024F). Older tables, such as Java's of
/// Unicode 3.2, contain all of these.
pub(super) fn is_plain(name: &str) -> bool {
    name.split('.').all(|label| {
        let label = label.to_ascii_lowercase();
        label.strip_prefix("xn--").is_none_or(|code| {
            decode(code).is_some_and(|text| text.chars().all(|c| c < '\u{250}' && (c.is_alphanumeric() || c == '-')))
        })
    })
}

/// Encodes a label in Punycode (RFC 3492, 6.3).
fn encode(label: &str) -> String {
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).unwrap_or(u32::MAX);
    let mut handled = basic;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let total = u32::try_from(label.chars().count()).unwrap_or(u32::MAX);
    while handled < total {
        let Some(next) = label.chars().map(u32::from).filter(|c| *c >= n).min() else { break };
        delta = delta.saturating_add((next - n).saturating_mul(handled + 1));
        n = next;
        for c in label.chars().map(u32::from) {
            if c < n {
                delta = delta.saturating_add(1);
            } else if c == n {
                let mut q = delta;
                for k in (BASE..).step_by(BASE as usize) {
                    let t = threshold(k, bias);
                    if q < t {
                        break;
                    }
                    out.push(digit(t + (q - t) % (BASE - t)));
                    q = (q - t) / (BASE - t);
                }
                out.push(digit(q));
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.saturating_add(1);
        n += 1;
    }
    out
}

/// Decodes Punycode (RFC 3492, 6.2); `None` if the input is malformed.
fn decode(code: &str) -> Option<String> {
    let (basic, rest) = code.rsplit_once('-').unwrap_or(("", code));
    let mut out: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = rest.bytes().peekable();
    while digits.peek().is_some() {
        let before = i;
        let mut weight = 1_u32;
        for k in (BASE..).step_by(BASE as usize) {
            let value = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            i = i.checked_add(value.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if value < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
        }
        let length = u32::try_from(out.len()).ok()? + 1;
        bias = adapt(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        out.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(out.into_iter().collect())
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// Adapts the bias (RFC 3492, 6.1).
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn digit(value: u32) -> char {
    char::from_digit(value.wrapping_sub(26), 10).unwrap_or_else(|| char::from(b'a' + u8::try_from(value).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// $ python3 -c "print('bücher.example.com'.encode('idna'))", and so on
    #[test]
    fn writes_names_as_python_does() {
        for (name, ascii) in [
            ("bücher.example.com", "xn--bcher-kva.example.com"),
            ("BÜCHER.example.com", "xn--bcher-kva.example.com"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("пример。испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
            ("api.Example.com", "api.Example.com"),
        ] {
            assert_eq!(to_ascii(name), ascii);
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for name in ["bücher", "例え", "испытание", "a-ü-b", "ü"] {
            assert_eq!(decode(&encode(name)).as_deref(), Some(name));
        }
        assert!(
            is_plain("api.xn--bcher-kva.example.com")
                && !is_plain("xn--r8jz45g.example")
                && !is_plain("xn--a*-kva.com")
        );
    }
}
