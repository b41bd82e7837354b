//! The network attempts of the browser, from Chromium's own log of its network stack.

use std::{collections::BTreeMap, fs, path::Path};

use airlock_tests::rotation::scratch;
use airlock_webdriver::Browser;
use serde_json::Value;

/// Kinds of log sources that leave the browser, in addition to requests. Files and blobs do not use the network stack.
const WAYS_OUT: [&str; 7] = [
    "CONNECT_JOB",
    "DNS_TRANSACTION",
    "HOST_RESOLVER_IMPL_JOB",
    "TCP_STREAM_ATTEMPT",
    "UDP_CLIENT_SOCKET",
    "UDP_SOCKET",
    "WEB_TRANSPORT_CLIENT",
];

/// The address to which Chromium connects a socket, without sending anything, to find out whether there is an IPv6
/// route.
const IPV6_PROBE: &str = "[2001:4860:4860::8888]:443";

/// Makes Chromium write its log and resolve no host: its own background requests fail.
pub fn arguments(folder: &Path) -> Vec<String> {
    vec![
        format!("--log-net-log={}", log(folder).display()),
        "--host-resolver-rules=MAP * ~NOTFOUND".to_owned(),
        "--no-proxy-server".to_owned(),
    ]
}

fn log(folder: &Path) -> std::path::PathBuf {
    folder.join("network.json")
}

/// Asserts that the page made no attempt.
pub fn assert_silent(folder: &Path) {
    let tried = tried(folder);
    assert!(tried.is_empty(), "the network was tried: {tried:#?}");
}

/// Every attempt in the log, except for requests that no page started.
fn tried(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(log(folder)).expect("Chromium writes its log");
    let log: Value = serde_json::from_str(&text).expect("the log is complete");
    let kinds = log["constants"]["logSourceType"].as_object().expect("kinds of sources");
    let kind = |number: &Value| kinds.iter().find(|(_, value)| *value == number).map_or("", |(name, _)| name);
    let mut sources: BTreeMap<u64, String> = BTreeMap::new();
    for event in log["events"].as_array().expect("events") {
        let (kind, parameters) = (kind(&event["source"]["type"]), &event["params"]);
        let by_a_page =
            kind == "URL_REQUEST" && parameters["initiator"].as_str().is_some_and(|by| by != "not an origin");
        if by_a_page || WAYS_OUT.contains(&kind) {
            let source = sources.entry(event["source"]["id"].as_u64().expect("a source has a number")).or_default();
            source.push_str(&format!("{kind} {parameters}\n"));
        }
    }
    sources.into_values().filter(|source| !source.contains(IPV6_PROBE)).collect()
}

/// The log shows a page's attempts: otherwise an empty log would prove nothing.
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
