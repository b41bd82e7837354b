//! What the processes of a browser take, as Linux shows it (proc(5)).

use std::fs;

use anyhow::{Context, Result};

/// Ticks in a second, in which Linux counts processor time for programs (proc(5), USER_HZ).
const TICKS: f64 = 100.0;

/// A process of this machine.
pub(crate) struct Process {
    id: u32,
    parent: u32,
    arguments: String,
    /// Bytes.
    peak_memory: u64,
    /// Time on a core, in ticks.
    ticks: u64,
}

/// The largest resident set that any of these ever had which runs a page. Bytes.
pub(crate) fn peak_memory(family: &[Process]) -> u64 {
    let pages = family.iter().filter(|process| process.arguments.contains("--type=renderer"));
    pages.map(|process| process.peak_memory).max().unwrap_or_default()
}

/// What these have taken of all cores until now. Seconds, in hundredths.
pub(crate) fn cpu(family: &[Process]) -> f64 {
    family.iter().map(|process| process.ticks as f64 / TICKS).sum()
}

/// A process and what it started.
pub(crate) fn family(ancestor: u32) -> Result<Vec<Process>> {
    let mut others = processes()?;
    let mut family: Vec<Process> = Vec::new();
    let belongs = |process: &Process, family: &[Process]| {
        process.id == ancestor || family.iter().any(|parent| parent.id == process.parent)
    };
    while let Some(at) = others.iter().position(|process| belongs(process, &family)) {
        family.push(others.swap_remove(at));
    }
    Ok(family)
}

/// Every process.
fn processes() -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("what processes take is only measured on Linux")? {
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
        // Past the program's name, which may hold anything, the 12th and 13th field.
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        found.push(Process {
            id,
            ticks,
            parent: u32::try_from(field("PPid:")).unwrap_or_default(),
            arguments: String::from_utf8_lossy(&arguments).into_owned(),
            peak_memory: field("VmHWM:") * 1024,
        });
    }
    Ok(found)
}
