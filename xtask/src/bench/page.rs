//! Drives and times the page in Chromium.

use std::path::Path;

use airlock_webdriver::Browser;
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Durations of one pass through the page, by the browser's clock. In seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From choosing the archive to the inventory.
    pub inspect: f64,
    /// From clicking "Show the plan" to the plan.
    pub plan: f64,
    /// From clicking "Make the package" to the last key.
    pub keys: f64,
    /// From clicking "Make the package" to the package.
    pub make: f64,
    /// CPU time of all browser processes, on all cores, while the package was made.
    pub cpu: f64,
    /// The number of generated keys.
    pub count: u64,
}

/// JavaScript that starts a measurement and returns immediately, so that it can be started before the click. Records in
/// `window.airlock` the times of `EVENT` on `FROM`, of the last generated key and of the first match of `UNTIL`, in
/// milliseconds, and the text of an alert if one appears.
const WATCH: &str = "
const done = arguments[arguments.length - 1];
const seen = window.airlock = { keys: null, total: 0 };
const look = () => {
    const bar = document.querySelector('[data-test=progress]');
    if (bar) {
        seen.total = bar.max;
        if (seen.keys === null && bar.value >= bar.max) seen.keys = performance.now();
    }
    const alert = document.querySelector('[data-test=alert] p');
    if (alert) seen.alert = alert.innerText;
    if (alert || document.querySelector(UNTIL)) {
        seen.end = performance.now();
        observer.disconnect();
        if (seen.tell) seen.tell();
    }
};
const observer = new MutationObserver(look);
observer.observe(document.body, { subtree: true, childList: true, attributes: true });
const from = document.querySelector(FROM);
const began = () => { seen.begin ??= performance.now(); };
from.addEventListener(EVENT, began, { capture: true });
done(null);
";

/// JavaScript that waits until the measurement of [`WATCH`] is complete and returns it.
const WAIT: &str = "
const done = arguments[arguments.length - 1];
const seen = window.airlock;
const tell = () => done({ begin: seen.begin, keys: seen.keys, end: seen.end, total: seen.total, alert: seen.alert ?? '' });
if (seen.end === undefined) { seen.tell = tell; } else { tell(); }
";

/// JavaScript that returns when the page has started its web workers.
const READY: &str = "
const done = arguments[arguments.length - 1];
const isReady = () => document.querySelector('[data-test=page][data-place=workers][data-busy=false]');
if (isReady()) { done(null); } else {
    const observer = new MutationObserver(() => { if (isReady()) { observer.disconnect(); done(null); } });
    observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true });
}
";

/// A script that returns nothing once `css` matches an element, or the text of an alert that appears first.
pub fn until(css: &str) -> String {
    let css = Value::from(css).to_string();
    format!(
        "const done = arguments[arguments.length - 1];
         const look = () => {{
             const alert = document.querySelector('[data-test=alert] p');
             if (!alert && !document.querySelector({css})) return false;
             done(alert ? alert.innerText : null);
             return true;
         }};
         if (!look()) {{
             const observer = new MutationObserver(() => {{ if (look()) observer.disconnect(); }});
             observer.observe(document.documentElement, {{ subtree: true, childList: true, attributes: true }});
         }}"
    )
}

/// Loads `archive` into a newly opened page, previews the plan and builds the package.
///
/// # Errors
///
/// If the browser fails, or the page shows an alert.
pub fn rotate(browser: &Browser, page: &Path, archive: &Path, keep_keys: bool) -> Result<Timing> {
    browser.open(page)?;
    browser.run(READY).context("the page got no workers")?;
    let path = archive.to_str().context("the path is no UTF-8")?;
    let choose = "[data-test=choose-files]";
    let inspect = step(browser, (choose, "change"), "[data-test=inventory]", |b| b.keys(choose, path))?;
    let press = |css: &'static str| move |browser: &Browser| browser.click(css);
    // The page computes the plan from the options when it shows this step.
    let plan = "#go-plan";
    let planned = step(browser, (plan, "click"), "[data-test=plan], [data-test=refused]", press(plan))?;
    if keep_keys {
        browser.run("document.querySelector('[data-test=keep-keys]').click(); arguments[0]();")?;
    }
    browser.run(&until("[data-test=page][data-busy=false] [data-test=make]:not([aria-disabled])"))?;
    let make = "[data-test=make]";
    let cpu = browser.cpu()?;
    let made = step(browser, (make, "click"), "[data-test=review]", press(make))?;
    let cpu = browser.cpu()? - cpu;
    Ok(Timing { inspect: inspect.end, plan: planned.end, keys: made.keys, make: made.end, cpu, count: made.total })
}

/// The measurement of one step. Times in seconds after the step's event.
struct Seen {
    keys: f64,
    end: f64,
    total: u64,
}

fn step(
    browser: &Browser,
    (from, event): (&str, &str),
    until: &str,
    act: impl Fn(&Browser) -> Result<()>,
) -> Result<Seen> {
    let quoted = |text: &str| Value::from(text).to_string();
    let watch = WATCH.replace("UNTIL", &quoted(until)).replace("FROM", &quoted(from)).replace("EVENT", &quoted(event));
    browser.run(&watch)?;
    act(browser)?;
    let seen = browser.run(WAIT)?;
    let alert = seen["alert"].as_str().unwrap_or_default();
    ensure!(alert.is_empty(), "the page says: {alert}");
    let begin = seen["begin"].as_f64().with_context(|| format!("the {event} on {from} was not seen"))?;
    let since = |name: &str| seen[name].as_f64().map(|at| (at - begin) / 1000.0);
    let end = since("end").with_context(|| format!("{until} was not seen"))?;
    Ok(Seen { keys: since("keys").unwrap_or_default(), end, total: seen["total"].as_f64().unwrap_or_default() as u64 })
}
