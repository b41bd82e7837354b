//! Drives Firefox through Marionette: WebDriver's commands as JSON over TCP, each with a length prefix
//! (firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).

use std::{
    cell::RefCell,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{MISSING, Program, SCRIPT_TIMEOUT, Verb};

/// A session with Firefox.
#[derive(Debug)]
pub(crate) struct Marionette {
    firefox: Program,
    stream: RefCell<BufReader<TcpStream>>,
    /// The id of the last command.
    last: RefCell<u32>,
}

/// Starts Firefox; Marionette listens on a port that Firefox chooses.
fn start_firefox(profile: &Path, downloads: &Path) -> Result<(Program, u16)> {
    let preferences = [
        // Disables Firefox's own network requests.
        ("app.normandy.enabled", Value::from(false)),
        ("app.update.disabledForTesting", Value::from(true)),
        ("browser.download.dir", Value::from(downloads.display().to_string())),
        ("browser.download.folderList", Value::from(2)),
        ("browser.shell.checkDefaultBrowser", Value::from(false)),
        ("datareporting.policy.dataSubmissionEnabled", Value::from(false)),
        ("marionette.port", Value::from(0)),
        ("network.captive-portal-service.enabled", Value::from(false)),
        ("network.connectivity-service.enabled", Value::from(false)),
        ("services.settings.server", Value::from("data:,#remote-settings-dummy/v1")),
        ("toolkit.telemetry.reportingpolicy.firstRun", Value::from(false)),
    ];
    let lines = preferences.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
    fs::write(profile.join("user.js"), lines.concat())?;
    let firefox = Command::new("firefox")
        .args(["--headless", "--no-remote", "--marionette", "--profile"])
        .arg(profile)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("firefox cannot be started: {MISSING}"))?;
    let mut firefox = Program(firefox);
    let mut said = BufReader::new(firefox.0.stdout.take().expect("Invariant: standard output is piped"));
    let port = port(&mut said)?;
    // Further output is read and discarded, so that Firefox never blocks on a full pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    Ok((firefox, port))
}

impl Marionette {
    /// Starts Firefox and a session with it.
    pub(crate) fn start(profile: &Path, downloads: &Path) -> Result<Self> {
        let (firefox, port) = start_firefox(profile, downloads)?;
        let stream = RefCell::new(BufReader::new(TcpStream::connect(("127.0.0.1", port))?));
        let this = Self { firefox, stream, last: RefCell::default() };
        // Marionette sends a greeting first.
        receive(&mut *this.stream.borrow_mut())?;
        this.command("WebDriver:NewSession", json!({}))?;
        this.command("WebDriver:SetTimeouts", json!({ "script": SCRIPT_TIMEOUT }))?;
        Ok(this)
    }

    pub(crate) fn ask(&self, verb: &Verb<'_>, mut body: Value) -> Result<Value> {
        let command = match verb {
            Verb::Click(element) | Verb::Keys(element) => {
                body["id"] = Value::from(*element);
                if matches!(verb, Verb::Click(_)) { "WebDriver:ElementClick" } else { "WebDriver:ElementSendKeys" }
            }
            Verb::Find => "WebDriver:FindElement",
            Verb::Navigate => "WebDriver:Navigate",
            Verb::Script => "WebDriver:ExecuteAsyncScript",
        };
        let mut result = self.command(command, body)?;
        Ok(result["value"].take())
    }

    /// The process id of Firefox.
    pub(crate) fn id(&self) -> u32 {
        self.firefox.0.id()
    }

    fn command(&self, name: &str, parameters: Value) -> Result<Value> {
        let mut last = self.last.borrow_mut();
        *last += 1;
        let message = json!([0, *last, name, parameters]).to_string();
        let mut stream = self.stream.borrow_mut();
        write!(stream.get_mut(), "{}:{message}", message.len())?;
        let mut answer = receive(&mut *stream).with_context(|| format!("no answer to {name}"))?;
        ensure!(answer[0] == 1 && answer[1] == *last, "{name} was not answered in turn");
        if let (Some(error), Some(message)) = (answer[2]["error"].as_str(), answer[2]["message"].as_str()) {
            bail!("{error}: {message}");
        }
        Ok(answer[3].take())
    }
}

impl Drop for Marionette {
    fn drop(&mut self) {
        // Lets Firefox end its processes in an orderly way. Errors are ignored during drop.
        let _ = self.command("Marionette:Quit", json!({ "flags": ["eForceQuit"] }));
    }
}

/// Parses Marionette's port from Firefox's output.
fn port(said: &mut impl BufRead) -> Result<u16> {
    for line in said.by_ref().lines() {
        let line = line?;
        if let Some((_, port)) = line.split_once("Listening on port ") {
            return port.trim().parse().with_context(|| format!("Marionette's port is {port}"));
        }
    }
    bail!("firefox ended before Marionette listened")
}

/// Reads a message: its length in decimal digits, a colon, JSON.
fn receive(stream: &mut impl BufRead) -> Result<Value> {
    let mut length = Vec::new();
    stream.read_until(b':', &mut length)?;
    ensure!(length.pop() == Some(b':'), "the connection was closed");
    let mut body = vec![0; str::from_utf8(&length)?.parse().context("a message has no length")?];
    stream.read_exact(&mut body)?;
    serde_json::from_slice(&body).context("a message is no JSON")
}
