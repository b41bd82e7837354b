//! Modifies trees of real clusters as determined by the fuzzer's bytes.

use std::{fs, path::Path, sync::Arc};

use airlock_core::{Content, InputFile, UnixTime};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};

use crate::secrets::Secrets;

/// The file that is loaded together with Talos' machine configurations.
const TALOS_SECRETS: &str = "talos/cluster-a/secrets.yaml";

/// Folders below `tests/fixtures` that are loaded together; the first byte selects one set.
const SETS: [&[&str]; 13] = [
    &["kubeadm/ecdsa-3/cp1", "kubeadm/ecdsa-3/worker1", "kubeadm/ecdsa-3/cluster", "kubeadm/ecdsa-3/clients"],
    &["kubeadm/ecdsa-3/cp1", "kubeadm/ecdsa-3/cp2"],
    &["cluster-api/two"],
    &["kubeadm/ecdsa-3/cp1", "kubeadm/other-1/cp1"],
    &["kubeadm/external-1/cp1", "kubeadm/external-1/cluster"],
    &["kubeadm/rsa-1/cp1", "brought"],
    &["talos/cluster-a/contract-v1.8"],
    &["talos/cluster-a/contract-v1.13"],
    &["talos/cluster-a/contract-v1.14"],
    &["talos/patches/v1.13/kubernetes-1-add", "talos/rotation"],
    &["kamaji/alpha"],
    &["kamaji/alpha-after-openssl-ca", "kamaji/konnectivity"],
    &["kamaji/alpha", "kamaji/alpha-signing-apart", "kamaji/alpha-notready"],
];

/// The parsed fixtures, with their private keys.
#[derive(Debug)]
pub struct Trees {
    sets: Vec<Vec<InputFile>>,
    /// The private keys of all fixtures.
    pub secrets: Secrets,
    /// The current time for the fixtures.
    pub now: UnixTime,
}

impl Trees {
    /// Reads the fixtures.
    ///
    /// # Panics
    ///
    /// If a fixture does not exist.
    #[must_use]
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        let mut secrets = Secrets::default();
        let sets = SETS.map(|folders| {
            let mut files = Vec::new();
            for folder in folders {
                collect(&root.join(folder), folder, &mut files);
                if folder.starts_with("talos/cluster-a") {
                    let secrets = fs::read(root.join(TALOS_SECRETS)).expect("a fixture can be read");
                    files.push(InputFile::new("secrets.yaml", secrets));
                }
            }
            for file in &files {
                if let Content::Bytes(bytes) = &file.content {
                    secrets.add(&String::from_utf8_lossy(bytes));
                }
            }
            files
        });
        let now = fs::read_to_string(root.join("kubeadm/CREATED")).expect("the fixtures say when they were made");
        let now = UnixTime(now.trim().parse().expect("unix seconds"));
        Self { sets: sets.into(), secrets, now }
    }

    /// The tree described by `bytes`: a fixture, then a sequence of changes.
    #[must_use]
    pub fn changed(&self, bytes: &mut Bytes<'_>) -> Vec<InputFile> {
        let mut files = self.sets[bytes.number(self.sets.len())].clone();
        while !bytes.0.is_empty() && !files.is_empty() {
            change(&mut files, bytes);
        }
        files
    }
}

/// A reader of the fuzzer's bytes; returns zeros after the end.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`.
    pub fn number(&mut self, end: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number % end.max(1)
    }

    /// Reads a length and that many bytes.
    pub fn some(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (some, rest) = self.0.split_at(length);
        self.0 = rest;
        some
    }
}

fn collect(folder: &Path, name: &str, found: &mut Vec<InputFile>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    entries.sort();
    for path in entries {
        let name = format!("{name}/{}", path.file_name().expect("an entry has a name").display());
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link can be read").display().to_string();
            found.push(InputFile { path: name, content: Content::Symlink(target), mode: None });
        } else if path.is_dir() {
            collect(&path, &name, found);
        } else {
            found.push(InputFile::new(name, fs::read(&path).expect("a fixture can be read")));
        }
    }
}

/// Applies one change to one file.
fn change(files: &mut Vec<InputFile>, bytes: &mut Bytes<'_>) {
    let (kind, at) = (bytes.byte() % 16, bytes.number(files.len()));
    let other = bytes.number(files.len());
    let Content::Bytes(content) = files[at].content.clone() else {
        if kind < 8 {
            files.remove(at);
        } else {
            files[at].content = Content::Symlink(String::from_utf8_lossy(bytes.some()).into_owned());
        }
        return;
    };
    let changed = match kind {
        0 => return drop(files.remove(at)),
        1 => {
            files[at].path = files[other].path.clone();
            return;
        }
        2 => files[other].content.bytes().unwrap_or_default(),
        3 => content[..bytes.number(content.len() + 1)].to_vec(),
        4 => [content.as_slice(), bytes.some()].concat(),
        5 => [bytes.some(), content.as_slice()].concat(),
        6 => bytes.some().to_vec(),
        7 | 8 => overwritten(&content, bytes),
        9 | 10 => inside(&content, bytes),
        11 => String::from_utf8_lossy(&content).replace('\n', "\r\n").into_bytes(),
        12 => String::from_utf8_lossy(&content).encode_utf16().flat_map(u16::to_le_bytes).collect(),
        13 => [content.as_slice(), &files[other].content.bytes().unwrap_or_default()].concat(),
        14 => return packed(files, at, bytes.byte()),
        _ => {
            let path = String::from_utf8_lossy(bytes.some()).into_owned();
            return files.push(InputFile::new(path, content.to_vec()));
        }
    };
    files[at].content = Content::Bytes(Arc::new(changed.into()));
}

trait ContentBytes {
    fn bytes(&self) -> Option<Vec<u8>>;
}

impl ContentBytes for Content {
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

/// Overwrites some bytes.
fn overwritten(content: &[u8], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut content = content.to_vec();
    let at = bytes.number(content.len());
    for (place, byte) in content[at..].iter_mut().zip(bytes.some()) {
        *place = *byte;
    }
    content
}

/// Changes base64-encoded data, up to two levels deep: certificates and keys, and data embedded in kubeconfigs and
/// Secrets.
fn inside(content: &[u8], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(content).into_owned();
    if let Some((before, rest)) = text.split_once("-----\n")
        && let Some((body, after)) = rest.split_once("-----END")
        && let Ok(der) = STANDARD.decode(body.replace('\n', ""))
    {
        let body = STANDARD.encode(overwritten(&der, bytes));
        return format!("{before}-----\n{body}\n-----END{after}").into_bytes();
    }
    let values: Vec<&str> = text.split([' ', '\n', '"']).filter(|word| word.len() > 80).collect();
    let Some(value) = values.get(bytes.number(values.len())) else { return overwritten(content, bytes) };
    match STANDARD.decode(value) {
        Ok(inner) => text.replacen(value, &STANDARD.encode(inside(&inner, bytes)), 1).into_bytes(),
        Err(_) => overwritten(content, bytes),
    }
}

/// Packs the file and the following files into a tar or a gzip-compressed tar.
fn packed(files: &mut Vec<InputFile>, at: usize, kind: u8) {
    let mut builder = tar::Builder::new(Vec::new());
    let end = files.len().min(at + 1 + usize::from(kind / 2));
    for file in files.drain(at..end) {
        let Some(bytes) = file.content.bytes() else { continue };
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        // Files with a name that tar cannot store are left out.
        let _ = builder.append_data(&mut header, &file.path, bytes.as_slice());
    }
    let packed = builder.into_inner().expect("a vector can be written to");
    let (name, packed) = if kind % 2 == 0 {
        ("drop.tar", packed)
    } else {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::Write::write_all(&mut encoder, &packed).expect("a vector can be written to");
        ("drop.tar.gz", encoder.finish().expect("a vector can be written to"))
    };
    files.push(InputFile::new(name, packed));
}
