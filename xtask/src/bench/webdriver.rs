//! A browser to measure in: as much of WebDriver (w3.org/TR/webdriver2) as that takes.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::setup::on_path;

/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a script may take. Milliseconds.
const SCRIPT_TIMEOUT: u64 = 1_800_000;

/// Chromium without a window, with a profile of its own.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts Chromium and its driver; the profile is made in `folder`.
    ///
    /// # Errors
    ///
    /// If either is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let missing = "is missing: run `cargo xtask tools`";
        let chromium = on_path("chromium").with_context(|| format!("chromium {missing}"))?;
        let chromedriver = on_path("chromedriver").with_context(|| format!("chromedriver {missing}"))?;
        let profile = folder.join("profile");
        if profile.exists() {
            fs::remove_dir_all(&profile)?;
        }
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver cannot be started")?;
        let mut said = BufReader::new(driver.stdout.take().expect("Invariant: standard output is piped"));
        let port = port(&mut said)?;
        // Whatever else it says is read, so that it never waits for us.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));

        let mut browser = Self { driver, port, session: String::new(), profile };
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            format!("--user-data-dir={}", browser.profile.display()),
        ]);
        let options = json!({ "binary": chromium, "args": arguments });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let made = browser.request("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        browser.session = made["sessionId"].as_str().context("chromedriver made no session")?.to_owned();
        browser.command("timeouts", &json!({ "script": SCRIPT_TIMEOUT }))?;
        Ok(browser)
    }

    /// Opens a file of this machine anew.
    pub fn open(&self, file: &Path) -> Result<()> {
        // Away first: the same address again might only be reloaded.
        for url in ["about:blank".to_owned(), format!("file://{}", file.display())] {
            self.command("url", &json!({ "url": url }))?;
        }
        Ok(())
    }

    /// Runs a function's body that calls its last argument with the answer, which may be later.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Clicks on an element as a person does.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/click"), &json!({})).map(drop)
    }

    /// Types into an element; into a file input, the path of the chosen file.
    pub fn keys(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/value"), &json!({ "text": text })).map(drop)
    }

    /// The largest resident set that a process of this browser ever had which runs a page. Bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        let mut family = vec![self.driver.id()];
        let mut peak = 0;
        // Parents come before their children once the list is gone through until nothing is added.
        let mut processes = processes()?;
        while let Some(at) = processes.iter().position(|process| family.contains(&process.parent)) {
            let process = processes.swap_remove(at);
            family.push(process.id);
            if process.arguments.contains("--type=renderer") {
                peak = peak.max(process.peak_memory);
            }
        }
        Ok(peak)
    }

    fn element(&self, css: &str) -> Result<String> {
        let found = self.command("element", &json!({ "using": "css selector", "value": css }))?;
        Ok(found[ELEMENT].as_str().with_context(|| format!("there is no {css}"))?.to_owned())
    }

    fn command(&self, command: &str, body: &Value) -> Result<Value> {
        self.request("POST", &format!("/session/{}/{command}", self.session), body)
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

impl Drop for Browser {
    fn drop(&mut self) {
        // Nobody is left to be told that it does not end.
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// The port that chromedriver says it listens on.
fn port(said: &mut impl BufRead) -> Result<u16> {
    for line in said.by_ref().lines() {
        let line = line?;
        if let Some((_, port)) = line.trim_end_matches('.').split_once("successfully on port ") {
            return port.parse().with_context(|| format!("chromedriver's port is {port}"));
        }
    }
    bail!("chromedriver ended before it listened")
}

/// The body of an HTTP answer.
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

/// A process of this machine.
struct Process {
    id: u32,
    parent: u32,
    arguments: String,
    /// Bytes.
    peak_memory: u64,
}

/// Every process, as Linux shows them (proc(5)).
fn processes() -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("peak memory is only measured on Linux")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        // A process may end while we look.
        let (Ok(status), Ok(arguments)) = (fs::read_to_string(path.join("status")), fs::read(path.join("cmdline")))
        else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
        };
        found.push(Process {
            id,
            parent: u32::try_from(field("PPid:")).unwrap_or_default(),
            arguments: String::from_utf8_lossy(&arguments).into_owned(),
            peak_memory: field("VmHWM:") * 1024,
        });
    }
    Ok(found)
}
