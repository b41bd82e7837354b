//! From files to the package through the accessibility tree: by roles and names alone, as with a screen reader.

use std::time::{Duration, Instant};

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::{Value, json};

use crate::{
    input::pack,
    package::unpack,
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// The time limit of each wait; a machine may be busy.
const DEADLINE: Duration = Duration::from_secs(180);

/// The nodes of that role whose name has this prefix, with the full name, as the browser reports them to assistive
/// technology.
fn named(page: &Page, role: &str, name: &str) -> Vec<(u64, String)> {
    let document = page.devtools("DOM.getDocument", &json!({ "depth": 0 }));
    let asked = json!({ "backendNodeId": document["root"]["backendNodeId"], "role": role });
    let found = page.devtools("Accessibility.queryAXTree", &asked);
    let nodes = found["nodes"].as_array().cloned().unwrap_or_default();
    let told = nodes.iter().filter(|node| node["ignored"] != json!(true));
    let named = told.filter_map(|node| {
        let said = node["name"]["value"].as_str()?;
        Some((node["backendDOMNodeId"].as_u64()?, said.to_owned()))
    });
    named.filter(|(_, said)| said.starts_with(name)).collect()
}

/// Waits for the single node of that role and name.
fn await_node(page: &Page, role: &str, name: &str) -> (u64, String) {
    let begun = Instant::now();
    loop {
        let mut found = named(page, role, name);
        assert!(found.len() <= 1, "{role} “{name}” is there {} times: {found:?}", found.len());
        if let Some(one) = found.pop() {
            return one;
        }
        assert!(begun.elapsed() < DEADLINE, "there is no {role} “{name}”: {}", page.says());
        // Lets the page run between two queries.
        page.evaluate_later("setTimeout(done, 50);");
    }
}

/// Activates a node, as a screen reader does.
fn press(page: &Page, role: &str, name: &str) {
    let (node, _) = await_node(page, role, name);
    let object = page.devtools("DOM.resolveNode", &json!({ "backendNodeId": node }));
    let call = json!({
        "objectId": object["object"]["objectId"],
        "functionDeclaration": "function() { this.focus(); this.click(); }",
        "userGesture": true,
    });
    page.devtools("Runtime.callFunctionOn", &call);
}

/// Role and name of the focused element.
fn focused(page: &Page) -> (String, String) {
    let tree = page.devtools("Accessibility.getFullAXTree", &json!({}));
    let has_focus = |node: &&Value| {
        let properties = node["properties"].as_array();
        let focused = |property: &Value| property["name"] == "focused" && property["value"]["value"] == json!(true);
        node["role"]["value"] != "RootWebArea" && properties.is_some_and(|all| all.iter().any(focused))
    };
    let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
    let text = |node: &Value, what: &str| node[what]["value"].as_str().unwrap_or_default().to_owned();
    nodes.iter().find(has_focus).map(|node| (text(node, "role"), text(node, "name"))).unwrap_or_default()
}

/// Waits until a heading has the focus: each step starts at its heading.
fn told(page: &Page, heading: &str) {
    await_node(page, "heading", heading);
    let begun = Instant::now();
    while focused(page) != ("heading".to_owned(), heading.to_owned()) {
        assert!(begun.elapsed() < DEADLINE, "the focus is on {:?}, not on “{heading}”", focused(page));
        page.evaluate_later("setTimeout(done, 50);");
    }
}

#[test]
fn the_whole_way_by_roles_and_names() {
    let page = Page::open("assistive");
    page.devtools("Accessibility.enable", &json!({}));
    // Landmarks, the navigation between steps, and the current step.
    for (role, name) in [("main", ""), ("banner", ""), ("contentinfo", ""), ("navigation", "Steps")] {
        await_node(&page, role, name);
    }
    let files = pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar");
    let (field, _) = await_node(&page, "button", "Choose files");
    page.devtools("DOM.setFileInputFiles", &json!({ "backendNodeId": field, "files": [files] }));
    press(&page, "link", "Continue to Inspect");
    told(&page, "Inspect ecdsa-3");
    await_node(&page, "combobox", "Platform");
    press(&page, "button", "Latest phase started");
    await_node(&page, "textbox", "Message, a line or a whole log");
    press(&page, "link", "Continue to Plan");
    told(&page, "Plan the rotation of ecdsa-3");
    press(&page, "DisclosureTriangle", "Certificate keys");
    press(&page, "checkbox", "Keep the existing keys");
    press(&page, "button", "Undo: last option");
    page.settle("planned");
    press(&page, "button", "Build package");
    told(&page, "Review the package for ecdsa-3");
    await_node(&page, "grid", "Connections at every step");
    await_node(&page, "slider", "Step of the rotation");
    press(&page, "link", "Continue to Download");
    told(&page, "Download the package");
    let (_, name) = await_node(&page, "button", "Download airlock-ecdsa-3-");
    press(&page, "button", &name);
    page.wait("document.querySelector('[data-test=sha256]')");
    page.settle("downloaded");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    learn(&mut secrets, &unpack(&page.downloaded()));
    page.close(&secrets);
}

#[test]
fn every_choice_says_why_it_matters() {
    let page = Page::open("why");
    page.choose(&[&pack(page.folder(), FIXTURE, &["cp1", "cp2", "cp3", "worker1", "cluster"], "nodes.tar")]);
    page.go("plan");
    page.click("[data-test=front-proxy-bring]");
    page.wait("document.querySelector('[data-test=front-proxy-key]')");
    let unsaid = |fewest: usize| {
        page.evaluate(&format!(
            "const says = (id) => document.getElementById(id)?.textContent.trim();
             const fields = [...document.querySelectorAll('[data-test=plan-form] :is(input, select)')];
             return fields.length >= {fewest}
                 ? fields.filter((field) => !(field.getAttribute('aria-describedby') ?? '').split(' ').some(says)).map((field) => field.id)
                 : 'there are too few fields';"
        ))
    };
    assert_eq!(unsaid(11), json!([]), "these fields do not say why they matter");
    page.settle("choices");
    page.click("[data-test=intent-renew-leaves]");
    page.wait("document.querySelector('[data-test=unavailable]')");
    // Two kinds of package, and a number of days.
    assert_eq!(unsaid(3), json!([]), "these fields of a renewal do not say why they matter");
    page.settle("choices of a renewal");
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}
