//! Measures how soon the page is ready and how long its thread is blocked, with the browser's performance entries.
//!
//! The browser creates a `longtask` entry (w3.org/TR/longtasks) for each task that blocks the page's thread for 50 ms
//! or more. Shorter tasks are measured by the gaps between ticks of a message channel.

use std::{fs, path::Path};

use airlock_webdriver::Browser;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    page,
    settings::{Bench, load},
    statistics::{Series, rounded},
    trees,
};

/// The target values, in milliseconds.
const READY_GOAL: f64 = 500.0;
const TASK_GOAL: f64 = 50.0;

/// The number of control-plane nodes in the large load: about a thousand files.
const CONTROL_PLANES: usize = 3;
const WORKERS: usize = 140;

/// A CSS selector that matches when the page has drawn all results.
const DRAWN: &str = "[data-test=page][data-busy=false]:not(:has([data-test=later]))";

/// JavaScript that starts the measurement. Each tick is a separate task, so a gap between two ticks shows how long
/// other tasks took. In the task that reports the chosen files, the time before the page's handler is the browser's: it
/// builds the list of files.
const WATCH: &str = "
const done = arguments[arguments.length - 1];
const seen = window.airlockTasks = { longest: 0, browser: 0, gap: 0, tasks: 0 };
addEventListener('change', () => { seen.heard = performance.now(); }, { capture: true, once: true });
seen.take = (entries) => {
    for (const entry of entries) {
        const hears = entry.startTime < seen.heard && seen.heard < entry.startTime + entry.duration;
        const browser = hears ? seen.heard - entry.startTime : 0;
        seen.browser = Math.max(seen.browser, browser);
        seen.longest = Math.max(seen.longest, entry.duration - browser);
        if (entry.duration - browser >= 50) seen.tasks += 1;
    }
};
seen.observer = new PerformanceObserver((list) => seen.take(list.getEntries()));
seen.observer.observe({ type: 'longtask', buffered: false });
const channel = new MessageChannel();
let last = performance.now();
channel.port1.onmessage = () => {
    const now = performance.now();
    seen.gap = Math.max(seen.gap, now - last);
    last = now;
    if (!seen.stopped) channel.port2.postMessage(null);
};
channel.port2.postMessage(null);
done(null);
";

/// JavaScript that ends the measurement and returns the results. Entries of the last task arrive in a later task.
const SEEN: &str = "
const done = arguments[arguments.length - 1];
setTimeout(() => {
    const seen = window.airlockTasks;
    seen.take(seen.observer.takeRecords());
    seen.observer.disconnect();
    seen.stopped = true;
    done({ longest: seen.longest, browser: seen.browser, gap: seen.gap, tasks: seen.tasks });
}, 100);
";

/// JavaScript that runs before the page's own scripts. It records when the page is ready, by the page's clock, which
/// starts at the navigation.
const READY: &str = "
const look = () => {
    if (document.querySelector('[data-test=choose-files]')) { window.airlockReady ??= performance.now(); }
    if (document.querySelector('[data-test=page][data-place=workers]')) { window.airlockWorkers ??= performance.now(); observer.disconnect(); }
};
const observer = new MutationObserver(look);
observer.observe(document, { subtree: true, childList: true, attributes: true });
";

/// JavaScript that returns the browser's timing entries for opening the page.
const OPENED: &str = "
const done = arguments[arguments.length - 1];
const look = () => {
    if (window.airlockWorkers === undefined) { setTimeout(look, 20); return; }
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    done({ ready: window.airlockReady, workers: window.airlockWorkers, paint: paint?.startTime ?? null });
};
look();
";

/// Runs all measurements of this module, prints them and returns their part of the JSON report.
pub fn measure(bench: &Bench) -> Result<Value> {
    let before = load();
    println!("\nThe page's own thread, medians of {} rounds", bench.samples);
    let (mut ready, mut workers, mut paint) = (Series::default(), Series::default(), Series::default());
    let (mut keys, mut files) = (Tasks::default(), Tasks::default());
    let (folder, _) = trees::made(bench, CONTROL_PLANES, WORKERS)?;
    let (_, archive) = trees::made(bench, 3, 7)?;
    let number = count(&folder)?;
    for round in 0..=bench.samples {
        let browser = Browser::start(&bench.folder)?;
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": READY }))?;
        browser.open(&bench.page)?;
        let opened = browser.run(OPENED)?;
        let loaded = load_many(&browser, &folder)?;
        let made = make_keys(&browser, &archive)?;
        // The first round is a warm-up.
        if round > 0 {
            for (series, name) in [(&mut ready, "ready"), (&mut workers, "workers"), (&mut paint, "paint")] {
                series.0.push(opened[name].as_f64().with_context(|| format!("the page does not say {name}"))?);
            }
            files.add(&loaded);
            keys.add(&made);
        }
    }
    let line = |what: &str, is: f64, goal: f64| {
        println!("{what:<58} {is:>8.0} ms   goal {goal:>4.0} ms   {}", if is <= goal { "met" } else { "missed" });
    };
    line("page can be used, after the navigation began", ready.median(), READY_GOAL);
    line("its workers listen", workers.median(), READY_GOAL);
    println!("{:<58} {:>8.0} ms", "first contentful paint", paint.median());
    println!("{:<58} {:>8.0} ms", format!("the browser's own list of {number} files"), files.browser.median());
    for (what, tasks) in [("keys are made", &keys), (&*format!("{number} files are loaded"), &files)] {
        line(&format!("longest task while {what}"), tasks.worst(), TASK_GOAL);
        println!("{:<58} {:>8.1}", "  tasks of 50 ms and more, each round", tasks.count.median());
    }
    println!("load {before} to {}", load());
    Ok(json!({
        "milliseconds": { "ready": ready.json(), "workers": workers.json(), "first_contentful_paint": paint.json() },
        "keys": keys.json(),
        "files": files.json(),
    }))
}

/// The tasks that blocked the page's thread.
#[derive(Default)]
struct Tasks {
    /// The longest `longtask` entry of each round, less the browser's own share; 0 if there was none.
    longest: Series,
    /// The time that the browser took before it reported the chosen files.
    browser: Series,
    /// The longest gap between two ticks.
    gap: Series,
    count: Series,
}

impl Tasks {
    fn add(&mut self, seen: &Value) {
        let all = [
            (&mut self.longest, "longest"),
            (&mut self.browser, "browser"),
            (&mut self.gap, "gap"),
            (&mut self.count, "tasks"),
        ];
        for (series, name) in all {
            series.0.push(seen[name].as_f64().unwrap_or_default());
        }
    }

    /// The median of the longest `longtask` entries; if there are none, that of the gaps, at most [`TASK_GOAL`].
    fn worst(&self) -> f64 {
        if self.longest.median() > 0.0 { self.longest.median() } else { self.gap.median().min(TASK_GOAL) }
    }

    fn json(&self) -> Value {
        json!({
            "longest_task_milliseconds": self.longest.json(),
            "browser_milliseconds": self.browser.json(),
            "longest_gap_milliseconds": self.gap.json(),
            "long_tasks": rounded(self.count.median()),
        })
    }
}

/// Measures loading the large folder and removing it again.
fn load_many(browser: &Browser, folder: &Path) -> Result<Value> {
    browser.run(WATCH)?;
    browser.keys("[data-test=choose-folder]", folder.to_str().context("the path is no UTF-8")?)?;
    browser.run(&page::until("[data-test=inventory]"))?;
    browser.run(&page::until(DRAWN))?;
    let seen = browser.run(SEEN)?;
    browser.click("[data-test=remove-all]")?;
    browser.run(&page::until("[data-test=page][data-busy=false]:not(:has([data-test=inventory]))"))?;
    Ok(seen)
}

/// Measures generating the keys of one control-plane node.
fn make_keys(browser: &Browser, archive: &Path) -> Result<Value> {
    browser.keys("[data-test=choose-files]", archive.to_str().context("the path is no UTF-8")?)?;
    browser.run(&page::until("[data-test=inventory]"))?;
    browser.click("#go-plan")?;
    browser.run(&page::until("[data-test=page][data-busy=false] :is([data-test=plan], [data-test=refused])"))?;
    browser.run(WATCH)?;
    browser.click("[data-test=make]")?;
    let end = browser.run(&page::until("[data-test=review], [data-test=alert] p"))?;
    browser.run(&page::until(DRAWN))?;
    ensure!(end.is_null(), "the page says that it cannot make a package");
    browser.run(SEEN)
}

/// The number of files below a folder. Does not count symbolic links, because browsers leave them out.
fn count(folder: &Path) -> Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        files += if path.is_symlink() {
            0
        } else if path.is_dir() {
            count(&path)?
        } else {
            1
        };
    }
    Ok(files)
}
