//! `Copy for kubectl apply`: copies to the clipboard, from there into a shell, and shows nothing on the screen.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use airlock_tests::{fixtures, phases::read_object, rotation::walk, secrets::Secrets, tools::feed};
use serde_json::json;

use crate::{
    input::write,
    package::unpack,
    page::{Page, learn},
};

/// A kubectl that records its arguments and its standard input.
const KUBECTL: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$TOLD/arguments\"\ncat > \"$TOLD/object.yaml\"\n";

#[test]
fn what_is_copied_applies_the_file_and_is_never_shown() {
    let page = Page::open("clipboard");
    let management = fixtures::path("cluster-api/two");
    let files: Vec<_> = walk(&management).iter().map(|file| management.join(file)).collect();
    page.choose(&files.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    page.plan();
    page.make();
    page.unfold();
    page.open_clipboard();
    let appliable = page.evaluate(
        "return [...document.querySelectorAll('[data-test=output-file]')]
             .filter((file) => 'appliable' in file.dataset).map((file) => file.dataset.path);",
    );
    let appliable: Vec<String> = serde_json::from_value(appliable).expect("paths");
    let mut asked = Vec::new();
    let copied: Vec<String> = appliable.iter().map(|path| copy(&page, path, &mut asked)).collect();
    asked.sort();
    let label = |cluster: &str| format!("kubectl context of the {cluster} cluster");
    assert_eq!(asked, [label("management"), label("workload")], "each cluster is asked about once");
    let root = unpack(&page.download());

    let every_yaml: Vec<String> =
        walk(&root).into_iter().filter(|path| path.ends_with(".yaml") && !path.starts_with("0-backup")).collect();
    let mut sorted = appliable.clone();
    sorted.sort();
    assert_eq!(sorted, every_yaml, "every object of a phase can be copied");
    let told = page.folder().join("told");
    fs::create_dir(&told).expect("a folder can be made");
    let kubectl = write(&told, "kubectl", KUBECTL);
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).expect("modes can be set");
    let path = std::env::join_paths(
        [told.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("a path"))),
    );
    let path = path.expect("a path");
    for (file, command) in appliable.iter().zip(&copied) {
        assert!(
            command.starts_with("kubectl apply --server-side "),
            "{file}: {}",
            command.lines().next().unwrap_or_default()
        );
        let ran = feed(Command::new("sh").env("PATH", &path).env("TOLD", &told), command.as_bytes());
        assert!(ran.status.success() && ran.stderr.is_empty(), "{file}: {}", String::from_utf8_lossy(&ran.stderr));
        let arguments = fs::read_to_string(told.join("arguments")).expect("kubectl was run");
        let arguments: Vec<&str> = arguments.lines().collect();
        let cluster = cluster(file);
        let context = CONTEXTS.iter().find(|(of, _)| *of == cluster).expect("one of two clusters").1;
        let all =
            ["apply", "--server-side", "--force-conflicts", "--field-manager=airlock", "--context", context, "-f", "-"];
        assert_eq!(arguments, all, "{file}");
        let object = told.join("object.yaml");
        // After a comment that names the cluster, every byte is the file's.
        let given = fs::read_to_string(&object).expect("the object is written down");
        let rest = given.strip_prefix(&format!("# For the {cluster} cluster.\n"));
        assert_eq!(rest, Some(fs::read_to_string(root.join(file)).expect("a file").as_str()), "{file}");
        // The real kubectl reads it.
        let read = read_object(&object);
        assert!(read["kind"].is_string() && read["metadata"]["name"].is_string(), "{file}: {read}");
    }

    let mut secrets = Secrets::default();
    learn(&mut secrets, &management);
    learn(&mut secrets, &root);
    let carrying = copied.iter().filter(|command| secrets.find_in(command).is_some()).count();
    assert!(carrying >= 2, "some of the commands carry private keys, or nothing was shown here");
    page.close(&secrets);
}

/// The context for each cluster: a word that a shell would split.
const CONTEXTS: [(&str, &str); 2] = [("management", "it's $HOME; mgmt"), ("workload", "admin@one")];

/// The cluster that an object of the package is for, by its folder.
fn cluster(path: &str) -> &'static str {
    if path.contains("/management/") { "management" } else { "workload" }
}

/// Presses the button of a file, and returns the content of the clipboard.
fn copy(page: &Page, path: &str, asked: &mut Vec<String>) -> String {
    let file = format!("[data-test=output-file][data-path=\"{path}\"]");
    page.click(&format!("{file} [data-test=preview]"));
    page.wait(&format!(
        "document.querySelector({})",
        json!(format!("[data-test=preview-lines][data-path=\"{path}\"]"))
    ));
    let is_secret = page.evaluate("return Boolean(document.querySelector('.pane .problem'));");
    assert_eq!(is_secret, json!(path.contains("/management/")), "{path}: a warning where there is a key");
    if page.count(".pane [data-test=context]") > 0 {
        asked.push(page.text("document.querySelector('.pane .apply label').innerText"));
        let (_, context) = CONTEXTS.iter().find(|(of, _)| *of == cluster(path)).expect("one of two clusters");
        page.set(".pane [data-test=context]", context);
    }
    page.click(".pane [data-test=copy]");
    page.wait(&format!("document.querySelector('[data-test=status]')?.innerText.includes({})", json!(path)));
    page.settle("copied");
    assert!(
        page.says().contains(&format!(
            "The command that applies {path} was copied to the clipboard. It is for the {} cluster.",
            cluster(path)
        )),
        "{}",
        page.says()
    );
    page.clipboard()
}
