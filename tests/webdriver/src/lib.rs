//! A browser to test and measure in: as much of WebDriver (w3.org/TR/webdriver2) as that takes.
//!
//! Chromium is reached through its driver, Firefox through Marionette, the protocol that its own driver translates to.

mod chromium;
mod marionette;
mod processes;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{chromium::Chromedriver, marionette::Marionette};

/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a script may take. Milliseconds.
const SCRIPT_TIMEOUT: u64 = 1_800_000;

/// What to do when something is not there.
const MISSING: &str = "run `cargo xtask tools`";

/// A browser without a window, with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    // Dropped in this order: the profile goes when nobody writes to it any more.
    connection: Connection,
    _profile: Profile,
    downloads: PathBuf,
}

#[derive(Debug)]
enum Connection {
    Chromedriver(Chromedriver),
    Marionette(Marionette),
}

/// What a browser is asked to do; each protocol has its own name for it.
enum Verb<'a> {
    Click(&'a str),
    Find,
    Keys(&'a str),
    Navigate,
    Script,
}

impl Browser {
    /// Starts Chromium and its driver; the profile and the downloads lie in `folder`.
    ///
    /// # Errors
    ///
    /// If either is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::chromium(folder, &[])
    }

    /// Starts Chromium and its driver, with further arguments for Chromium.
    ///
    /// # Errors
    ///
    /// If either is missing or does not start.
    pub fn chromium(folder: &Path, arguments: &[String]) -> Result<Self> {
        let (profile, downloads) = folders(folder)?;
        let driver = Chromedriver::start(&profile.0, &downloads, arguments)?;
        Ok(Self { connection: Connection::Chromedriver(driver), _profile: profile, downloads })
    }

    /// Starts Firefox; the profile and the downloads lie in `folder`.
    ///
    /// # Errors
    ///
    /// If it is missing or does not start.
    pub fn firefox(folder: &Path) -> Result<Self> {
        let (profile, downloads) = folders(folder)?;
        let marionette = Marionette::start(&profile.0, &downloads)?;
        Ok(Self { connection: Connection::Marionette(marionette), _profile: profile, downloads })
    }

    /// Where downloads go.
    #[must_use]
    pub fn downloads(&self) -> &Path {
        &self.downloads
    }

    /// Opens a file of this machine anew.
    ///
    /// # Errors
    ///
    /// If the browser does not.
    pub fn open(&self, file: &Path) -> Result<()> {
        // Away first: the same address again might only be reloaded.
        for url in ["about:blank".to_owned(), format!("file://{}", file.display())] {
            self.ask(Verb::Navigate, json!({ "url": url }))?;
        }
        Ok(())
    }

    /// Runs a function's body that calls its last argument with the answer, which may be later.
    ///
    /// # Errors
    ///
    /// If it throws.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.run_with(script, &[])
    }

    /// Runs a function's body with arguments; the last argument, which takes the answer, comes after them.
    ///
    /// # Errors
    ///
    /// If it throws.
    pub fn run_with(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.ask(Verb::Script, json!({ "script": script, "args": arguments }))
    }

    /// Clicks on an element as a person does.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be clicked on.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css)?;
        self.ask(Verb::Click(&element), json!({})).with_context(|| format!("{css} was not clicked on")).map(drop)
    }

    /// Types into an element; into a file input, the path of the chosen file or folder, or several, one in each line.
    ///
    /// # Errors
    ///
    /// If there is none, or it takes no text.
    pub fn keys(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css)?;
        self.ask(Verb::Keys(&element), json!({ "text": text })).with_context(|| format!("no keys in {css}")).map(drop)
    }

    /// Says a command of the Chrome DevTools Protocol to the page.
    ///
    /// # Errors
    ///
    /// If the browser is not Chromium, or refuses it.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.chromedriver()?
            .command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
            .with_context(|| command.to_owned())
    }

    /// What came to the console since the last call, pages and workers, with its level.
    ///
    /// # Errors
    ///
    /// If the browser is not Chromium.
    pub fn console(&self) -> Result<Vec<String>> {
        let entries = self.chromedriver()?.command("se/log", &json!({ "type": "browser" }))?;
        let entries = entries.as_array().context("the log is no list")?;
        Ok(entries
            .iter()
            .map(|entry| {
                let text = |field: &str| entry[field].as_str().unwrap_or_default();
                format!("{} {}", text("level"), text("message"))
            })
            .collect())
    }

    /// The largest resident set that a process of this browser ever had which runs a page. Bytes.
    ///
    /// # Errors
    ///
    /// If this machine does not say so.
    pub fn peak_memory(&self) -> Result<u64> {
        Ok(processes::peak_memory(&processes::family(self.id())?))
    }

    /// What all of this browser's processes have taken of all cores until now. Seconds, in hundredths.
    ///
    /// # Errors
    ///
    /// If this machine does not say so.
    pub fn cpu(&self) -> Result<f64> {
        Ok(processes::cpu(&processes::family(self.id())?))
    }

    /// The process that all others of this browser descend from.
    fn id(&self) -> u32 {
        match &self.connection {
            Connection::Chromedriver(driver) => driver.id(),
            Connection::Marionette(marionette) => marionette.id(),
        }
    }

    fn chromedriver(&self) -> Result<&Chromedriver> {
        match &self.connection {
            Connection::Chromedriver(driver) => Ok(driver),
            Connection::Marionette(_) => anyhow::bail!("only Chromium can do this"),
        }
    }

    fn element(&self, css: &str) -> Result<String> {
        let found = self
            .ask(Verb::Find, json!({ "using": "css selector", "value": css }))
            .with_context(|| format!("there is no {css}"))?;
        Ok(found[ELEMENT].as_str().with_context(|| format!("there is no {css}"))?.to_owned())
    }

    fn ask(&self, verb: Verb<'_>, body: Value) -> Result<Value> {
        match &self.connection {
            Connection::Chromedriver(driver) => driver.ask(&verb, &body),
            Connection::Marionette(marionette) => marionette.ask(&verb, body),
        }
    }
}

/// A program that ends with its owner.
#[derive(Debug)]
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Nobody is left to be told that it does not end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A profile's folder that goes with its owner.
#[derive(Debug)]
struct Profile(PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        // The next browser in this place empties it anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Empty folders for the profile and the downloads.
fn folders(folder: &Path) -> Result<(Profile, PathBuf)> {
    ensure!(folder.is_absolute(), "{} is not absolute", folder.display());
    let made = ["profile", "downloads"].map(|name| {
        let folder = folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder)
    });
    let [profile, downloads]: [Result<PathBuf>; 2] = made;
    Ok((Profile(profile?), downloads?))
}
