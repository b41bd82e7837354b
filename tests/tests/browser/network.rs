//! What the browser tried to reach, from Chromium's own log of its network stack.

use std::{fs, path::Path};

use airlock_tests::rotation::scratch;
use airlock_webdriver::Browser;
use serde_json::Value;

/// Kinds of sources in the log by which something leaves the browser. Files and blobs never come to the network stack.
const WAYS_OUT: [&str; 7] = [
    "URL_REQUEST",
    "HOST_RESOLVER_IMPL_JOB",
    "DNS_TRANSACTION",
    "CONNECT_JOB",
    "TCP_STREAM_ATTEMPT",
    "UDP_CLIENT_SOCKET",
    "WEB_TRANSPORT_CLIENT",
];

/// Has Chromium write its log.
pub fn arguments(folder: &Path) -> Vec<String> {
    // Chromium's own questions to its makers would only be noise: who is signed in, which hints there are.
    let quiet = "--disable-features=OptimizationHints,OptimizationGuideModelDownloading,MediaRouter,DialMediaRouteProvider,\
        NetworkTimeServiceQuerying,CertificateTransparencyComponentUpdater,AutofillServerCommunication";
    vec![
        format!("--log-net-log={}", log(folder).display()),
        "--disable-default-apps".to_owned(),
        "--disable-extensions".to_owned(),
        "--disable-client-side-phishing-detection".to_owned(),
        "--no-pings".to_owned(),
        "--gcm-registration-url=".to_owned(),
        quiet.to_owned(),
    ]
}

fn log(folder: &Path) -> std::path::PathBuf {
    folder.join("network.json")
}

/// Nothing was tried.
pub fn assert_silent(folder: &Path) {
    let tried = tried(folder);
    assert!(tried.is_empty(), "the network was tried: {tried:#?}");
}

/// Every attempt in the log.
fn tried(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(log(folder)).expect("Chromium writes its log");
    let log: Value = serde_json::from_str(&text).expect("the log is complete");
    let kinds = log["constants"]["logSourceType"].as_object().expect("kinds of sources");
    let kind = |number: &Value| kinds.iter().find(|(_, value)| *value == number).map_or("", |(name, _)| name);
    let events = log["events"].as_array().expect("events");
    let out = events.iter().filter(|event| WAYS_OUT.contains(&kind(&event["source"]["type"])));
    out.map(|event| format!("{} {}", kind(&event["source"]["type"]), event["params"])).collect()
}

/// The log shows what a page tries: without this, silence would prove nothing.
#[test]
fn the_log_shows_an_attempt() {
    let folder = scratch("network");
    let page = folder.join("talkative.html");
    fs::write(&page, "<!doctype html><title>talkative</title>").expect("a file can be written");
    let browser = Browser::chromium(&folder, &arguments(&folder)).unwrap_or_else(|e| panic!("{e:#}"));
    browser.open(&page).unwrap_or_else(|e| panic!("{e:#}"));
    let fetch = "const done = arguments[0]; fetch('http://airlock.invalid/').then(() => done(1), () => done(0));";
    assert_eq!(browser.run(fetch).unwrap_or_else(|e| panic!("{e:#}")), 0, "there is no such host");
    drop(browser);
    let tried = tried(&folder);
    assert!(tried.iter().any(|attempt| attempt.contains("airlock.invalid")), "{tried:#?}");
}
