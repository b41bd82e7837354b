//! Inputs that hold the right thing in a form that no program of a cluster reads: what each is, and the command that
//! converts it.

use serde_json::Value;

use super::result::{PemReader, Reason, contains, from_base64};
use crate::{
    finding::Severity,
    formats::{kubeconfig, yaml},
    x509::{Certificate, container},
};

/// The identifier of PKCS#7 signed data with tag and length: 1.2.840.113549.1.7.2 (RFC 5652, 5.1).
const SIGNED_DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";

/// Texts beyond this are not tried as base64. Bytes.
const MAX_BASE64: usize = 4 * 1024 * 1024;

/// The code of findings about a key that occurs twice in one mapping.
const DUPLICATE_KEY: &str = "duplicate-key";

/// The code of findings about documents of a static Pod's manifest that the kubelet does not read.
const IGNORED_DOCUMENT: &str = "ignored-document";

/// The code of findings about a KubeletConfiguration that is not a node's own.
const NOT_A_NODES_OWN: &str = "kubelet-configuration-template";

/// The first line that says something, without its indentation, and the indentation.
fn first_line(text: &[u8]) -> Option<(&[u8], usize)> {
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| {
        let content = line.trim_ascii_start();
        (content.trim_ascii_end(), line.len() - content.len())
    });
    lines.find(|(content, _)| !content.is_empty() && !content.starts_with(b"#") && !content.starts_with(b"---"))
}

/// Kubernetes objects in YAML have their kind at the start of a line, or all of them indented alike; in JSON they start
/// with a brace, an array of them with a bracket.
pub(super) fn looks_like_objects(text: &[u8]) -> bool {
    const KEYS: [&[u8]; 9] = [
        b"kind:",
        b"apiVersion:",
        b"\"kind\":",
        b"\"apiVersion\":",
        b"clusters:",
        b"contexts:",
        b"machine:",
        b"certs:",
        // A resource of Talos' API.
        b"node:",
    ];
    let Some((first, indent)) = first_line(text) else { return false };
    let has_key = |line: &[u8]| KEYS.iter().any(|key| line.starts_with(key));
    if let Some(rest) = first.strip_prefix(b"[") {
        // An array of objects or of texts; `[section]` is something else.
        let next = rest.trim_ascii_start().first();
        return matches!(next, Some(b'{' | b'"')) || rest.is_empty();
    }
    if first.starts_with(b"{") || first.strip_prefix(b"- ").is_some_and(|item| has_key(item.trim_ascii_start())) {
        return true;
    }
    text.split(|byte| *byte == b'\n').any(|line| {
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        has_key(&line[blanks.min(indent)..])
    })
}

/// Is this PEM with text around it, rather than YAML that holds PEM? In YAML, no line of a value starts with `-----BEGIN`.
pub(super) fn is_pem_with_notes(text: &[u8]) -> bool {
    let has_block = text.starts_with(b"-----BEGIN ") || contains(text, b"\n-----BEGIN ");
    has_block && yaml::documents(text).map(|mut documents| documents.iter_mut().for_each(yaml::wipe)).is_err()
}

/// A reason for text that is base64 of PEM, once or twice.
pub(super) fn base64_of_pem(text: &[u8]) -> Option<Reason> {
    let once = decoded(text)?;
    if is_pki(&once) {
        let remedy = "Decode it: base64 -d FILE >NEW";
        return Some(Reason::damaged("", "it is base64 of PEM or DER, not PEM itself", remedy));
    }
    is_pki(&decoded(&once)?).then(|| {
        let remedy = "Decode it twice: base64 -d FILE | base64 -d >NEW";
        Reason::damaged("", "it is base64 of base64 of PEM or DER, not PEM itself", remedy)
    })
}

/// A reason for an embedded value that was encoded once too often.
pub(super) fn base64_twice(value: &[u8]) -> Option<Reason> {
    let remedy = "Encode the PEM text once: the value is the output of `base64 -w0 FILE`, where FILE holds PEM";
    is_pki(&decoded(value)?)
        .then(|| Reason::damaged("", "the value is encoded as base64 twice, so its readers find no PEM in it", remedy))
}

/// What a whole text decodes to, if it is base64.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= MAX_BASE64 && !text.trim().is_empty())?;
    from_base64(text)
}

fn is_pki(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ") || Certificate::from_der(bytes).is_ok()
}

/// A reason for certificates in a PKCS#7 container in DER.
pub(super) fn pkcs7(der: &[u8]) -> Option<Reason> {
    contains(der.get(..32.min(der.len()))?, SIGNED_DATA).then(|| {
        Reason::damaged(
            "",
            "it is a PKCS#7 container, which no component of Kubernetes reads",
            "Convert it: openssl pkcs7 -inform DER -print_certs -in FILE -out NEW",
        )
    })
}

/// The same in a PEM block.
pub(super) fn pkcs7_in_pem() -> Reason {
    Reason::damaged(
        "",
        "it is a PKCS#7 container, which no component of Kubernetes reads",
        "Convert it: openssl pkcs7 -print_certs -in FILE -out NEW",
    )
}

/// A reason for DER where Go reads PEM alone.
pub(super) fn der_on_node(der: &[u8], reader: PemReader) -> Option<Reason> {
    if reader == PemReader::Person {
        return None;
    }
    let (what, remedy) = if Certificate::from_der(der).is_ok() {
        ("a certificate in DER", "Convert it: openssl x509 -inform DER -in FILE -out NEW")
    } else if container::is_container(der) {
        ("a PKCS#12 container", "Convert it: openssl pkcs12 -in FILE -nodes -out NEW")
    } else {
        ("DER", "If it is a private key, convert it: openssl pkey -inform DER -in FILE -out NEW")
    };
    let message = format!("it is {what}, but Go, and so every Kubernetes component, reads PEM alone from this file");
    Some(Reason::damaged("", message, remedy))
}

/// A reason for documents that are no objects, or more than their reader reads.
pub(super) fn documents(documents: &[Value]) -> Option<Reason> {
    let is_block = |item: &Value| item.as_str().is_some_and(|text| text.contains("-----BEGIN "));
    if let [Value::Array(items)] = documents
        && !items.is_empty()
        && items.iter().all(is_block)
    {
        return Some(Reason::damaged(
            "",
            format!("it is a JSON array of {} PEM texts, not PEM itself", items.len()),
            r#"Convert it: printf '%b\n' "$(tr -d '[]"' <FILE | tr , '\n' | sed 's/^ *//')" >NEW"#,
        ));
    }
    let count = documents.iter().filter(|document| kubeconfig::is_kubeconfig(document)).count();
    (count > 0 && documents.len() > 1).then(|| {
        Reason::damaged(
            "",
            format!(
                "it holds {} YAML documents, {count} of them kubeconfigs; kubectl and client-go read a file with one document",
                documents.len()
            ),
            r"Split it: csplit -z -f kubeconfig- FILE '/^---/' '{*}'",
        )
    })
}

/// A warning about a key that occurs twice. `message` names it.
pub(super) fn duplicate_key(place: String, message: &str) -> Reason {
    Reason {
        at_most: Severity::Warning,
        ..Reason::unfit(
            DUPLICATE_KEY,
            place,
            format!("{message}. Kubernetes reads the last one, and so does Airlock"),
            "Remove the one that does not apply",
        )
    }
}

/// A warning about documents after the first one of a static Pod's manifest.
pub(super) fn further_documents(count: usize) -> Reason {
    Reason {
        at_most: Severity::Warning,
        ..Reason::unfit(
            IGNORED_DOCUMENT,
            "",
            format!("it holds {count} YAML documents, and the kubelet reads only the first one of a manifest"),
            "Write each static Pod into a file of its own",
        )
    }
}

/// A note about a KubeletConfiguration that kubeadm copies to nodes: a kubelet reads its node's own file.
pub(super) fn kubelet_configuration(documents: &[Value], reader: PemReader) -> Vec<Reason> {
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kind = |value: &Value| text(value, "/kind").unwrap_or_default();
    let is_template = |value: &Value| match kind(value).as_str() {
        "KubeletConfiguration" => reader == PemReader::Person,
        "ConfigMap" => {
            let name = text(value, "/metadata/name").unwrap_or_default();
            name.starts_with("kubelet-config") && text(value, "/data/kubelet").is_some()
        }
        _ => false,
    };
    let items = documents.iter().flat_map(|document| match document.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().collect(),
        None => vec![document],
    });
    let found = items.filter(|value| is_template(value)).map(kind).next();
    let reason = |kind: String| Reason {
        at_most: Severity::Note,
        damaged: false,
        ..Reason::unfit(
            NOT_A_NODES_OWN,
            kind,
            "it is a KubeletConfiguration, but not a node's /var/lib/kubelet/config.yaml: of a drop-in file of a node, only the paths that it names are used, and of kubeadm's ConfigMap nothing",
            "Provide /var/lib/kubelet/config.yaml of each node",
        )
    };
    found.map(reason).into_iter().collect()
}

/// A reason for a value that kubectl left out.
pub(super) fn omitted(place: &str, marker: &str) -> Reason {
    Reason::damaged(
        place,
        format!("the value is {marker}: `kubectl config view` left the data out"),
        "Export it with its data: kubectl config view --raw --flatten >NEW",
    )
}

/// The command that mends a fault in the lines of a PEM text; `None` where the text itself is damaged.
pub(super) fn mend_lines(problem: &str) -> Option<&'static str> {
    if problem.starts_with("-----BEGIN is indented") {
        Some("Remove the indentation: sed 's/^[[:blank:]]*//' FILE >NEW")
    } else if problem.starts_with("-----BEGIN does not start on a line") {
        Some(r"Put each -----BEGIN on a line of its own: sed 's/\(.\)-----BEGIN /\1\n-----BEGIN /g' FILE >NEW")
    } else if problem.ends_with("UTF-16: save it as UTF-8") {
        Some("Convert it: iconv -f UTF-16 -t UTF-8 FILE >NEW")
    } else if problem.contains(r"written as \n") {
        Some(r"Write the line breaks out: sed 's/\\n/\n/g' FILE >NEW")
    } else {
        None
    }
}
