//! Measures inspecting large clusters and building their packages with kept keys.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use airlock_webdriver::Browser;
use anyhow::Result;
use serde_json::{Value, json};

use super::{
    page,
    process::Usage,
    settings::{Bench, load},
    statistics::{Series, rounded},
};
use crate::setup;

/// The number of nodes of a cluster.
struct Shape {
    control_planes: usize,
    workers: usize,
}

/// The measured clusters: typical ones, and ones in which every node is a control-plane node, which have the most files
/// per node.
const SHAPES: [Shape; 5] = [
    Shape { control_planes: 3, workers: 7 },
    Shape { control_planes: 3, workers: 97 },
    Shape { control_planes: 3, workers: 997 },
    Shape { control_planes: 10, workers: 0 },
    Shape { control_planes: 100, workers: 0 },
];

/// The number of runs for each.
const RUNS: usize = 3;

/// Time and memory of one program for one cluster.
#[derive(Default)]
struct Measured {
    wall: Series,
    cpu: Series,
    memory: Series,
}

impl Measured {
    fn add(&mut self, usage: Usage) {
        self.wall.0.push(usage.wall);
        self.cpu.0.push(usage.cpu);
        self.memory.0.push(usage.peak_memory as f64);
    }

    fn json(&self, nodes: f64) -> Value {
        json!({
            "seconds": self.wall.json(),
            "cpu_seconds": if self.cpu.0.is_empty() { Value::Null } else { self.cpu.json() },
            "peak_memory_bytes": self.memory.json(),
            "milliseconds_per_node": rounded(self.wall.median() * 1e3 / nodes),
            "kilobytes_per_node": rounded(self.memory.median() / 1e3 / nodes),
        })
    }
}

/// Runs all measurements, prints the table and returns their part of the JSON report.
pub fn measure(bench: &Bench) -> Result<Value> {
    let load_before = load();
    println!("\nLarge clusters with kept keys, medians of {RUNS} runs");
    println!(
        "{:<24} {:<22} {:>9} {:>9} {:>11} {:>9} {:>12}",
        "nodes", "", "time", "CPU", "per node", "memory", "per node"
    );
    let mut clusters = Vec::new();
    for shape in SHAPES {
        clusters.push(cluster(bench, &shape)?);
    }
    println!("load {load_before} to {}", load());
    Ok(Value::Array(clusters))
}

fn cluster(bench: &Bench, Shape { control_planes, workers }: &Shape) -> Result<Value> {
    let (tree, archive) = made(bench, *control_planes, *workers)?;
    let nodes = (control_planes + workers) as f64;
    let out = bench.folder.join("out.zip");
    let text = OsStr::new;
    let (tree_text, out_text) = (tree.as_os_str(), out.as_os_str());
    let (mut inspected, mut packaged) = (Measured::default(), Measured::default());
    let (mut page_inspected, mut page_packaged) = (Measured::default(), Measured::default());
    for _ in 0..RUNS {
        inspected.add(bench.meter.run(&bench.airlock, &[text("inspect"), tree_text])?);
        let package = [text("package"), tree_text, text("--keep-keys"), text("--out"), out_text];
        packaged.add(bench.meter.run(&bench.airlock, &package)?);

        // A new browser for each cluster, because its peak memory counts from its start.
        let browser = Browser::start(&bench.folder)?;
        let timing = page::rotate(&browser, &bench.page, &archive, true)?;
        let memory = browser.peak_memory()? as f64;
        page_inspected.wall.0.push(timing.inspect);
        page_packaged.wall.0.push(timing.inspect + timing.plan + timing.make);
        page_packaged.memory.0.push(memory);
    }
    let size = fs::metadata(&archive)?.len();
    let mut title = format!("{nodes} ({control_planes} control planes)");
    for (what, measured) in [
        ("command line: inspect", &inspected),
        ("command line: package", &packaged),
        ("page: inspect", &page_inspected),
        ("page: package", &page_packaged),
    ] {
        let or_dash = |series: &Series, text: String| if series.0.is_empty() { "–".to_owned() } else { text };
        println!(
            "{title:<24} {what:<22} {:>7.2} s {:>9} {:>8.2} ms {:>9} {:>12}",
            measured.wall.median(),
            or_dash(&measured.cpu, format!("{:.2} s", measured.cpu.median())),
            measured.wall.median() * 1e3 / nodes,
            or_dash(&measured.memory, format!("{:.0} MB", measured.memory.median() / 1e6)),
            or_dash(&measured.memory, format!("{:.0} kB", measured.memory.median() / 1e3 / nodes)),
        );
        title.clear();
    }
    Ok(json!({
        "control_planes": control_planes,
        "workers": workers,
        "archive_bytes": size,
        "package_bytes": fs::metadata(&out)?.len(),
        "command_line": { "inspect": inspected.json(nodes), "package": packaged.json(nodes) },
        "page": { "inspect": page_inspected.json(nodes), "package": page_packaged.json(nodes) },
    }))
}

/// Returns a cluster's trees and their archive; creates them if they do not exist.
pub fn made(bench: &Bench, control_planes: usize, workers: usize) -> Result<(PathBuf, PathBuf)> {
    let tree = bench.folder.join("trees").join(format!("{control_planes}-{workers}"));
    let archive = tree.with_extension("tar");
    if !archive.exists() {
        make(bench, control_planes, workers, &tree, &archive)?;
    }
    Ok((tree, archive))
}

/// Creates a cluster's trees and the archive for the page. Later runs reuse them.
fn make(bench: &Bench, control_planes: usize, workers: usize, tree: &Path, archive: &Path) -> Result<()> {
    println!("making the trees of {control_planes} control planes and {workers} workers");
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    let (counts, text) = ([control_planes.to_string(), workers.to_string()], OsStr::new);
    bench.meter.run(&bench.script("trees.sh"), &[text(&counts[0]), text(&counts[1]), tree.as_os_str()])?;
    let partial = archive.with_extension("partial");
    setup::run(std::process::Command::new("tar").arg("-C").arg(tree).arg("-cf").arg(&partial).arg("."))?;
    Ok(fs::rename(partial, archive)?)
}
