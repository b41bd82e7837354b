//! The workers' request handler, independent of the browser.

use std::collections::BTreeMap;

use airlock_core::{
    Content, Finding, InputFile, InspectOptions, Password, UnixTime,
    inventory::{Inventory, PASSWORD_NEEDED, PASSWORD_WRONG},
    package::{OutputFiles, PackageError},
    plan::RotationPlan,
    profile::{self, Profile},
    sample,
    simulate::{Broken, TrustMatrix},
    text::hex,
    x509::{KeyAlgorithm, PrivateKey},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::protocol::{Ask, FileBody, FileTicket, Reply};
use crate::state::{checks::SelfTest, work::FileId};

/// The core worker's memory: loaded files, inventory, plan, keys and package.
#[derive(Default)]
pub struct Core {
    files: BTreeMap<FileId, InputFile>,
    /// The last password that decrypted something. It exists nowhere else.
    password: Option<Password>,
    /// The platform that the person chose; `None` to detect it from the files.
    platform: Option<&'static Profile>,
    inventory: Option<Inventory>,
    plan: Option<RotationPlan>,
    /// The build that waits for its keys.
    run: Option<u32>,
    /// Keys by build and index. A key may arrive before its [`Ask::Make`].
    keys: BTreeMap<(u32, usize), PrivateKey>,
    package: Option<OutputFiles>,
}

/// A reply, and the bytes that are attached to it.
pub struct Answer {
    /// The reply.
    pub reply: Reply,
    /// A text for the clipboard or the zip.
    pub bytes: Option<Zeroizing<Vec<u8>>>,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, bytes: None }
    }
}

impl Core {
    /// Handles a request. `bodies`: the contents of its attachments, in order.
    ///
    /// `None` if the reply comes later: to [`Ask::Make`], with the last [`Core::key`] or with [`Ask::Cancel`].
    pub fn answer(&mut self, ask: Ask, bodies: Vec<Content>) -> Option<Answer> {
        match ask {
            Ask::Inspect { add, remove, platform, now } => {
                self.platform = platform.as_deref().and_then(profile::named);
                Some(self.inspect(add, &remove, bodies, now).into())
            }
            Ask::Unlock { now } => Some(self.unlock(bodies, now).into()),
            Ask::Sample { id, now } => Some(sample(&id, now)),
            Ask::Check { phase } => {
                let report = self.inventory.as_ref().map(|inventory| airlock_core::check(inventory, phase));
                Some(report.map_or_else(|| nothing("loaded"), Reply::Checked).into())
            }
            Ask::Plan { request, now } => {
                self.forget_plan();
                let Some(inventory) = &self.inventory else { return Some(nothing("loaded").into()) };
                Some(match airlock_core::plan(inventory, &request, now) {
                    Ok(plan) => Reply::Plan(self.plan.insert(plan).report()).into(),
                    Err(refusal) => Reply::Refused(refusal.findings).into(),
                })
            }
            Ask::Predict => Some(Reply::Predicted(self.plan.as_ref().and_then(predicted)).into()),
            Ask::Make { run } => {
                self.package = None;
                self.run = Some(run);
                self.keys.retain(|(of, _), _| *of == run);
                self.make_if_complete()
            }
            Ask::Cancel => {
                self.run = None;
                self.keys.clear();
                Some(Reply::Cancelled.into())
            }
            Ask::Wipe => {
                *self = Self::default();
                Some(Reply::Wiped.into())
            }
            Ask::Details { fingerprint } => {
                let inventory = self.inventory.as_ref();
                let details = inventory.and_then(|inventory| inventory.certificate_details(&fingerprint));
                Some(details.map_or_else(|| nothing("loaded under that fingerprint"), Reply::Details).into())
            }
            Ask::Preview { path } => {
                let preview = self.package.as_ref().and_then(|package| package.preview(&path));
                Some(preview.map_or_else(|| nothing("packaged under that name"), Reply::Preview).into())
            }
            Ask::Command { path, context } => {
                let command = self.package.as_ref().and_then(|package| package.apply_command(&path, &context));
                Some(match command {
                    Some(text) => {
                        Answer { reply: Reply::Command, bytes: Some(Zeroizing::new(text.as_bytes().to_vec())) }
                    }
                    None => nothing("to apply under that name").into(),
                })
            }
            Ask::Archive => {
                let Some(package) = &self.package else { return Some(nothing("packaged").into()) };
                let zip = airlock_core::archive(package);
                let reply = Reply::Archive { name: format!("{}.zip", package.name()), sha256: sha256(&zip) };
                Some(Answer { reply, bytes: Some(zip) })
            }
            Ask::Test => Some(Reply::Tested(self_test()).into()),
        }
    }

    /// Stores the key of `run` for the plan's key request `index`. The last key returns the reply to [`Ask::Make`].
    pub fn key(&mut self, run: u32, index: usize, pkcs8: &[u8]) -> Option<Answer> {
        match PrivateKey::from_pkcs8_der(pkcs8) {
            Ok(key) => {
                self.keys.insert((run, index), key);
                self.make_if_complete()
            }
            Err(error) => self.run.take_if(|wanted| *wanted == run).map(|_| Reply::Failed(error.to_string()).into()),
        }
    }

    fn inspect(&mut self, add: Vec<FileTicket>, remove: &[FileId], bodies: Vec<Content>, now: UnixTime) -> Reply {
        self.forget_plan();
        self.files.retain(|id, _| !remove.contains(id));
        let mut bodies = bodies.into_iter();
        let mut sizes = Vec::with_capacity(add.len());
        for ticket in add {
            let content = match ticket.body {
                FileBody::Attached => {
                    bodies.next().unwrap_or_else(|| Content::Unreadable("the browser did not hand it over".to_owned()))
                }
                FileBody::Unreadable(reason) => Content::Unreadable(reason),
            };
            sizes.push(size(&content));
            self.files.insert(ticket.id, InputFile { path: ticket.path, content, mode: None });
        }
        let inventory = self.inspect_with(self.password.as_ref(), now);
        Reply::Inventory(self.inventory.insert(inventory).report(now), sizes)
    }

    /// Tries a password, and keeps it only if it decrypts something. Findings name the files that stay encrypted.
    fn unlock(&mut self, bodies: Vec<Content>, now: UnixTime) -> Reply {
        let Some(typed) = bodies.into_iter().find_map(password) else { return nothing("typed") };
        self.forget_plan();
        let before = self.inventory.as_ref().map_or(0, locked);
        let inventory = self.inspect_with(Some(&typed), now);
        let opened = locked(&inventory) < before;
        if opened {
            self.password = Some(typed);
        }
        // What an earlier password decrypted stays decrypted.
        let inventory = match self.inventory.take() {
            Some(earlier) if !opened && self.password.is_some() => earlier,
            _ => inventory,
        };
        Reply::Unlocked { inventory: self.inventory.insert(inventory).report(now), opened }
    }

    fn inspect_with(&self, password: Option<&Password>, now: UnixTime) -> Inventory {
        let options = InspectOptions { password, platform: self.platform, ..InspectOptions::default() };
        airlock_core::inspect_with(self.files.values().cloned().collect(), options, now)
    }

    fn forget_plan(&mut self) {
        self.plan = None;
        self.run = None;
        self.keys.clear();
        self.package = None;
    }

    fn make_if_complete(&mut self) -> Option<Answer> {
        let run = self.run?;
        let Some(plan) = &self.plan else {
            self.run = None;
            return Some(nothing("planned").into());
        };
        let wanted = plan.key_requests().len();
        if (0..wanted).any(|index| !self.keys.contains_key(&(run, index))) {
            return None;
        }
        self.run = None;
        let keys = (0..wanted).filter_map(|index| self.keys.remove(&(run, index))).collect();
        self.keys.clear();
        let minted = match airlock_core::mint(plan, keys) {
            Ok(minted) => minted,
            Err(error) => return Some(Reply::Failed(error.to_string()).into()),
        };
        Some(match airlock_core::package(plan, &minted) {
            Ok(package) => Reply::Package(self.package.insert(package).report(), minted.authorities()).into(),
            // The error of `package` has no matrix, which the page shows.
            Err(PackageError::Broken(broken)) => match airlock_core::simulate(plan, &minted) {
                Ok(matrix) => Reply::Broken(finding(&broken), matrix).into(),
                Err(error) => Reply::Failed(error.to_string()).into(),
            },
            Err(error) => Reply::Failed(error.to_string()).into(),
        })
    }
}

/// A file's size in bytes; 0 if unknown.
fn size(content: &Content) -> u64 {
    match content {
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::TooLarge(size) => *size,
        Content::Symlink(_) | Content::Unreadable(_) => 0,
    }
}

/// The number of findings about files that need a password, or another one.
fn locked(inventory: &Inventory) -> usize {
    let codes = inventory.findings().iter().map(|finding| finding.code.as_str());
    codes.filter(|code| [PASSWORD_NEEDED, PASSWORD_WRONG].contains(code)).count()
}

/// The password as typed, in UTF-8.
fn password(body: Content) -> Option<Password> {
    let Content::Bytes(bytes) = body else { return None };
    let text = Zeroizing::new(str::from_utf8(&bytes).ok()?.to_owned());
    Some(Password::new(text))
}

/// What breaks. Core's own finding names a command line option; the page has a form instead.
fn finding(broken: &Broken) -> Finding {
    Finding::error("edge-broken", "", broken.to_string()).remedy(broken.remedy.clone())
}

/// No prediction for a plan with more keys: signing would take too long for a task that runs unasked.
const MAX_PREDICTED: usize = 200;

/// Predicts what a plan would break, with temporary keys. Each new CA has its own key, as verifiers distinguish CAs by
/// their keys; all other certificates share one key for each type.
fn predicted(plan: &RotationPlan) -> Option<(Finding, TrustMatrix)> {
    let requests = plan.key_requests();
    let slow = |algorithm| matches!(algorithm, KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096);
    if requests.len() > MAX_PREDICTED || requests.iter().any(|request| slow(request.algorithm)) {
        return None;
    }
    let new_cas = plan.report().authorities.iter().filter(|one| !one.brought && !one.under_way).count();
    let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let mut shared: Vec<(KeyAlgorithm, PrivateKey)> = Vec::new();
    let mut key = |(index, algorithm): (usize, KeyAlgorithm)| {
        if let Some((_, key)) = shared.iter().find(|(of, _)| *of == algorithm && index >= new_cas) {
            return key.clone();
        }
        let key = PrivateKey::generate(algorithm, &mut random);
        if index >= new_cas {
            shared.push((algorithm, key.clone()));
        }
        key
    };
    let keys = requests.iter().map(|request| request.algorithm).enumerate().map(&mut key).collect();
    let minted = airlock_core::mint(plan, keys).ok()?;
    let matrix = airlock_core::simulate(plan, &minted).ok()?;
    Some((finding(&matrix.first_broken()?), matrix))
}

/// The reply to a request that has nothing to work on; the page sends none.
fn nothing(what: &str) -> Reply {
    Reply::Failed(format!("Nothing is {what}"))
}

/// A sample cluster with newly generated keys.
fn sample(id: &str, now: UnixTime) -> Answer {
    let Some(sample) = sample::named(id) else { return nothing("made up under that name").into() };
    let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let (name, bytes) = sample.archive(now, &mut |algorithm| PrivateKey::generate(algorithm, &mut random));
    Answer { reply: Reply::Sample { name }, bytes: Some(bytes) }
}

/// Generates a key with the browser's randomness. PKCS #8, DER.
pub fn make_key(algorithm: KeyAlgorithm) -> Zeroizing<Vec<u8>> {
    let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    PrivateKey::generate(algorithm, &mut random).to_pkcs8_der()
}

/// Tests randomness and signatures before they are needed.
fn self_test() -> SelfTest {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let drawn = [&mut first, &mut second].into_iter().all(|bytes| getrandom::fill(bytes).is_ok());
    let randomness = drawn && first != second;
    SelfTest { randomness, signatures: randomness && SELF_TESTED.into_iter().all(signs) }
}

/// Key types that are generated quickly; RSA keys take seconds.
const SELF_TESTED: [KeyAlgorithm; 2] = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384];

fn signs(algorithm: KeyAlgorithm) -> bool {
    let Ok(key) = PrivateKey::from_pkcs8_der(&make_key(algorithm)) else { return false };
    let signature = key.sign(b"airlock");
    let verifies = |message: &[u8]| key.public_key().verify(&key.signature_algorithm(), message, &signature);
    verifies(b"airlock") && !verifies(b"another message")
}

/// SHA-256 in lower case hexadecimal, as sha256sum prints it.
fn sha256(bytes: &[u8]) -> String {
    hex::lower(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
