//! The connection matrix and drawing: every connection at every step, and the trust at the selected step.

use airlock_tests::{fixtures, secrets::Secrets};
use serde_json::{Value, json};

use crate::{
    input::pack,
    package::{manifest, unpack},
    page::{Page, learn},
};

const FIXTURE: &str = "kubeadm/ecdsa-3";

/// Intercepts messages between the workers and the page, and changes core's predictions: `matrix` and `says`, which
/// contains the answer.
const DOCTOR: &str = "{
    const RealWorker = Worker;
    const change = (parcel) => {
        if (!Array.isArray(parcel) || !`${parcel[0]}`.includes('\"matrix\"')) return parcel;
        const message = JSON.parse(parcel[0]), says = message.Says;
        if (!says?.reply?.Package) return parcel;
        const matrix = says.reply.Package[0].matrix;
        CHANGE
        return [JSON.stringify(message), ...parcel.slice(1)];
    };
    self.Worker = class extends RealWorker {
        set onmessage(hear) {
            super.onmessage = ({ data }) => hear.call(this, new MessageEvent('message', { data: change(data) }));
        }
    };
}";

/// One kubelet is not updated; core would not build such a package.
const REFUSED: &str = "
    const edge = matrix.edges.find((edge) => edge.id === 'kubelet-apiserver/cp2');
    const last = edge.spans.at(-1), from = last.from;
    Object.assign(last.verdict, { outcome: 'broken', openSsl: 'broken', why: 'it was left behind' });
    const finding = { code: 'edge-broken', severity: 'error', file: '', place: '',
        message: `${edge.client} → ${edge.server} breaks in step ${matrix.columns[from].id}: it was left behind`, remedy: 'Take it along' };
    says.reply = { Broken: [finding, matrix] };
";

/// Multiplies each node by fifty, and each step by twenty.
const LARGE: &str = "
    const steps = matrix.columns.slice(1).flatMap((column) =>
        Array.from({ length: 20 }, (_, at) => ({ ...column, id: `${column.id}-${at}` })));
    matrix.columns = [matrix.columns[0], ...steps];
    const at = (column) => (column === 0 ? 0 : 20 * column - 19);
    matrix.edges = matrix.edges.flatMap((edge) => Array.from({ length: /cp.$/.test(edge.id) ? 50 : 1 }, (_, node) => ({
        ...edge, id: `${edge.id}-${node}`, client: `${edge.client}-${node}`,
        spans: edge.spans.map(({ from, to, verdict }) => ({ from: at(from), to: to === 0 ? 0 : 20 * to, verdict })),
    })));
";

/// A page that has built the fixture's package; core's predictions are changed in transit.
fn made(label: &str, change: &str) -> Page {
    let page = Page::open_after(label, &DOCTOR.replace("CHANGE", change));
    page.wait("document.querySelector('[data-test=page][data-place=workers]')");
    let nodes = ["cp1", "cp2", "cp3", "worker1", "cluster", "clients"];
    page.choose(&[&pack(page.folder(), FIXTURE, &nodes, "nodes.tar")]);
    page.click("[data-test=keep-keys]");
    page.plan();
    page.click("[data-test=make]");
    page.wait("document.querySelector('[data-test=matrix], [data-test=alert] p')");
    page.settle("made");
    page
}

/// Presses and releases a key.
fn press(page: &Page, key: &str, code: u32, control: bool) {
    let event = |kind: &str| json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": if control { 2 } else { 0 } });
    page.devtools("Input.dispatchKeyEvent", &event("rawKeyDown"));
    page.devtools("Input.dispatchKeyEvent", &event("keyUp"));
}

/// Waits until the element with this id has the focus.
fn at(page: &Page, id: &str) {
    page.wait(&format!("document.activeElement.id === {}", json!(id)));
}

fn explanation(page: &Page) -> String {
    page.text("document.querySelector('[data-test=explanation]').innerText")
}

/// The distinct labels at the ends of the drawing's lines.
fn held(page: &Page) -> Vec<String> {
    let held = page.evaluate("return [...new Set([...document.querySelectorAll('.drawing .held text')].map((text) => text.textContent))].sort();");
    serde_json::from_value(held).expect("texts")
}

fn close(page: Page) {
    let mut secrets = Secrets::default();
    learn(&mut secrets, &fixtures::path(FIXTURE));
    page.close(&secrets);
}

#[test]
fn its_cells_say_what_the_manifest_says() {
    let page = made("picture-cells", "");
    page.evaluate("for (const toggle of document.querySelectorAll('[data-test=toggle]')) toggle.click();");
    page.wait("document.querySelectorAll('[data-test=toggle][aria-expanded=false]').length === 0");
    page.settle("all connections");
    let lines = page.matrix();
    let manifest = manifest(&unpack(&page.download()));

    let steps = manifest["steps"].as_array().expect("steps");
    let moments: Vec<&str> =
        std::iter::once("today").chain(steps.iter().filter_map(|step| step["id"].as_str())).collect();
    let edges = manifest["edges"].as_array().expect("edges");
    assert!(edges.len() > 40 && moments.len() > 30, "{} edges, {} moments", edges.len(), moments.len());
    for edge in edges {
        let id = edge["id"].as_str().expect("an id");
        let cells = lines.get(id).unwrap_or_else(|| panic!("{id} is not in the picture"));
        let mut expected: Vec<(&Value, &Value)> = Vec::new();
        for verdict in edge["verdicts"].as_array().expect("verdicts") {
            let from = moments.iter().position(|moment| verdict["from"] == **moment).expect("a moment");
            expected.resize(from, *expected.last().unwrap_or(&(&Value::Null, &Value::Null)));
            expected.push((&verdict["verdict"], &verdict["others"]));
        }
        expected.resize(moments.len(), *expected.last().expect("a verdict"));
        assert_eq!(cells.len(), moments.len(), "{id} has a cell for each moment");
        for ((moment, (mark, differs, _)), (verdict, others)) in moments.iter().zip(cells).zip(expected) {
            let said = match mark.as_str() {
                "holds" | "changes" => ("holds", "accepted"),
                "refused" => ("holds", "refused"),
                other => (other, edge["expected"].as_str().unwrap_or_default()),
            };
            assert_eq!((json!(said.0), json!(said.1)), (verdict.clone(), edge["expected"].clone()), "{id}, {moment}");
            assert_eq!(*differs, !others.is_null(), "{id}, {moment}: other verifiers");
        }
    }
    let summary = page.text("document.querySelector('[data-test=matrix-summary]').innerText");
    let of = |expected: &str| edges.iter().filter(|edge| edge["expected"] == expected).count();
    let counted = format!("All {} connections stay up through all {} steps", of("accepted"), moments.len() - 1);
    assert!(summary.contains("lose connectivity? No.") && summary.contains(&counted), "{summary}");
    let strip = page.text("document.querySelector('[data-test=review-strip]').textContent");
    assert!(strip.contains(&format!("{0} of {0}uses are rejected at the end", of("refused"))), "{strip}");
    close(page);
}

#[test]
fn keys_and_pointer_walk_through_it() {
    let page = made("picture-keys", "");
    let stops = || page.count("[data-test=matrix] [tabindex='0']");
    assert_eq!(stops(), 1, "the grid is one stop of the tab key");
    page.evaluate("document.querySelector('#review').focus();");
    press(&page, "Tab", 9, false);
    at(&page, "edge-0:0");
    let today = explanation(&page);
    assert!(today.contains("Today") && today.contains("certificate of the old CA"), "{today}");
    assert_eq!(held(&page), ["old"], "today everyone has the old CA alone");

    // The freeze and three backups change nothing; the fifth step is the first node's.
    for _ in 0..5 {
        press(&page, "ArrowDown", 40, false);
    }
    press(&page, "ArrowRight", 39, false);
    at(&page, "edge-1:5");
    let later = explanation(&page);
    assert!(later.contains("Step 5 of") && later.contains("1 Trust both") && later != today, "{later}");
    assert_eq!(stops(), 1);
    assert_eq!(page.text("document.querySelector('[data-test=slider]').value"), "5", "the slider follows");
    assert!(held(&page).contains(&"old or both".to_owned()), "somebody is on the way: {:?}", held(&page));

    press(&page, "End", 35, true);
    let end =
        page.evaluate("const cells = document.querySelectorAll('[role=gridcell]'); return cells[cells.length - 1].id;");
    at(&page, end.as_str().expect("an id"));
    assert!(explanation(&page).contains("Correctly rejected in"), "{}", explanation(&page));
    assert_eq!(held(&page), ["new"], "in the end everyone has the new CA alone");

    // A column's heading is above its first cell; Enter shows its connections.
    press(&page, "Home", 36, true);
    press(&page, "ArrowUp", 38, false);
    at(&page, "edge-0:name");
    let before = page.matrix().len();
    press(&page, "Enter", 13, false);
    // The data that a keyboard sends for Enter in addition to the key.
    page.devtools("Input.dispatchKeyEvent", &json!({ "type": "char", "text": "\r", "key": "Enter" }));
    page.wait("document.querySelector('#edge-0\\\\:name[aria-expanded=true]')");
    assert_eq!(page.matrix().len(), before + 3, "admin.conf of three nodes");

    // The pointer shows an explanation, and the selected moment stays.
    let chosen = explanation(&page);
    let place = page.evaluate(
        "const cell = document.querySelector('#edge-1\\\\:5'); cell.scrollIntoView({ block: 'center' });
         const { x, y, width, height } = cell.getBoundingClientRect(); return [x + width / 2, y + height / 2];",
    );
    page.devtools("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": place[0], "y": place[1] }));
    page.wait("document.querySelector('[data-test=explanation]')?.innerText.includes('Step 5 of')");
    page.devtools("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": 1, "y": 1 }));
    page.wait("!document.querySelector('[data-test=explanation]').innerText.includes('Step 5 of')");
    assert_eq!(explanation(&page), chosen);
    page.look("walked through");
    close(page);
}

#[test]
fn the_drawing_follows_the_chosen_step() {
    let page = made("picture-drawing", "");
    let moment = || page.text("document.querySelector('[data-test=moment]').dataset.moment");
    assert_eq!(moment(), "today");
    assert_eq!(page.count("[data-test=previous]:disabled"), 1);
    let wires = page.count("[data-test=wire]");
    assert!(wires >= 10, "{wires} lines are drawn");

    page.click("[data-test=next]");
    page.wait("document.querySelector('[data-test=moment]').dataset.moment !== 'today'");
    // The freeze and three backups change nothing; the fifth step is the first node's.
    for _ in 1..5 {
        let before = moment();
        page.keys("[data-test=slider]", "\u{e014}");
        page.wait(&format!("document.querySelector('[data-test=moment]').dataset.moment !== {}", json!(before)));
    }
    let title = page.text("document.querySelector('[data-test=moment] strong').innerText");
    assert!(page.text("document.querySelector('[data-test=drawing]').getAttribute('aria-label')").contains(&title));
    assert_eq!(page.text("document.querySelector('[data-test=slider]').getAttribute('aria-valuetext')"), title);
    assert_eq!(page.text("document.querySelector('.matrix .on .n').innerText"), "5", "so does the matrix");

    // The same as text, line by line.
    page.evaluate("document.querySelector('[data-test=trust-table]').open = true;");
    page.wait("document.querySelector('[data-test=trust-row]')");
    let rows =
        page.evaluate("return [...document.querySelectorAll('[data-test=trust-row]')].map((row) => row.innerText);");
    let rows: Vec<String> = serde_json::from_value(rows).expect("texts");
    assert!(rows.len() > wires, "lines to the holder of the old CA are drawn together: {rows:#?}");
    let admin =
        rows.iter().find(|row| row.starts_with("admin kubeconfigs → kube-apiserver")).expect("a row of the admins");
    assert!(admin.contains("presents old") && admin.contains("both"), "{admin}");
    page.look("the table");

    page.evaluate(
        "const slider = document.querySelector('[data-test=slider]'); slider.value = slider.max;
        slider.dispatchEvent(new Event('input', { bubbles: true }));",
    );
    page.wait("document.querySelector('[data-test=next]:disabled')");
    assert_eq!(held(&page), ["new"]);
    close(page);
}

#[test]
fn who_listens_is_told_the_same() {
    let page = made("picture-heard", "");
    page.evaluate("document.querySelector('#review').focus();");
    press(&page, "Tab", 9, false);
    press(&page, "ArrowDown", 40, false);
    at(&page, "edge-0:1");
    let tree = page.devtools("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().expect("nodes");
    let of = |role: &str| nodes.iter().filter(|node| node["role"]["value"] == role).collect::<Vec<_>>();
    assert_eq!(of("grid").len(), 1);
    let cells = of("gridcell");
    let shown = page.matrix().values().map(Vec::len).sum::<usize>();
    assert!(cells.len() >= shown, "{} of {shown} cells are heard", cells.len());
    let focused = |node: &&&Value| {
        node["properties"]
            .as_array()
            .is_some_and(|all| all.iter().any(|p| p["name"] == "focused" && p["value"]["value"] == true))
    };
    let cell = cells.iter().find(focused).expect("the cell with the focus is heard");
    assert_eq!(cell["name"]["value"], "works");
    let description = cell["description"]["value"].as_str().expect("a description");
    for said in ["admin.conf → kube-apiserver", "Step 1 of", "Works in all", "certificate of the old CA"] {
        assert!(description.contains(said), "{said}: {description}");
    }
    close(page);
}

#[test]
fn a_rotation_that_breaks_something_is_refused_and_shown() {
    let page = made("picture-refused", REFUSED);
    assert_eq!((page.count("[data-test=unmade]"), page.count("[data-test=review]")), (1, 0), "{}", page.says());
    at(&page, "unmade");
    assert!(page.says().contains("No package was built"), "{}", page.says());
    let (severity, code, said) =
        page.findings().into_iter().find(|finding| finding.1 == "edge-broken").expect("a finding");
    assert_eq!((severity.as_str(), code.as_str()), ("error", "edge-broken"));
    for part in ["kubelet on cp2", "every kube-apiserver", "breaks in step 3-", "it was left behind", "Take it along"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let explained = explanation(&page);
    assert!(
        explained.contains("Breaks: it was left behind") && explained.contains("1 of 4 connections"),
        "{explained}"
    );
    assert!(page.count("[data-test=matrix] [data-mark=broken]") > 0, "it is marked");
    assert_eq!(page.count("[data-test=wire][data-mark=broken]"), 1, "in the drawing, too");

    // Nothing is lost, and the previous step is reachable.
    assert!(page.files() >= 1 && page.count("[data-test=plan]") == 1 && page.count("[data-test=progress]") == 0);
    page.plan();
    assert_eq!(page.count("[data-test=make]:not([aria-disabled])"), 1);
    page.click("[data-test=keep-keys]");
    page.wait("!document.querySelector('[data-test=unmade]')");
    page.plan();
    close(page);
}

#[test]
fn a_large_cluster_is_drawn_as_runs() {
    let page = made("picture-large", LARGE);
    let lines = page.matrix();
    let moments = page
        .evaluate("return Number(document.querySelector('[data-test=slider]').max) + 1;")
        .as_u64()
        .expect("a number");
    assert!(moments > 600, "{moments} moments");
    for (edge, cells) in &lines {
        assert!(cells.len() < 40, "{edge} has {} cells", cells.len());
        assert_eq!(cells.iter().map(|cell| cell.2 as u64).sum::<u64>(), moments, "{edge} has every moment");
    }
    let elements = page.count("[data-test=matrix] *");
    assert!(elements < 5_000, "{elements} elements");

    // The nodes of one row, after the row is opened.
    page.click("#edge-0\\:name");
    page.wait("document.querySelectorAll('[data-test=matrix] th.single').length === 150");
    page.evaluate("document.querySelector('#edge-0\\\\:0').focus();");
    press(&page, "ArrowRight", 39, false);
    page.wait("document.activeElement.id !== 'edge-0:0'");
    page.look("150 nodes");
    close(page);
}
