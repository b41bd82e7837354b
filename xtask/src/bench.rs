//! `cargo xtask bench`: measures how long Airlock takes, compares it with kubeadm and OpenSSL, and shows how the time
//! grows with the cluster's size.

use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use self::settings::{Bench, PAGE, TREES};
use crate::{app, setup, tools};

mod page;
mod page_tasks;
mod process;
mod sets;
mod settings;
mod statistics;
mod trees;

/// Builds all contenders, measures, prints tables and writes `target/bench.json`.
///
/// # Errors
///
/// If an option is unknown, a contender cannot be made, or one fails.
pub fn run(options: &[&str]) -> Result<()> {
    let (only, samples) = parse(options)?;
    tools::run(&[])?;
    let page = app::build(false)?;
    // The page's own measurement does not use the other contenders.
    if only != [PAGE] {
        setup::run(setup::cargo().args(["build", "--locked", "--release", "--package", "airlock-cli"]))?;
    }

    let folder = setup::target_dir().join("bench");
    fs::create_dir_all(folder.join("trees"))?;
    let bench = Bench {
        airlock: setup::target_dir().join("release").join("airlock").with_extension(env::consts::EXE_EXTENSION),
        kubeadm: setup::root().join("target/tools/kubeadm"),
        page,
        meter: process::Meter::new(&folder)?,
        samples,
        folder,
    };
    let is_wanted = |name: &str| only.is_empty() || only.contains(&name);

    let machine = machine(&bench)?;
    println!("\n{}", machine.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n"));
    let mut sets = Vec::new();
    let wanted: Vec<_> = sets::KEY_TYPES.iter().filter(|key_type| is_wanted(key_type.name)).collect();
    if !wanted.is_empty() {
        let browser = airlock_webdriver::Browser::start(&bench.folder)?;
        for key_type in wanted {
            sets.push(sets::measure(&bench, &browser, key_type)?);
        }
    }
    let trees = if is_wanted(TREES) { trees::measure(&bench)? } else { json!([]) };
    let page = if is_wanted(PAGE) { page_tasks::measure(&bench)? } else { json!(null) };

    let machine: serde_json::Map<_, _> =
        machine.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let report = json!({ "format": "airlock-bench/1", "machine": machine, "sets": sets, "trees": trees, "page": page });
    let path = setup::target_dir().join("bench.json");
    fs::write(&path, format!("{report:#}\n")).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("\n{}", path.display());
    Ok(())
}

/// Parses the options into the names of the wanted rows (empty for all) and the number of samples.
fn parse<'a>(options: &[&'a str]) -> Result<(Vec<&'a str>, usize)> {
    let (mut only, mut samples) = (Vec::new(), 5);
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        let mut value = || options.next().with_context(|| format!("{option} wants a value")).copied();
        match option {
            "--only" => only.push(value()?),
            "--samples" => samples = value()?.parse().context("--samples wants a number")?,
            _ => bail!("`cargo xtask bench` has no option `{option}`"),
        }
    }
    for name in &only {
        let known: Vec<_> = sets::KEY_TYPES.iter().map(|key_type| key_type.name).chain([TREES, PAGE]).collect();
        ensure!(known.contains(name), "--only takes {}, not {name}", known.join(", "));
    }
    ensure!(samples > 0, "--samples wants at least 1");
    Ok((only, samples))
}

/// Describes the machine and the versions of the contenders.
fn machine(bench: &Bench) -> Result<Vec<(&'static str, String)>> {
    let line = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(vec![
        ("processor", line("/proc/cpuinfo", "model name")),
        ("cores", cores.to_string()),
        ("memory", line("/proc/meminfo", "MemTotal")),
        ("system", process::output("uname".as_ref(), &["-sr"])?),
        ("OpenSSL", process::output("openssl".as_ref(), &["version"])?),
        ("kubeadm", process::output(&bench.kubeadm, &["version", "--output=short"])?),
        ("browser", process::output("chromium".as_ref(), &["--version"])?),
        ("Rust", process::output("rustc".as_ref(), &["--version"])?),
        ("page", format!("{} bytes", fs::metadata(&bench.page)?.len())),
    ])
}
