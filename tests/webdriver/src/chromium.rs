//! Drives Chromium through chromedriver: WebDriver over HTTP, with Chromium's extensions.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{MISSING, Program, SCRIPT_TIMEOUT, Verb};

/// A session with chromedriver.
#[derive(Debug)]
pub(crate) struct Chromedriver {
    driver: Program,
    port: u16,
    /// The session id; empty before the session starts.
    session: String,
}

/// Starts chromedriver on a port that chromedriver chooses.
fn start_driver() -> Result<(Program, u16)> {
    let driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("chromedriver cannot be started: {MISSING}"))?;
    let mut driver = Program(driver);
    let mut said = BufReader::new(driver.0.stdout.take().expect("Invariant: standard output is piped"));
    let port = port(&mut said)?;
    // Further output is read and discarded, so that chromedriver never blocks on a full pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    Ok((driver, port))
}

impl Chromedriver {
    /// Starts chromedriver and Chromium.
    pub(crate) fn start(profile: &Path, downloads: &Path, arguments: &[String]) -> Result<Self> {
        let (driver, port) = start_driver()?;
        let mut this = Self { driver, port, session: String::new() };
        let mut all: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .into();
        all.push(format!("--user-data-dir={}", profile.display()));
        all.extend_from_slice(arguments);
        let preferences = json!({
            "download.default_directory": downloads,
            "download.prompt_for_download": false,
            // Disables speculative connections, for example to a search engine.
            "net.network_prediction_options": 2,
        });
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": all, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let made = this.request("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        let made = made.with_context(|| format!("Chromium cannot be started: {MISSING}"))?;
        made["sessionId"].as_str().context("chromedriver made no session")?.clone_into(&mut this.session);
        this.command("timeouts", &json!({ "script": SCRIPT_TIMEOUT }))?;
        Ok(this)
    }

    pub(crate) fn ask(&self, verb: &Verb<'_>, body: &Value) -> Result<Value> {
        match verb {
            Verb::Click(element) => self.command(&format!("element/{element}/click"), body),
            Verb::Find => self.command("element", body),
            Verb::Keys(element) => self.command(&format!("element/{element}/value"), body),
            Verb::Navigate => self.command("url", body),
            Verb::Script => self.command("execute/async", body),
        }
    }

    /// Sends a command to the session.
    pub(crate) fn command(&self, command: &str, body: &Value) -> Result<Value> {
        self.request("POST", &format!("/session/{}/{command}", self.session), body)
    }

    /// The process id of chromedriver, the ancestor of all browser processes.
    pub(crate) fn id(&self) -> u32 {
        self.driver.0.id()
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let answer = answer(&mut BufReader::new(stream)).with_context(|| format!("no answer to {method} {path}"))?;
        let mut answer: Value = serde_json::from_slice(&answer).context("chromedriver's answer is no JSON")?;
        let value = answer["value"].take();
        if let (Some(error), Some(message)) = (value["error"].as_str(), value["message"].as_str()) {
            bail!("{error}: {}", message.lines().next().unwrap_or_default());
        }
        Ok(value)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Ends the session, so that Chromium finishes its log files. Errors are ignored during drop.
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
    }
}

/// Parses the port from chromedriver's output.
fn port(said: &mut impl BufRead) -> Result<u16> {
    for line in said.by_ref().lines() {
        let line = line?;
        if let Some((_, port)) = line.trim_end_matches('.').split_once("successfully on port ") {
            return port.parse().with_context(|| format!("chromedriver's port is {port}"));
        }
    }
    bail!("chromedriver ended before it listened")
}

/// Reads an HTTP response and returns its body.
fn answer(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line)? > 0, "the connection was closed");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse().context("the length of the answer is no number")?);
        }
    }
    let mut body = vec![0; length.context("the answer has no length")?];
    stream.read_exact(&mut body)?;
    Ok(body)
}
