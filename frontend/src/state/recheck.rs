//! Why a finding matters, and the command that verifies it.

use airlock_core::Finding;

mod advice;
mod table;

use self::{
    advice::{Advice, Check},
    table::ADVICE,
};

/// Why a finding matters; empty for an unknown code.
pub fn why(finding: &Finding) -> &'static str {
    advice(&finding.code).map_or("", |advice| advice.why)
}

/// The command that verifies a finding; empty for an unknown code.
pub fn command(finding: &Finding) -> String {
    let Some(advice) = advice(&finding.code) else { return String::new() };
    let source = Source::of(finding);
    match advice.check {
        Check::Command(command) => command.to_owned(),
        Check::Certificate(_) | Check::Certificates | Check::Pair if source.is_document() => {
            source.lines(CERTIFICATE_LINES)
        }
        Check::Certificate(options) => source.pem().into("openssl x509", "-in ") + " -noout " + options,
        Check::Certificates => source.pem().into("openssl storeutl -noout -text -certs", ""),
        Check::Kubeconfig => source.reads("kubectl config view --kubeconfig"),
        Check::Lines(pattern) => source.lines(pattern),
        Check::FileType => source.file_type(),
        Check::Members => source.members(),
        Check::Object => source.describe(),
        Check::Pair => source.pair(),
        Check::Request => source.file().into("openssl req -noout -subject -text -verify", "-in "),
    }
}

fn advice(code: &str) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| advice.code == code)
}

/// The location of a finding.
struct Source<'a> {
    file: &'a str,
    place: &'a str,
}

/// The input of a command: a file, or another command's output.
enum Input {
    File(String),
    Pipe(String),
}

impl Input {
    /// The command that reads this input; `option` precedes a file's name.
    fn into(self, command: &str, option: &str) -> String {
        match self {
            Self::File(file) => format!("{command} {option}{file}"),
            // Some versions of openssl do not read standard input by default; all read this path.
            Self::Pipe(source) if command.starts_with("openssl storeutl") => format!("{source} | {command} /dev/stdin"),
            Self::Pipe(source) => format!("{source} | {command}"),
        }
    }
}

/// Lines of YAML or JSON with a certificate.
const CERTIFICATE_LINES: &str = r"crt\|certificate\|BEGIN";

/// The file for findings that name none.
const CA: &str = "/etc/kubernetes/pki/ca.crt";

impl<'a> Source<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self { file: &finding.file, place: &finding.place }
    }

    /// The file itself, extracted from its archive or its Secret.
    fn file(&self) -> Input {
        match self.file.rsplit_once("!/") {
            // A value of a Secret in a file of objects: `secret.yaml!/name/key`.
            Some((objects, value)) if is_document_name(objects) => {
                let (name, key) = value.rsplit_once('/').unwrap_or(("", value));
                let path = format!("{{.items[0].data.{}}}", key.replace('.', r"\."));
                let get = format!("kubectl get secrets -A --field-selector metadata.name={}", quoted(name));
                Input::Pipe(format!("{get} -o jsonpath={} | base64 -d", quoted(&path)))
            }
            Some((archive, member)) => {
                // A nested archive must be extracted first; the command uses its own name.
                let archive = archive.rsplit_once("!/").map_or(archive, |(_, inner)| inner);
                let unpack = if archive.to_ascii_lowercase().ends_with(".zip") { "unzip -p" } else { "tar -xOf" };
                Input::Pipe(format!("{unpack} {} {}", quoted(archive), quoted(member)))
            }
            None if self.file.is_empty() => Input::File(CA.to_owned()),
            None => Input::File(quoted(self.file)),
        }
    }

    /// The finding's certificate as PEM, extracted from its kubeconfig or object.
    fn pem(&self) -> Input {
        if let Some((kind, name)) = self.object() {
            let key = if kind == "secret" { r"tls\.crt" } else { r"ca\.crt" };
            return Input::Pipe(format!("kubectl{name} -o jsonpath='{{.data.{key}}}'{}", decoded(kind)));
        }
        let field = [("clusters[", "cluster.certificate-authority-data"), ("users[", "user.client-certificate-data")];
        let field = field.iter().find(|(list, _)| self.place.starts_with(list));
        let index = self.place.split(['[', ']']).nth(1).filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()));
        match (field, index) {
            (Some((list, field)), Some(index)) => {
                let view = self.reads("kubectl config view --raw --kubeconfig");
                Input::Pipe(format!("{view} -o jsonpath='{{.{list}{index}].{field}}}' | base64 -d"))
            }
            _ => self.file(),
        }
    }

    /// Kind of an object in the cluster, and the arguments of the kubectl command that gets it.
    fn object(&self) -> Option<(&'static str, String)> {
        let (kind, name) = self.place.split_once(' ')?;
        let kind = [("Secret", "secret"), ("ConfigMap", "configmap")].iter().find(|(known, _)| *known == kind)?.1;
        let (namespace, name) = name.split_once('/')?;
        Some((kind, format!(" -n {} get {kind} {}", quoted(namespace), quoted(name))))
    }

    /// A kubectl command that reads a kubeconfig; kubectl reads it from files only, not from standard input.
    fn reads(&self, command: &str) -> String {
        match self.file() {
            Input::File(file) => format!("{command} {file}"),
            Input::Pipe(source) => format!("{command} <({source})"),
        }
    }

    /// Is it a YAML or JSON file, such as a kubeconfig, with certificates in fields that the finding does not name?
    fn is_document(&self) -> bool {
        let kubeconfig = self.file.ends_with(".conf");
        let named = self.object().is_some() || self.place.starts_with("clusters[") || self.place.starts_with("users[");
        (kubeconfig || is_document_name(self.file)) && !named
    }

    /// The command that prints the file's lines with this pattern.
    fn lines(&self, pattern: &str) -> String {
        self.file().into(&format!("grep -n -e {}", quoted(pattern)), "")
    }

    /// `kubectl describe` for an object, which prints only sizes of secret values; for other locations, the file.
    fn describe(&self) -> String {
        match self.object() {
            Some((_, get)) => format!("kubectl{}", get.replacen(" get ", " describe ", 1)),
            None => self.file_type(),
        }
    }

    fn file_type(&self) -> String {
        match self.file() {
            Input::File(file) => format!("ls -l {file} && file {file}"),
            Input::Pipe(source) => format!("{source} | file -"),
        }
    }

    fn members(&self) -> String {
        let archive = self.file.split_once("!/").map_or(self.file, |(archive, _)| archive);
        let list = if archive.to_ascii_lowercase().ends_with(".zip") { "unzip -l" } else { "tar -tvf" };
        format!("{list} {}", quoted(archive))
    }

    /// Compares the public keys of a certificate and the private key with the same file name.
    fn pair(&self) -> String {
        let stem = |file: &str| file.trim_end_matches(".key").trim_end_matches(".crt").to_owned();
        let (certificate, key) = match (self.pem(), self.file()) {
            (Input::Pipe(certificate), Input::File(file)) if self.object().is_none() => {
                let raw = format!("kubectl config view --raw --kubeconfig {file} -o jsonpath");
                let user = self.place.split('.').next().unwrap_or_default();
                (certificate, format!("{raw}='{{.{user}.user.client-key-data}}' | base64 -d"))
            }
            (Input::Pipe(certificate), _) => {
                (certificate.clone(), certificate.replace(r"tls\.crt", r"tls\.key").replace(".crt", ".key"))
            }
            (Input::File(file), _) => {
                let stem = stem(&file);
                (format!("cat {stem}.crt"), format!("cat {stem}.key"))
            }
        };
        format!("diff <({certificate} | openssl x509 -noout -pubkey) <({key} | openssl pkey -pubout)")
    }
}

/// Is it the name of a YAML or JSON file?
fn is_document_name(file: &str) -> bool {
    let name = file.to_ascii_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

/// Decodes values of Secrets, which are base64 in the API; ConfigMaps are text.
fn decoded(kind: &str) -> &'static str {
    if kind == "secret" { " | base64 -d" } else { "" }
}

/// A word for a POSIX shell; an empty text stays empty.
pub fn quoted_or_empty(word: &str) -> String {
    if word.is_empty() { String::new() } else { quoted(word) }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:-@%+=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
