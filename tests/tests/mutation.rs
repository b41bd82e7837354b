//! Damages a correct tree in every way that can happen while copying: each file in turn missing, empty, truncated,
//! replaced by another file, by another cluster's or by an older version, or with another key. Also loads a correct
//! tree in any order and packing.
//!
//! The result is either an error that names the file, or a plan. The plan equals that of the correct tree, or differs
//! only in the edits of that file. `snapshots/mutation__*.snap` lists the results, one line for each kind of damage and
//! result.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use airlock_core::{
    Content, InputFile, OutputFiles, RotationPlan, RotationRequest, Severity, inspect, mint, package,
    plan::{self, KubeletCertificates},
    x509::{KeyAlgorithm, PrivateKey},
};
use airlock_tests::{fixtures, keys};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{prelude::*, sample::Index};

/// A damaged tree.
struct Case {
    way: &'static str,
    /// The paths of the damaged files.
    files: Vec<String>,
    tree: Vec<InputFile>,
}

/// The nodes whose files are damaged: the first, whose files Airlock uses as the reference, and one that is compared
/// with it.
const NODES: [&str; 2] = ["ecdsa-3/cp1/", "ecdsa-3/cp2/"];

fn good() -> &'static [InputFile] {
    static FILES: OnceLock<Vec<InputFile>> = OnceLock::new();
    FILES.get_or_init(|| fixtures::files("kubeadm/ecdsa-3"))
}

fn request() -> RotationRequest {
    RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..RotationRequest::default() }
}

fn bytes(file: &InputFile) -> Option<&[u8]> {
    match &file.content {
        Content::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn with(tree: &[InputFile], path: &str, content: Vec<u8>) -> Vec<InputFile> {
    let mut tree = tree.to_vec();
    for file in tree.iter_mut().filter(|file| file.path == path) {
        *file = InputFile::new(path, content.clone());
    }
    tree
}

fn spoilt(tree: &[InputFile]) -> impl Iterator<Item = (&str, &[u8])> {
    let others = |path: &str| ["/worker1/", "/clients/", "/cluster/"].iter().any(|part| path.contains(part));
    let chosen =
        tree.iter().filter(move |file| NODES.iter().any(|node| file.path.starts_with(node)) || others(&file.path));
    chosen.filter_map(|file| Some((file.path.as_str(), bytes(file)?)))
}

/// The keys of a plan, from a pool that each run reuses; the CAs get the first ones. A damaged tree may need leaf
/// certificates of another algorithm; these share a key.
fn keys_for(plan: &RotationPlan) -> Vec<PrivateKey> {
    static POOL: OnceLock<BTreeMap<KeyAlgorithm, Vec<PrivateKey>>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let counts = [(KeyAlgorithm::EcdsaP256, 80), (KeyAlgorithm::Rsa2048, 4)];
        counts.into_iter().map(|(algorithm, count)| (algorithm, keys::make(&vec![algorithm; count]))).collect()
    });
    let requests = plan.key_requests().iter().enumerate();
    requests.map(|(at, request)| pool[&request.algorithm][at % pool[&request.algorithm].len()].clone()).collect()
}

fn packed(files: &[InputFile]) -> (RotationPlan, OutputFiles) {
    let inventory = inspect(files.to_vec(), fixtures::now());
    let plan = plan::plan(&inventory, &request(), fixtures::now()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let minted = mint(&plan, keys_for(&plan)).expect("the plan can be minted");
    let output = package(&plan, &minted).expect("the plan can be packed");
    (plan, output)
}

/// Every edit of a plan: its step, its path, and the change.
fn edits(plan: &RotationPlan) -> BTreeSet<(String, String, String)> {
    let steps = plan.report().steps.into_iter();
    steps
        .flat_map(|step| {
            let id = step.id;
            step.edits
                .into_iter()
                .map(move |edit| (id.clone(), edit.target, format!("{} → {}", edit.before, edit.after)))
        })
        .collect()
}

/// The result for a damaged tree, as text.
///
/// # Panics
///
/// If an error names none of the damaged files, or the plan differs in other files than the damaged ones.
fn outcome(case: &Case, expected: &BTreeSet<(String, String, String)>, silent: &BTreeSet<String>) -> String {
    let now = fixtures::now();
    let inventory = inspect(case.tree.clone(), now);
    let on_node = |file: &str| {
        file.find("/etc/").or_else(|| file.find("/var/")).map_or_else(|| file.to_owned(), |at| file[at..].to_owned())
    };
    // A kubelet's certificate is known by the link to it.
    let linked = case.files.iter().any(|file| file.contains("/kubelet-client-2"));
    let is_link = |text: &str| linked && text.contains("/kubelet-client-current.pem");
    let names = |text: &str| {
        is_link(text)
            || case
                .files
                .iter()
                .any(|file| text == *file || text.contains(&on_node(file)) || text.ends_with(file.as_str()))
    };
    let (plan, findings) = match plan::plan(&inventory, &request(), now) {
        Ok(plan) => {
            let findings = inventory.findings().iter().chain(plan.findings()).cloned().collect();
            (Some(plan), findings)
        }
        Err(refusal) => (None, refusal.findings),
    };
    let named = |severity| {
        let all = findings
            .iter()
            .filter(move |finding| finding.severity >= severity && !silent.contains(&finding.to_string()));
        all.filter(|finding| names(&finding.file) || names(&finding.message)).map(|finding| finding.code.clone())
    };
    let label = format!("{} {:?}", case.way, case.files);
    let Some(plan) = plan else {
        let codes: BTreeSet<String> = named(Severity::Error).collect();
        assert!(!codes.is_empty(), "{label} is refused, but no error names it: {findings:#?}");
        return format!("refused: {}", Vec::from_iter(codes).join(", "));
    };
    let codes: BTreeSet<String> = named(Severity::Note).collect();
    let says = if codes.is_empty() { String::new() } else { format!(", says {}", Vec::from_iter(codes).join(", ")) };
    let minted = mint(&plan, keys_for(&plan)).unwrap_or_else(|error| panic!("{label}: {error}"));
    if let Err(error) = package(&plan, &minted) {
        return format!("refused by the simulation: {error}{says}");
    }
    let made = edits(&plan);
    if made == *expected {
        return format!("the same plan{says}");
    }
    for (step, target, change) in made.symmetric_difference(expected) {
        // A key that was not given stays on its node: its certificate changes all the same.
        let concerned = names(target) || names(&target.replace(".crt", ".key"));
        assert!(concerned || !says.is_empty(), "{label}: {step} differs at {target} ({change}), and nobody says so");
    }
    let fewer = made.is_subset(expected);
    format!("{}{says}", if fewer { "the same plan without it" } else { "a plan that differs" })
}

/// Runs every case on all cores and groups the results.
fn table(base: &[InputFile], cases: &[Case]) -> String {
    let inventory = inspect(base.to_vec(), fixtures::now());
    let plan = plan::plan(&inventory, &request(), fixtures::now()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let known = inventory.findings().iter().chain(plan.findings());
    let silent: BTreeSet<String> = known.map(ToString::to_string).collect();
    let expected = edits(&plan);
    let next = AtomicUsize::new(0);
    let rows: Mutex<BTreeMap<(String, String), BTreeSet<String>>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = outcome(case, &expected, &silent);
                    let files: Vec<&str> =
                        case.files.iter().map(|file| file.strip_prefix("ecdsa-3/").unwrap_or(file)).collect();
                    let mut rows = rows.lock().expect("no case panics while it holds the table");
                    rows.entry((case.way.to_owned(), outcome)).or_default().insert(files.join(" ↔ "));
                }
            });
        }
    });
    let rows = rows.into_inner().expect("every case has come to its end");
    let rows = rows.into_iter().map(|((way, outcome), files)| {
        let files: Vec<String> = files.into_iter().collect();
        format!("{way} — {outcome}\n    {}\n", folded(&files).join("\n    "))
    });
    rows.collect()
}

/// Lists a file that several nodes have only once.
fn folded(files: &[String]) -> Vec<String> {
    let mut nodes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        let (node, path) = file.split_once('/').unwrap_or(("", file));
        nodes.entry(path.to_owned()).or_default().push(node);
    }
    nodes.into_iter().map(|(path, nodes)| format!("{} {path}", nodes.join(","))).collect()
}

/// A private key of the same algorithm that no file of the cluster uses.
fn another_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| keys::make(&[KeyAlgorithm::EcdsaP256]).remove(0).to_pem().to_string())
}

/// The same file with another private key; `None` if it contains none.
fn with_another_key(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let marker = "client-key-data: ";
    if let Some(at) = text.find(marker) {
        let (before, rest) = text.split_at(at + marker.len());
        let after = &rest[rest.find('\n')?..];
        return Some(format!("{before}{}{after}", STANDARD.encode(another_key())).into_bytes());
    }
    let at = text.find("-----BEGIN EC PRIVATE KEY")?;
    Some(format!("{}{}", &text[..at], another_key()).into_bytes())
}

#[test]
fn each_file_spoilt_by_itself() {
    let other: BTreeMap<String, Vec<u8>> = fixtures::files("kubeadm/other-1")
        .iter()
        .filter_map(|file| Some((file.path.strip_prefix("other-1/cp1")?.to_owned(), bytes(file)?.to_vec())))
        .collect();
    let mut cases = Vec::new();
    for (path, content) in spoilt(good()) {
        let mut case = |way, tree| cases.push(Case { way, files: vec![path.to_owned()], tree });
        case("missing", good().iter().filter(|file| file.path != path).cloned().collect());
        case("empty", with(good(), path, Vec::new()));
        case("cut off", with(good(), path, content[..content.len() / 2].to_vec()));
        let place = NODES.iter().find_map(|node| path.strip_prefix(node));
        if let Some(content) = place.and_then(|place| other.get(&format!("/{place}"))) {
            case("of another cluster", with(good(), path, content.clone()));
        }
        if let Some(content) = with_another_key(content) {
            case("wrong key", with(good(), path, content));
        }
    }
    insta::assert_snapshot!(table(good(), &cases));
}

#[test]
fn files_in_one_anothers_place() {
    let files: Vec<(&str, &[u8])> = spoilt(good()).filter(|(path, _)| path.starts_with(NODES[0])).collect();
    let mut cases = Vec::new();
    for (at, (path, content)) in files.iter().enumerate() {
        let twin = path.replace(NODES[0], NODES[1]);
        let twin =
            good().iter().find(|file| file.path == twin).and_then(|file| Some((file.path.as_str(), bytes(file)?)));
        for (other, other_content) in files[at + 1..].iter().copied().chain(twin) {
            if *content != other_content {
                let tree = with(&with(good(), path, other_content.to_vec()), other, content.to_vec());
                cases.push(Case { way: "swapped", files: vec![(*path).to_owned(), other.to_owned()], tree });
            }
        }
    }
    // Hundreds of pairs: the table counts them for each kind of outcome, and names those that made a plan.
    let table = table(good(), &cases);
    let mut lines: Vec<String> = Vec::new();
    for block in table.split("swapped — ").skip(1) {
        let (outcome, pairs) = block.split_once('\n').expect("an outcome has pairs below it");
        let count = pairs.lines().count();
        lines.push(format!("{count} pairs — {outcome}"));
        if !outcome.starts_with("refused:") {
            lines.extend(pairs.lines().map(str::to_owned));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// The trees of control-plane nodes after a complete rotation, and each file's previous version next to the new ones.
#[test]
fn each_file_older_than_the_rest() {
    let before: Vec<InputFile> = good().iter().filter(|file| !file.path.contains("/worker1/")).cloned().collect();
    let (_, output) = packed(&before);
    let mut after = before.clone();
    for phase in ["1-trust-both", "2-switch", "3-drop-old"] {
        for written in output.files() {
            let Some(rest) = written.path.strip_prefix(&format!("{phase}/control-plane/")) else { continue };
            let path = format!("ecdsa-3/{rest}");
            if rest.contains("/etc/") || rest.contains("/var/") {
                after.retain(|file| file.path != path);
                after.push(InputFile::new(path, written.bytes.to_vec()));
            }
        }
    }
    after.retain(|file| !file.path.contains("/clients/") && !file.path.contains("/cluster/"));
    let mut cases = Vec::new();
    for (path, content) in spoilt(&before) {
        if after.iter().any(|file| file.path == path && bytes(file).is_some_and(|new| new != content)) {
            cases.push(Case { way: "older", files: vec![path.to_owned()], tree: with(&after, path, content.to_vec()) });
        }
    }
    assert!(cases.len() > 20, "{}", cases.len());
    insta::assert_snapshot!(table(&after, &cases));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Files in any order, some duplicated, some packed into archives, give the same package. Users' kubeconfigs are
    /// not packed, because the package names them by their input path, and an admin.conf without a tree counts as a
    /// user's. A symbolic link stays in the same archive as its file.
    #[test]
    fn any_order_and_shape_gives_the_same_package(
        order in proptest::collection::vec(any::<Index>(), 200),
        twice in proptest::collection::vec(any::<Index>(), 0..5),
        packs in proptest::collection::vec((any::<Index>(), 1..40_usize, any::<bool>()), 0..3),
    ) {
        static EXPECTED: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
        let contents = |output: &OutputFiles| -> BTreeMap<String, Vec<u8>> {
            output.files().map(|file| (file.path.clone(), file.bytes.to_vec())).collect()
        };
        let expected = EXPECTED.get_or_init(|| contents(&packed(good()).1));
        let mut files = good().to_vec();
        for again in &twice {
            let file = again.get(&files).clone();
            files.push(file);
        }
        for (at, to) in order.iter().enumerate().take(files.len()) {
            let to = to.index(files.len());
            let at = at % files.len();
            files.swap(at, to);
        }
        for (number, (from, count, zipped)) in packs.iter().enumerate() {
            let from = from.index(files.len());
            let end = files.len().min(from + count);
            let mut part: Vec<InputFile> = files.drain(from..end).collect();
            files.extend(part.extract_if(.., |file| ["/clients/", "/kubelet/pki/", "admin.conf"].iter().any(|part| file.path.contains(part))));
            files.push(packed_up(part, number, *zipped));
        }
        let made = contents(&packed(&files).1);
        prop_assert!(made.keys().eq(expected.keys()));
        // The sums follow from all the rest.
        for (path, content) in made.iter().filter(|(path, _)| *path != "SHA256SUMS") {
            // The manifest says of each file in the backup where it was given.
            let lines = |content: &[u8]| {
                let text = String::from_utf8_lossy(content).into_owned();
                let archives = (0..3).flat_map(|number| [format!("part-{number}.tar!/"), format!("part-{number}.tar.gz!/")]);
                let text = archives.fold(text, |text, name| text.replace(&name, ""));
                text.lines().map(str::to_owned).collect::<Vec<_>>()
            };
            let (made, expected) = (lines(content), lines(&expected[path]));
            let differs = made.iter().zip(&expected).find(|(a, b)| a != b);
            prop_assert!(made == expected, "{path}: {differs:?}");
        }
    }
}

/// Packs files into a tar, and compresses it with gzip if `zipped` is set.
fn packed_up(files: Vec<InputFile>, number: usize, zipped: bool) -> InputFile {
    let mut builder = tar::Builder::new(Vec::new());
    for file in &files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode.unwrap_or(0o600));
        match &file.content {
            Content::Bytes(bytes) => {
                header.set_size(bytes.len() as u64);
                builder.append_data(&mut header, &file.path, bytes.as_slice()).expect("a vector can be written to");
            }
            Content::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                builder.append_link(&mut header, &file.path, target).expect("a vector can be written to");
            }
            other => panic!("{other:?} is no fixture"),
        }
    }
    let tar = builder.into_inner().expect("a vector can be written to");
    if !zipped {
        return InputFile::new(format!("part-{number}.tar"), tar);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar).expect("a vector can be written to");
    InputFile::new(format!("part-{number}.tar.gz"), encoder.finish().expect("a vector can be written to"))
}
