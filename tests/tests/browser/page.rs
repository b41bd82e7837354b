//! The page in Chromium, and the checks that apply to it at every step.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use airlock_tests::{fixtures, rotation::scratch, secrets::Secrets, tools::root};
use airlock_webdriver::Browser;
use serde_json::{Value, json};

use crate::network;

/// The time limit of each wait, in seconds; a machine may be busy.
const DEADLINE: u32 = 180;

/// Runs before the page's code: sets the clock to the fixtures' time, and records errors.
const BEFORE: &str = "
Date.now = () => NOW * 1000;
const seen = window.airlockSeen = [];
addEventListener('securitypolicyviolation', (e) => seen.push(`policy: ${e.violatedDirective} ${e.blockedURI}`));
addEventListener('unhandledrejection', (e) => seen.push(`rejection: ${e.reason}`));
addEventListener('error', (e) => seen.push(`error: ${e.message}`));
";

/// Answers `true` when CONDITION holds, or `false` after MILLISECONDS.
pub const WAIT: &str = "
const done = arguments[arguments.length - 1];
const holds = () => Boolean(CONDITION);
if (holds()) { done(true); return; }
const end = (answer) => { observer.disconnect(); clearTimeout(timer); done(answer); };
const observer = new MutationObserver(() => { if (holds()) end(true); });
observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
const timer = setTimeout(() => end(holds()), MILLISECONDS);
";

/// Everything that a page can store or display.
const LOOK: &str = "
const done = arguments[arguments.length - 1];
const stores = async () => {
    const found = [];
    for (const [name, store] of [['localStorage', () => localStorage.length], ['sessionStorage', () => sessionStorage.length],
        ['cookies', () => document.cookie.length], ['databases', async () => (await indexedDB.databases()).length],
        ['caches', async () => (await caches.keys()).length]]) {
        let held = 0;
        try { held = await store(); } catch { }
        if (held > 0) found.push(name);
    }
    return found;
};
const fields = [...document.querySelectorAll('input, textarea, select')].map((field) => field.value);
stores().then((stored) => done({
    seen: window.airlockSeen,
    stored,
    shown: [document.documentElement.outerHTML, document.title, window.name, location.href, ...fields].join('\\n'),
}));
";

/// The page in a separate Chromium.
pub struct Page {
    browser: Browser,
    folder: PathBuf,
    /// The visible text of each step.
    shown: RefCell<Vec<(String, String)>>,
    /// Errors in the console that the test causes.
    expected: Vec<&'static str>,
}

impl Page {
    /// Opens the page and waits until its workers have started.
    pub fn open(label: &str) -> Self {
        let page = Self::open_after(label, "");
        page.wait("document.querySelector('[data-test=page][data-place=workers]')");
        page
    }

    /// Opens the page after a script has run in its context, and waits until it has started.
    pub fn open_after(label: &str, script: &str) -> Self {
        let folder = scratch(label);
        let browser = Browser::chromium(&folder, &network::arguments(&folder)).unwrap_or_else(|e| panic!("{e:#}"));
        let before = BEFORE.replace("NOW", &fixtures::now().0.to_string()) + script;
        let page = Self { browser, folder, shown: RefCell::default(), expected: Vec::new() };
        page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": before }));
        // The window of a laptop: the panel is next to the matrix, and the bars leave space.
        let size = json!({ "width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        page.devtools("Emulation.setDeviceMetricsOverride", &size);
        page.browser.open(&dist()).unwrap_or_else(|e| panic!("{e:#}"));
        page.wait("document.querySelector('[data-test=page]')");
        page
    }

    /// Declares that the test causes console messages with this text.
    pub fn expect(&mut self, message: &'static str) {
        self.expected.push(message);
    }

    /// The folder of this test's files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.browser.devtools(command, parameters).unwrap_or_else(|e| panic!("{e:#}"))
    }

    /// Runs a function's body that returns a value.
    pub fn evaluate(&self, body: &str) -> Value {
        let script = format!("arguments[arguments.length - 1]((() => {{ {body} }})());");
        self.browser.run(&script).unwrap_or_else(|e| panic!("{body}: {e:#}"))
    }

    /// Runs a function's body that calls `done` later.
    pub fn evaluate_later(&self, body: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {body}");
        self.browser.run(&script).unwrap_or_else(|e| panic!("{body}: {e:#}"))
    }

    /// The value of an expression.
    pub fn text(&self, expression: &str) -> String {
        let value = self.evaluate(&format!("return {expression};"));
        value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
    }

    /// The number of matching elements.
    pub fn count(&self, css: &str) -> usize {
        let value = self.evaluate(&format!("return document.querySelectorAll({}).length;", json!(css)));
        usize::try_from(value.as_u64().expect("a number")).expect("a number of elements")
    }

    /// Waits until an expression is true; fails with the page's text.
    pub fn wait(&self, condition: &str) {
        let script = WAIT.replace("CONDITION", condition).replace("MILLISECONDS", &(DEADLINE * 1000).to_string());
        let held = self.browser.run(&script).unwrap_or_else(|e| panic!("{condition}: {e:#}"));
        if held != json!(true) {
            panic!("{condition} did not come true in {DEADLINE} s\n{}\n{}", self.says(), self.console().join("\n"));
        }
    }

    /// Waits until the page has completed and drawn its work, and checks it.
    pub fn settle(&self, step: &str) {
        self.wait("document.querySelector('[data-test=page][data-busy=false]:not(:has([data-test=later]))')");
        self.look(step);
    }

    /// The checks that apply whenever the page is examined.
    pub fn look(&self, step: &str) {
        let mut found = self.browser.run(LOOK).unwrap_or_else(|e| panic!("{step}: {e:#}"));
        assert_eq!(found["stored"], json!([]), "{step}: the page stores something");
        let unexpected = |text: &String| !self.expected.iter().any(|expected| text.contains(expected));
        let seen: Vec<String> = serde_json::from_value(found["seen"].take()).expect("a list of texts");
        let seen: Vec<String> = seen.into_iter().filter(unexpected).collect();
        assert!(seen.is_empty(), "{step}: {seen:#?}");
        let console = self.console();
        let mut shown = found["shown"].as_str().expect("a text").to_owned();
        shown.push_str(&console.join("\n"));
        let console: Vec<String> = console.into_iter().filter(unexpected).collect();
        assert!(console.is_empty(), "{step}: in the console {console:#?}");
        self.shown.borrow_mut().push((step.to_owned(), shown));
    }

    /// The page's description of its state.
    pub fn says(&self) -> String {
        let says = self.evaluate(
            "return [...document.querySelectorAll('[data-test=alert] p, [data-test=status], [data-test=problem], #app > p, \
             [data-test=finding][data-severity=error]')].map((e) => e.innerText).join('\\n');",
        );
        says.as_str().unwrap_or_default().to_owned()
    }

    fn console(&self) -> Vec<String> {
        self.browser.console().unwrap_or_else(|e| panic!("{e:#}"))
    }

    /// Goes to a step, by its link.
    pub fn go(&self, step: &str) {
        self.evaluate(&format!("document.querySelector('#go-{step}').click();"));
        self.wait(&format!("!document.querySelector('[data-step={step}]').hidden"));
    }

    /// Clicks an element, on the step that has it.
    pub fn click(&self, css: &str) {
        self.bring_into_view(css);
        self.browser.click(css).unwrap_or_else(|e| panic!("{e:#}\n{}", self.says()));
    }

    /// Goes to the step that has an element, and opens the sections that contain it.
    fn bring_into_view(&self, css: &str) {
        // Only one step has these buttons in the action bar.
        for (button, step) in [("[data-test=make]", "plan"), ("[data-test=download-zip]", "download")] {
            if css == button {
                self.go(step);
            }
        }
        let step = self.evaluate(&format!(
            "return document.querySelector({})?.closest('[data-step][hidden]')?.dataset.step ?? '';",
            json!(css)
        ));
        if let Some(step) = step.as_str().filter(|step| !step.is_empty()) {
            self.go(step);
        }
        // Drivers scroll only to the edge of the window, which is under the action bar.
        self.evaluate(&format!(
            "const wanted = document.querySelector({});
             for (let fold = wanted?.parentElement?.closest('details'); fold; fold = fold.parentElement.closest('details'))
                 if (!fold.querySelector(':scope > summary').contains(wanted)) fold.open = true;
             if (wanted && !wanted.closest('.bar, .actions')) wanted.scrollIntoView({{ block: 'center', inline: 'center' }});",
            json!(css)
        ));
    }

    /// Goes on to the next step by the action bar.
    pub fn onwards(&self, step: &str) {
        self.click("[data-test=onwards]");
        self.wait(&format!("!document.querySelector('[data-step={step}]').hidden"));
    }

    /// Loads a text through the paste field, which is hidden by default.
    fn open_paste(&self) {
        self.bring_into_view("[data-test=paste-open]");
        if self.count("#paste-field[hidden]") > 0 {
            self.click("[data-test=paste-open]");
            self.wait("!document.querySelector('#paste-field').hidden");
        }
    }

    /// Types into an element.
    pub fn keys(&self, css: &str, text: &str) {
        self.browser.keys(css, text).unwrap_or_else(|e| panic!("{e:#}"));
    }

    /// Sets a field's value as typing does.
    pub fn set(&self, css: &str, value: &str) {
        let [css, value] = [css, value].map(|text| json!(text).to_string());
        self.evaluate(&format!(
            "const field = document.querySelector({css}); field.value = {value};
             if (field.value !== {value}) throw new Error('no such choice');
             field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', {{ bubbles: true }}));"
        ));
    }

    /// Chooses files, and waits until they are inspected.
    pub fn choose(&self, files: &[&Path]) {
        self.choose_by("[data-test=choose-files]", files);
    }

    /// Chooses files with an input, and waits until they are inspected.
    pub fn choose_by(&self, css: &str, files: &[&Path]) {
        let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        self.loading("files chosen", || self.keys(css, &lines.join("\n")));
    }

    /// Chooses a folder, and waits until it is inspected.
    pub fn choose_folder(&self, folder: &Path) {
        self.loading("folder chosen", || self.keys("[data-test=choose-folder]", &folder.display().to_string()));
    }

    /// Runs an action that loads files, and waits until they are loaded or the page reports why not.
    fn loading(&self, step: &str, act: impl Fn()) {
        let before = self.files();
        act();
        self.wait(&format!("{FILES} > {before} || document.querySelector('[data-test=alert] p')"));
        self.settle(step);
    }

    /// Drops files and folders on the page, as a file manager does.
    pub fn drop(&self, paths: &[&Path]) {
        let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
        self.loading("dropped", || {
            for kind in ["dragEnter", "dragOver", "drop"] {
                let event = json!({ "type": kind, "x": 200, "y": 60, "data": data });
                self.devtools("Input.dispatchDragEvent", &event);
            }
        });
    }

    /// Pastes a text, which is not displayed.
    pub fn paste(&self, text: &str) {
        self.open_clipboard();
        let write = "const [text, done] = arguments; navigator.clipboard.writeText(text).then(() => done(true), (e) => done(`${e}`));";
        let written = self.browser.run_with(write, &[json!(text)]).unwrap_or_else(|e| panic!("{e:#}"));
        assert_eq!(written, json!(true), "the clipboard is written");
        self.open_paste();
        self.loading("pasted", || {
            self.click("[data-test=paste]");
            let key = |kind: &str, commands: &[&str]| {
                json!({ "type": kind, "modifiers": 2, "key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86, "commands": commands })
            };
            self.devtools("Input.dispatchKeyEvent", &key("rawKeyDown", &["paste"]));
            self.devtools("Input.dispatchKeyEvent", &key("keyUp", &[]));
        });
    }

    /// Grants the page the permissions of a user: to write to the clipboard, and to read from it, which it never does.
    pub fn open_clipboard(&self) {
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", &permissions);
    }

    /// The content of the clipboard.
    pub fn clipboard(&self) -> String {
        let read = "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](`${e}`));";
        let text = self.browser.run(read).unwrap_or_else(|e| panic!("{e:#}"));
        text.as_str().expect("a text").to_owned()
    }

    /// The number of loaded files.
    pub fn files(&self) -> u64 {
        self.evaluate(&format!("return {FILES};")).as_u64().expect("a number")
    }

    /// The displayed findings: severity, code, and full text.
    pub fn findings(&self) -> Vec<(String, String, String)> {
        self.evaluate("for (const group of document.querySelectorAll('[data-test=finding-group]:not([open])')) group.open = true;");
        self.wait("!document.querySelector('[data-test=finding-group][open] > summary:only-child, [data-test=later]')");
        // The text that a group shares, and the text of each of its files.
        let found = self.evaluate(
            "return [...document.querySelectorAll('[data-test=finding]')].map((e) => {
                 const group = e.closest('[data-test=finding-group]');
                 const together = [...group.querySelectorAll('summary, .remedy')].map((part) => part.textContent);
                 return [e.dataset.severity, e.dataset.code, [...together, e.textContent].join('\\n')];
             });",
        );
        serde_json::from_value(found).expect("three texts each")
    }

    /// Goes to the plan, and waits for the plan of the current options.
    pub fn plan(&self) {
        self.plan_or_not();
        assert_eq!(
            (self.count("[data-test=plan]"), self.count("[data-test=problem]")),
            (1, 0),
            "no plan: {}",
            self.says()
        );
    }

    /// The same, if there may be no plan.
    pub fn plan_or_not(&self) {
        self.go("plan");
        if self.count("[data-test=plan-again]") > 0 {
            self.click("[data-test=plan-again]");
        }
        let idle = "[data-test=page][data-busy=false]";
        self.wait(&format!(
            "document.querySelector('{idle} [data-test=plan], {idle} [data-test=refused], {idle} [data-test=problem]')"
        ));
        self.settle("planned");
    }

    /// Builds the package, and waits for it.
    pub fn make(&self) {
        self.click("[data-test=make]");
        self.wait("document.querySelector('[data-test=review], [data-test=unmade], [data-test=alert] p')");
        self.settle("made");
        assert_eq!(self.count("[data-test=review]"), 1, "no package: {}", self.says());
    }

    /// Downloads the zip, and returns its path.
    pub fn download(&self) -> PathBuf {
        self.click("[data-test=download-zip]");
        self.wait("document.querySelector('[data-test=sha256], [data-test=alert] p')");
        self.settle("downloaded");
        self.downloaded()
    }

    /// The folder of downloads.
    pub fn downloads(&self) -> PathBuf {
        self.browser.downloads().to_owned()
    }

    /// Waits until a file was downloaded, and returns its path.
    pub fn await_download(&self, name: &str) -> PathBuf {
        let file = self.downloads().join(name);
        wait_for_download(&file, || drop(self.evaluate_later("setTimeout(done, 50);")));
        file
    }

    /// The path of the requested zip.
    pub fn downloaded(&self) -> PathBuf {
        assert_eq!(self.count("[data-test=sha256]"), 1, "no download: {}", self.says());
        let sum = self.text("document.querySelector('[data-test=sha256]').dataset.sha256");
        let name = self.text("document.querySelector('[data-test=sha256]').dataset.name");
        let file = self.browser.downloads().join(name.trim());
        wait_for_download(&file, || drop(self.evaluate_later("setTimeout(done, 50);")));
        let summed = crate::package::sha256(&file);
        assert_eq!(summed, sum, "the page says what it made");
        file
    }

    /// Shows a file of the package, and returns its lines.
    pub fn preview(&self, path: &str) -> String {
        let file = format!("[data-test=output-file][data-path=\"{path}\"]");
        self.wait(&format!("document.querySelector({})", json!(file)));
        self.click(&format!("{file} [data-test=preview]"));
        let lines = format!("[data-test=preview-lines][data-path=\"{path}\"]");
        self.wait(&format!("document.querySelector({})", json!(lines)));
        self.look(&format!("preview of {path}"));
        self.text(&format!(
            "document.querySelector({}).textContent",
            json!(format!("{lines} pre, {lines} [data-test=sides]"))
        ))
    }

    /// Opens every section and table row with their content. Fields of certificates stay closed, because each would be
    /// fetched.
    pub fn unfold(&self) {
        let open = "const folds = [...document.querySelectorAll('details:not([open], [data-test=all-fields])')];
             const rows = [...document.querySelectorAll('[data-test=expand][aria-expanded=false]')];
             for (const fold of folds) fold.open = true;
             for (const row of rows) row.click();
             return folds.length + rows.length;";
        while self.evaluate(open) != json!(0) {
            self.wait("!document.querySelector('details[open] > summary:only-child, [data-test=later]')");
        }
    }

    /// The cells of every column of the matrix: the connection, and from the initial state on the mark, whether OpenSSL
    /// differs, and the number of steps of a cell.
    pub fn matrix(&self) -> BTreeMap<String, Vec<(String, bool, usize)>> {
        let cells = self.evaluate(
            "const columns = [...document.querySelectorAll('[data-test=matrix] [data-test=edge]')];
             const rows = [...document.querySelectorAll('[data-test=matrix] [data-test=moment-row]')].map((row) =>
                 ({ cells: row.querySelectorAll('[role=gridcell]'), steps: row.dataset.to - row.dataset.from + 1 }));
             return Object.fromEntries(columns.map((column, at) => [column.dataset.edge,
                 rows.map(({ cells, steps }) => [cells[at].dataset.mark, 'differs' in cells[at].dataset, steps])]));",
        );
        serde_json::from_value(cells).expect("a connection and its cells in each column")
    }

    /// Closes the browser. Asserts that none of these secrets was visible, and that no network was tried.
    pub fn close(self, secrets: &Secrets) {
        assert!(!secrets.is_empty(), "there are keys to look for");
        self.look("the end");
        for (step, shown) in &*self.shown.borrow() {
            assert!(secrets.find_in(shown).is_none(), "{step}: a private key can be seen");
        }
        let Self { browser, folder, .. } = self;
        drop(browser);
        network::assert_silent(&folder);
    }
}

/// The number of loaded files.
const FILES: &str = "Number(document.querySelector('[data-test=file-count]')?.dataset.count ?? 0)";

/// The page as distributed.
pub fn dist() -> PathBuf {
    let file = root().join("dist/airlock.html");
    assert!(file.is_file(), "{} is missing: run `cargo xtask app --no-open`", file.display());
    file
}

/// Waits until a download is complete: browsers write to a temporary file and rename it at the end. Calls `turn`
/// between two checks of the disk.
pub fn wait_for_download(file: &Path, turn: impl Fn()) {
    let begun = Instant::now();
    while fs::metadata(file).map_or(0, |metadata| metadata.len()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(DEADLINE.into()), "{} was not downloaded", file.display());
        turn();
    }
}

/// The private keys in a folder's files.
pub fn learn(secrets: &mut Secrets, folder: &Path) {
    for file in airlock_tests::rotation::walk(folder) {
        if let Ok(text) = fs::read_to_string(folder.join(file)) {
            secrets.add(&text);
        }
    }
}

/// Each violation is detected: without this test, passing checks would prove nothing.
#[test]
fn every_alarm_rings() {
    let page = Page::open("alarms");
    page.look("before");
    let key = fs::read_to_string(fixtures::path("brought/ca.key")).expect("a fixture can be read");
    let mut secrets = Secrets::default();
    secrets.add(&key);
    let show = format!("document.body.insertAdjacentText('beforeend', {});", json!(key));
    for (act, alarm) in [
        ("fetch('https://airlock.invalid/').catch(() => {});", "policy: connect-src"),
        ("new Image().src = 'https://airlock.invalid/';", "policy: img-src"),
        ("document.body.setAttribute('style', 'color: red');", "policy: style-src"),
        ("setTimeout(() => { throw new Error('of a task'); });", "error: "),
        ("Promise.reject('of a promise');", "of a promise"),
        ("localStorage.setItem('a', 'b');", "stores"),
        ("console.error('of the console');", "of the console"),
        (&show, "seen"),
    ] {
        page.evaluate(act);
        page.evaluate_later("setTimeout(done, 100);");
        let look = catch_unwind(AssertUnwindSafe(|| page.look("alarm")));
        let rang = match look {
            Ok(()) => page.shown.borrow().last().is_some_and(|(_, shown)| secrets.find_in(shown).is_some()),
            Err(panic) => panic.downcast_ref::<String>().is_some_and(|message| message.contains(alarm)),
        };
        assert!(rang, "nobody notices {act}");
        page.evaluate("window.airlockSeen.length = 0; localStorage.clear();");
        page.console();
    }
}
