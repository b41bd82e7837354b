//! The resource usage of a browser's processes on Linux (proc(5)).

use std::fs;

use anyhow::{Context, Result};

/// Clock ticks per second in which Linux reports processor time (proc(5), USER_HZ).
const TICKS: f64 = 100.0;

/// A process of this machine.
pub(crate) struct Process {
    id: u32,
    parent: u32,
    arguments: String,
    /// The largest resident set size, in bytes.
    peak_memory: u64,
    /// Processor time, in ticks.
    ticks: u64,
}

/// The largest resident set size of those processes that run a page, in bytes.
pub(crate) fn peak_memory(family: &[Process]) -> u64 {
    let pages = family.iter().filter(|process| process.arguments.contains("--type=renderer"));
    pages.map(|process| process.peak_memory).max().unwrap_or_default()
}

/// The CPU time of all these processes so far. In seconds, with a resolution of 0.01.
pub(crate) fn cpu(family: &[Process]) -> f64 {
    family.iter().map(|process| process.ticks as f64 / TICKS).sum()
}

/// A process and its descendants.
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

/// All processes.
fn processes() -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("what processes take is only measured on Linux")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        // The process may have ended meanwhile.
        let (Ok(status), Ok(arguments)) = (fs::read_to_string(path.join("status")), fs::read(path.join("cmdline")))
        else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
        };
        // The 12th and 13th field after the program's name, which may contain any characters.
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
