//! Measures how long each contender takes to generate the keys and certificates of one control-plane node: two CAs,
//! three serving certificates and four client certificates.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use airlock_webdriver::Browser;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{
    page::{self, Timing},
    process::Usage,
    settings::{Bench, load},
    statistics::{Series, rounded},
};

/// The number of keys in a set.
const KEYS: u64 = 9;

/// A key type, with its name in each contender.
pub struct KeyType {
    /// Airlock's name for it.
    pub name: &'static str,
    /// kubeadm's name for it (`encryptionAlgorithm`).
    kubeadm: &'static str,
    /// The target for the page's time, as a fraction of the OpenSSL script's; `None` if there is no target.
    page_goal: Option<f64>,
    /// The fraction of the requested samples that is measured. Slow key types get fewer.
    share: f64,
}

/// The measured key types. The targets are the project's own.
pub const KEY_TYPES: [KeyType; 3] = [
    KeyType { name: "rsa-2048", kubeadm: "RSA-2048", page_goal: Some(0.7), share: 1.0 },
    KeyType { name: "rsa-4096", kubeadm: "RSA-4096", page_goal: None, share: 0.6 },
    KeyType { name: "ecdsa-p256", kubeadm: "ECDSA-P256", page_goal: Some(0.2), share: 1.0 },
];

/// All measurements, in the order of a round. Rows that are not contenders show parts of a contender's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    OpenSsl,
    Kubeadm,
    CommandLine,
    Page,
    OpenSslKeys,
    KubeadmStart,
    CommandLineWithoutKeys,
    PageKeys,
}

impl Row {
    const ALL: [Self; 8] = [
        Self::OpenSsl,
        Self::Kubeadm,
        Self::CommandLine,
        Self::Page,
        Self::OpenSslKeys,
        Self::KubeadmStart,
        Self::CommandLineWithoutKeys,
        Self::PageKeys,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::OpenSsl => "OpenSSL script",
            Self::Kubeadm => "kubeadm",
            Self::CommandLine => "Airlock, command line",
            Self::Page => "Airlock, page",
            Self::OpenSslKeys => "  OpenSSL: its nine keys alone",
            Self::KubeadmStart => "  kubeadm: starting it nine times",
            Self::CommandLineWithoutKeys => "  command line: with no key to make",
            Self::PageKeys => "  page: until the last key",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::Kubeadm => "kubeadm",
            Self::CommandLine => "command-line",
            Self::Page => "page",
            Self::OpenSslKeys => "openssl-keys",
            Self::KubeadmStart => "kubeadm-start",
            Self::CommandLineWithoutKeys => "command-line-without-keys",
            Self::PageKeys => "page-keys",
        }
    }
}

/// The measurements of a row.
#[derive(Default)]
struct Measured {
    wall: Series,
    /// Empty for rows that are a part of the page's time.
    cpu: Series,
}

/// Measures a key type, prints its table and returns its part of the JSON report.
pub fn measure(bench: &Bench, browser: &Browser, key_type: &KeyType) -> Result<Value> {
    let folder = bench.folder.join(key_type.name);
    let cluster = bench.script("cluster.sh");
    let kubeadm = bench.kubeadm.as_os_str();
    bench.meter.run(&cluster, &[kubeadm, key_type.kubeadm.as_ref(), folder.as_os_str()])?;

    let samples = ((bench.samples as f64 * key_type.share).ceil() as usize).max(1);
    let mut rows: Vec<(Row, Measured)> = Row::ALL.into_iter().map(|row| (row, Measured::default())).collect();
    let load_before = load();
    // Round 0 is a warm-up: it fills the file cache and the browser's code cache.
    for round in 0..=samples {
        for at in 0..rows.len() {
            let row = rows[at].0;
            let (wall, cpu) = match row {
                Row::Page => {
                    let Timing { make, keys, cpu, count, .. } =
                        page::rotate(browser, &bench.page, &folder.join("cp1.tar"), false)?;
                    ensure!(count == KEYS, "the page made {count} keys, not {KEYS}");
                    if round > 0 {
                        rows.last_mut().expect("Invariant: PageKeys").1.wall.0.push(keys);
                    }
                    (make, Some(cpu))
                }
                Row::PageKeys => continue,
                _ => {
                    let Usage { wall, cpu, .. } = program(bench, key_type, &folder, row)?;
                    (wall, Some(cpu))
                }
            };
            if round > 0 {
                let measured = &mut rows[at].1;
                measured.wall.0.push(wall);
                measured.cpu.0.extend(cpu);
            }
        }
    }
    let load_after = load();

    let median = |wanted: Row| {
        rows.iter().find(|(row, _)| *row == wanted).map_or(f64::NAN, |(_, measured)| measured.wall.median())
    };
    let (openssl, kubeadm) = (median(Row::OpenSsl), median(Row::Kubeadm));
    println!("\n{}, {samples} samples, load {load_before} to {load_after}", key_type.kubeadm);
    println!(
        "{:<36} {:>9} {:>19} {:>19} {:>9} {:>10} {:>10}",
        "", "median", "quartiles", "extremes", "CPU", "/ OpenSSL", "/ kubeadm"
    );
    for (row, Measured { wall, cpu }) in &rows {
        let cpu = if cpu.0.is_empty() { "–".to_owned() } else { format!("{:.2} s", cpu.median()) };
        println!(
            "{:<36} {:>7.3} s {:>8.3} – {:>8.3} {:>8.3} – {:>8.3} {cpu:>9} {:>10.2} {:>10.2}",
            row.title(),
            wall.median(),
            wall.quantile(0.25),
            wall.quantile(0.75),
            wall.quantile(0.0),
            wall.quantile(1.0),
            wall.median() / openssl,
            wall.median() / kubeadm,
        );
    }
    let mut goals = vec![("command line ahead of kubeadm", 1.0, median(Row::CommandLine) / kubeadm)];
    if let Some(goal) = key_type.page_goal {
        goals.push(("page against the OpenSSL script", goal, median(Row::Page) / openssl));
    }
    for (goal, limit, ratio) in &goals {
        let verdict = if ratio <= limit { "met" } else { "missed" };
        println!("goal {verdict}: {goal}, at most {limit}: {ratio:.2}");
    }

    let rows: Vec<Value> = rows
        .iter()
        .map(|(row, Measured { wall, cpu })| {
            json!({
                "row": row.id(),
                "seconds": wall.json(),
                "cpu_seconds": if cpu.0.is_empty() { Value::Null } else { cpu.json() },
                "ratio_to_openssl": rounded(wall.median() / openssl),
                "ratio_to_kubeadm": rounded(wall.median() / kubeadm),
            })
        })
        .collect();
    let goals: Vec<Value> = goals
        .iter()
        .map(|(goal, limit, ratio)| json!({ "goal": goal, "at_most": limit, "is": rounded(*ratio), "met": ratio <= limit }))
        .collect();
    Ok(json!({
        "key_type": key_type.name,
        "samples": samples,
        "load": [load_before, load_after],
        "rows": rows,
        "goals": goals,
    }))
}

/// Runs a row that is a program, with an empty output folder.
fn program(bench: &Bench, key_type: &KeyType, folder: &Path, row: Row) -> Result<Usage> {
    let out = folder.join("out");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let out = out.as_os_str();
    let text = OsStr::new;
    let run = |program: PathBuf, arguments: &[&OsStr]| bench.meter.run(&program, arguments);
    match row {
        Row::OpenSsl => run(bench.script("openssl.sh"), &[text(key_type.name), out]),
        Row::OpenSslKeys => run(bench.script("openssl.sh"), &[text("--keys"), text(key_type.name), out]),
        Row::Kubeadm => run(bench.script("kubeadm.sh"), &[bench.kubeadm.as_os_str(), text(key_type.kubeadm), out]),
        Row::KubeadmStart => {
            let once = run(bench.kubeadm.clone(), &[text("version"), text("--output=short")])?;
            let times = KEYS as f64;
            Ok(Usage { wall: once.wall * times, cpu: once.cpu * times, peak_memory: once.peak_memory })
        }
        Row::CommandLine => {
            run(bench.airlock.clone(), &[text("package"), folder.join("cp1").as_os_str(), text("--out"), out])
        }
        Row::CommandLineWithoutKeys => {
            let (tree, brought) = (folder.join("cp1"), folder.join("brought"));
            let mut arguments = vec![text("package"), tree.as_os_str(), text("--keep-keys")];
            let rows = [
                ("--ca-cert", "ca.crt"),
                ("--ca-key", "ca.key"),
                ("--front-proxy-ca-cert", "front-proxy-ca.crt"),
                ("--front-proxy-ca-key", "front-proxy-ca.key"),
            ];
            let rows = rows.map(|(option, file)| (option, brought.join(file)));
            for (option, file) in &rows {
                arguments.extend([text(option), file.as_os_str()]);
            }
            arguments.extend([text("--out"), out]);
            run(bench.airlock.clone(), &arguments)
        }
        Row::Page | Row::PageKeys => {
            unreachable!("Invariant: the browser runs those")
        }
    }
}
