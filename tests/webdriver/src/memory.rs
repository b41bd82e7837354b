//! What the processes of a browser take, as Linux shows it (proc(5)).

use std::fs;

use anyhow::{Context, Result};

/// The largest resident set that any descendant of `ancestor` ever had which runs a page. Bytes.
pub(crate) fn peak(ancestor: u32) -> Result<u64> {
    let mut family = vec![ancestor];
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

/// A process of this machine.
struct Process {
    id: u32,
    parent: u32,
    arguments: String,
    /// Bytes.
    peak_memory: u64,
}

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
