//! Drives a browser for tests and benchmarks, with a subset of WebDriver (w3.org/TR/webdriver2).
//!
//! Drives Chromium through chromedriver, and Firefox through Marionette, the protocol that geckodriver also uses.

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

/// The JSON key of element references in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The time limit for scripts, in milliseconds.
const SCRIPT_TIMEOUT: u64 = 1_800_000;

/// The help text for a missing program.
const MISSING: &str = "run `cargo xtask tools`";

/// A headless browser with its own profile.
#[derive(Debug)]
pub struct Browser {
    // Fields are dropped in this order: the profile is removed after the browser has ended.
    connection: Connection,
    _profile: Profile,
    downloads: PathBuf,
}

#[derive(Debug)]
enum Connection {
    Chromedriver(Chromedriver),
    Marionette(Marionette),
}

/// A browser command; each protocol has its own name for it.
enum Verb<'a> {
    Click(&'a str),
    Find,
    Keys(&'a str),
    Navigate,
    Script,
}

impl Browser {
    /// Starts Chromium and chromedriver, with the profile and the downloads in `folder`.
    ///
    /// # Errors
    ///
    /// If either is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::chromium(folder, &[])
    }

    /// Starts Chromium and chromedriver, with additional arguments for Chromium.
    ///
    /// # Errors
    ///
    /// If either is missing or does not start.
    pub fn chromium(folder: &Path, arguments: &[String]) -> Result<Self> {
        let (profile, downloads) = folders(folder)?;
        let driver = Chromedriver::start(&profile.0, &downloads, arguments)?;
        Ok(Self { connection: Connection::Chromedriver(driver), _profile: profile, downloads })
    }

    /// Starts Firefox, with the profile and the downloads in `folder`.
    ///
    /// # Errors
    ///
    /// If it is missing or does not start.
    pub fn firefox(folder: &Path) -> Result<Self> {
        let (profile, downloads) = folders(folder)?;
        let marionette = Marionette::start(&profile.0, &downloads)?;
        Ok(Self { connection: Connection::Marionette(marionette), _profile: profile, downloads })
    }

    /// The folder for downloads.
    #[must_use]
    pub fn downloads(&self) -> &Path {
        &self.downloads
    }

    /// Opens a local file in a new document.
    ///
    /// # Errors
    ///
    /// If the browser returns an error.
    pub fn open(&self, file: &Path) -> Result<()> {
        // Navigating to the current address could only reload the page.
        for url in ["about:blank".to_owned(), format!("file://{}", file.display())] {
            self.ask(Verb::Navigate, json!({ "url": url }))?;
        }
        Ok(())
    }

    /// Runs the body of an asynchronous function, which passes its result to its last argument.
    ///
    /// # Errors
    ///
    /// If the script throws.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.run_with(script, &[])
    }

    /// Runs the body of an asynchronous function with arguments. The callback for the result is the last argument,
    /// after these.
    ///
    /// # Errors
    ///
    /// If the script throws.
    pub fn run_with(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.ask(Verb::Script, json!({ "script": script, "args": arguments }))
    }

    /// Clicks on an element with simulated user input.
    ///
    /// # Errors
    ///
    /// If no element matches, or it cannot be clicked.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css)?;
        self.ask(Verb::Click(&element), json!({})).with_context(|| format!("{css} was not clicked on")).map(drop)
    }

    /// Types into an element. For a file input, `text` is the path of the file or folder, or several paths, one per
    /// line.
    ///
    /// # Errors
    ///
    /// If no element matches, or it accepts no text.
    pub fn keys(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css)?;
        self.ask(Verb::Keys(&element), json!({ "text": text })).with_context(|| format!("no keys in {css}")).map(drop)
    }

    /// Sends a command of the Chrome DevTools Protocol to the page.
    ///
    /// # Errors
    ///
    /// If the browser is not Chromium, or rejects the command.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.chromedriver()?
            .command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
            .with_context(|| command.to_owned())
    }

    /// The console messages of pages and workers since the last call, with their levels.
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

    /// The largest resident set size of any process that runs a page, in bytes.
    ///
    /// # Errors
    ///
    /// If this system does not report it.
    pub fn peak_memory(&self) -> Result<u64> {
        Ok(processes::peak_memory(&processes::family(self.id())?))
    }

    /// The CPU time of all browser processes so far. In seconds, with a resolution of 0.01.
    ///
    /// # Errors
    ///
    /// If this system does not report it.
    pub fn cpu(&self) -> Result<f64> {
        Ok(processes::cpu(&processes::family(self.id())?))
    }

    /// The process id of the ancestor of all browser processes.
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

/// A program that is killed when it is dropped.
#[derive(Debug)]
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Errors are ignored during drop.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A profile's folder, which is removed when it is dropped.
#[derive(Debug)]
struct Profile(PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        // Errors are ignored: the next browser with this folder empties it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Creates empty folders for the profile and the downloads.
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
