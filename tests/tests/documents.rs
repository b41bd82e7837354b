//! Compares the documentation with the repository: links, paths, options, named tests, the tables of `docs/seeds.md`,
//! and the commands of the README's tour. Runs no program except `airlock`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use airlock_tests::{
    rotation::scratch,
    tools::{airlock, root, succeed},
};

/// Folders without documents of the repository: Git's own, and what builds write.
const SKIPPED: [&str; 3] = [".git", "target", "dist"];

/// The procedures of which `docs/seeds.md` has a table each: heading and address.
const SEEDS: [(&str, &str); 5] = [
    ("Manual Rotation of CA Certificates", "https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/"),
    ("CA rotation of a Cluster API workload cluster", "https://github.com/kubernetes/kubeadm/issues/1350"),
    ("Certificates Lifecycle", "https://kamaji.clastix.io/guides/certs-lifecycle/"),
    (
        "Kubernetes Root CA Certificate Update for Distributed Cloud Orchestration",
        "https://docs.starlingx.io/dist_cloud/kubernetes/orchestration-commands-for-dcmanager-4947f9fb9588.html",
    ),
    ("CA Rotation", "https://docs.siderolabs.com/omni/cluster-management/ca-rotation"),
];

/// The headings of each page about a platform.
const PLATFORM_HEADINGS: [&str; 8] = [
    "Supported versions",
    "What is rotated",
    "Files to load",
    "Procedure",
    "Outages",
    "Differences from other procedures",
    "Evidence",
    "Limits",
];

/// The headings of each decision record.
const DECISION_HEADINGS: [&str; 4] = ["Context", "Decision", "Consequences", "Evidence"];

/// A Markdown document, by its path below the repository's root.
struct Document {
    path: PathBuf,
    text: String,
}

/// Every document of the repository.
fn documents() -> Vec<Document> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            if path.is_symlink() || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).expect("a document is text");
                let path = path.strip_prefix(root()).expect("it lies below the root").to_owned();
                found.push(Document { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 50, "{} documents", found.len());
    found
}

/// The documents that describe the project itself: those at the root and below `docs`.
fn own() -> Vec<Document> {
    let is_own = |document: &Document| {
        let folder = document.path.parent().expect("a document lies in a folder");
        folder == Path::new("") || document.path.starts_with("docs")
    };
    documents().into_iter().filter(is_own).collect()
}

fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines outside fenced code blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The lines inside fenced code blocks; a line that ends in a backslash continues on the next one.
fn code(text: &str) -> Vec<String> {
    let outside: BTreeSet<usize> = prose(text).into_iter().map(|(number, _)| number).collect();
    let mut lines: Vec<String> = Vec::new();
    let mut continues = false;
    for (index, line) in text.lines().enumerate() {
        if outside.contains(&(index + 1)) || line.trim_start().starts_with("```") {
            continue;
        }
        let part = line.trim_end_matches('\\');
        match lines.last_mut() {
            Some(last) if continues => last.push_str(part),
            _ => lines.push(part.to_owned()),
        }
        continues = line.ends_with('\\');
    }
    lines
}

/// What stands between backticks in prose.
fn quoted(text: &str) -> Vec<&str> {
    let spans = prose(text).into_iter().flat_map(|(_, line)| line.split('`').skip(1).step_by(2));
    spans.collect()
}

/// The fragment by which a link names a heading: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

fn headings(text: &str, level: &str) -> Vec<String> {
    let prefix = format!("{level} ");
    prose(text).into_iter().filter_map(|(_, line)| line.strip_prefix(&prefix).map(str::to_owned)).collect()
}

/// Is there a function of this name with `#[test]` in the file?
fn has_test(path: &str, function: &str) -> bool {
    let Ok(source) = fs::read_to_string(root().join(path)) else { return false };
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("pub fn ")) {
            if is_test && rest.split(['(', '<']).next() == Some(function) {
                return true;
            }
            is_test = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") && !line.is_empty() {
            is_test = false;
        }
    }
    false
}

#[test]
fn a_test_is_found_by_its_attribute_and_its_name() {
    let path = "tests/tests/documents.rs";
    assert!(has_test(path, "a_test_is_found_by_its_attribute_and_its_name"));
    assert!(!has_test(path, "has_test") && !has_test(path, "a_test") && !has_test("tests/tests/none.rs", "a_test"));
}

/// The targets of a line's links: what stands in `](…)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn links_between_documents_resolve() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for Document { path, text } in documents() {
        let folder = root().join(path.parent().expect("a document lies in a folder"));
        for (number, line) in prose(&text) {
            for target in targets(line) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                checked += 1;
                let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
                let linked = if file.is_empty() { root().join(&path) } else { folder.join(file) };
                if !linked.exists() {
                    wrong.push(format!("{}:{number}: there is no {target}", path.display()));
                } else if !fragment.is_empty() {
                    let text = fs::read_to_string(&linked).unwrap_or_default();
                    let anchors = ["#", "##", "###", "####"].iter().flat_map(|level| headings(&text, level));
                    if !anchors.map(|heading| anchor(&heading)).any(|known| known == fragment) {
                        wrong.push(format!("{}:{number}: {target} has no such heading", path.display()));
                    }
                }
            }
        }
    }
    assert!(checked > 60, "{checked} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `folder/file` and `folder/file.rs::test` between backticks.
#[test]
fn paths_and_tests_that_documents_name_exist() {
    let folders = ["core/", "cli/", "frontend/", "tests/", "xtask/", "docs/"];
    let mut wrong = Vec::new();
    let mut checked = 0;
    for Document { path, text } in own() {
        if path == Path::new("CHANGELOG.md") {
            continue;
        }
        for name in quoted(&text) {
            if !folders.iter().any(|folder| name.starts_with(folder)) || name.contains(['*', '{', ' ', '…']) {
                continue;
            }
            checked += 1;
            let exists = match name.split_once("::") {
                Some((file, function)) => has_test(file, function),
                None => root().join(name).exists(),
            };
            if !exists {
                wrong.push(format!("{}: there is no {name}", path.display()));
            }
        }
    }
    assert!(checked > 200, "{checked} names");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every option of `airlock` in a document is a field of the command line's arguments.
#[test]
fn commands_and_options_that_documents_name_exist() {
    let arguments = document("cli/src/arguments.rs");
    let fields: BTreeSet<&str> = arguments
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(field, _)| field.trim_start_matches("pub(crate) ").trim_start_matches("pub "))
        .collect();
    let commands: BTreeSet<String> = arguments
        .lines()
        .filter_map(|line| line.trim().strip_suffix(" {"))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .map(str::to_lowercase)
        .collect();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for Document { path, text } in own() {
        let lines = code(&text);
        for line in lines.iter().map(|line| line.trim()).filter(|line| line.starts_with("airlock ")) {
            checked += 1;
            let mut words = line.split([' ', '[', ']', '=']).filter(|word| !word.is_empty()).skip(1);
            let command = words.next().expect("airlock has a command");
            if !commands.contains(command) {
                wrong.push(format!("{}: there is no airlock {command}", path.display()));
            }
            for option in words.take_while(|word| *word != "#").filter_map(|word| word.strip_prefix("--")) {
                if !fields.contains(option.replace('-', "_").as_str()) {
                    wrong.push(format!("{}: airlock {command} has no --{option}", path.display()));
                }
            }
        }
    }
    assert!(checked > 10, "{checked} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands of the tour, run one after the other, create a package.
#[test]
fn the_tour_of_the_readme_leads_to_a_package() {
    let folder = scratch("documents-tour");
    let readme = document("README.md");
    let (_, tour) = readme.split_once("## Two-minute tour\n").expect("the README has a tour");
    let tour = code(tour.split("\n## ").next().unwrap_or_default());
    let commands: Vec<&str> = tour.iter().filter_map(|line| line.split('#').next()).map(str::trim).collect();
    assert_eq!(commands.len(), 4, "{commands:?}");
    for command in commands {
        let words = command.strip_prefix("airlock ").unwrap_or_else(|| panic!("{command} is not airlock"));
        succeed(Command::new(airlock()).args(words.split_whitespace()).current_dir(&folder));
    }
    let package = fs::metadata(folder.join("rotation.zip")).expect("the last command writes rotation.zip");
    assert!(package.len() > 100_000, "{} bytes", package.len());
}

#[test]
fn the_first_documents_are_short() {
    for path in ["README.md", "ARCHITECTURE.md"] {
        let lines = document(path).lines().count();
        assert!(lines <= 150, "{path} has {lines} lines, 150 are allowed");
    }
}

/// `.ci/run` calls the command that the README names.
#[test]
fn the_readme_names_the_test_command() {
    let command = document(".ci/run");
    let command = command.lines().last().expect("a script has lines").trim_start_matches("exec ");
    let commands = code(&document("README.md"));
    let mut commands = commands.iter().filter_map(|line| line.split('#').next()).map(str::trim);
    assert!(commands.any(|known| known == command), "README.md does not name {command}");
}

#[test]
fn decisions_are_numbered_listed_and_complete() {
    let folder = root().join("docs/decisions");
    let names = fs::read_dir(folder).expect("a folder can be read").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "README.md");
    names.sort();
    let index = document("docs/decisions/README.md");
    for (number, name) in (1..).zip(&names) {
        assert!(name.starts_with(&format!("{number:04}-")), "{name} is not number {number}");
        assert!(index.contains(&format!("[{number}]({name})")), "{name} is not listed");
        let text = document(&format!("docs/decisions/{name}"));
        assert!(text.starts_with(&format!("# {number}. ")), "{name} has no title");
        assert_eq!(headings(&text, "##"), DECISION_HEADINGS, "{name}");
    }
    assert!(names.len() >= 48, "{names:?}");
}

#[test]
fn pages_about_platforms_have_the_same_headings() {
    let readme = document("README.md");
    for platform in ["kubeadm", "cluster-api", "kamaji", "starlingx", "talos", "omni"] {
        let path = format!("docs/platforms/{platform}.md");
        assert_eq!(headings(&document(&path), "##"), PLATFORM_HEADINGS, "{path}");
        assert!(readme.contains(&format!("({path})")), "README.md does not link to {path}");
    }
}

/// The cells of a table's row; a bar that is escaped is part of a cell.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{1}");
    line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The rows of the only table below each second-level heading.
fn tables(text: &str) -> BTreeMap<String, Vec<(usize, Vec<String>)>> {
    let mut tables: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let mut heading = String::new();
    for (number, line) in prose(text) {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut heading);
        } else if line.starts_with('|') {
            tables.entry(heading.clone()).or_default().push((number, cells(line)));
        }
    }
    tables
}

/// Each row says where a sentence is covered, or why Airlock differs, and names tests that prove it.
#[test]
fn each_sentence_of_the_seeds_has_a_test() {
    let text = document("docs/seeds.md");
    let tables = tables(&text);
    let titles: Vec<&str> = SEEDS.iter().map(|(title, _)| *title).collect();
    assert_eq!(headings(&text, "##"), titles, "docs/seeds.md has a section for each seed, in this order");
    let mut wrong = Vec::new();
    for (title, address) in SEEDS {
        assert!(text.contains(address), "{title}: {address} is not named");
        let rows = &tables[title];
        assert_eq!(rows[0].1, ["Sentence", "In Airlock", "Test"], "{title}");
        assert!(rows.len() > 10, "{title} has {} rows", rows.len());
        for (number, row) in &rows[2..] {
            let [sentence, cover, test] = row.as_slice() else {
                wrong.push(format!("line {number} has {} cells", row.len()));
                continue;
            };
            if sentence.is_empty() || cover.is_empty() {
                wrong.push(format!("line {number} has an empty cell"));
            }
            let named: Vec<&str> = test.split('`').skip(1).step_by(2).collect();
            if named.is_empty() {
                wrong.push(format!("line {number} names no test: {sentence}"));
            }
            for name in named {
                if !name.split_once("::").is_some_and(|(file, function)| has_test(file, function)) {
                    wrong.push(format!("line {number}: there is no test {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
