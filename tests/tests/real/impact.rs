//! The cost of a rotation, as plan and runbook state it.

use airlock_core::plan::RotationRequest;
use airlock_tests::{
    fixtures,
    rotation::{CASES, Case, Rotation},
};

/// A section of a runbook.
fn section<'a>(runbook: &'a str, title: &str) -> &'a str {
    let start = runbook.find(&format!("## {title}\n")).unwrap_or_else(|| panic!("no section {title}\n{runbook}"));
    let rest = &runbook[start + 3..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The maintenance window comes before the first phase, with a range for each part, computed from the steps.
#[test]
fn the_maintenance_window_stands_at_the_top_of_the_runbook() {
    for case in CASES {
        let rotation = case.rotation();
        let runbook = rotation.text("RUNBOOK.md");
        let [window, phases] = ["## Maintenance window", "## Phase 1"].map(|title| runbook.find(title));
        assert!(window.is_some() && window < phases, "{}", case.name);
        let window = section(&runbook, "Maintenance window");
        for words in
            ["Expected length: ", "for each worker", "for each ten workloads", "with 20 workers and 100 workloads"]
        {
            assert!(window.contains(words), "{}: {words}\n{window}", case.name);
        }
        for phase in ["trust both", "switch", "drop old"] {
            assert!(window.contains(&format!("| {phase} | ")), "{}: {phase}\n{window}", case.name);
        }
    }
    let length = |name: &str| {
        let runbook = Case::named(name).rotation().text("RUNBOOK.md");
        let line =
            section(&runbook, "Maintenance window").lines().find(|line| line.contains("Expected")).map(str::to_owned);
        line.expect("it says how long")
    };
    assert_ne!(length("rsa-1"), length("rsa-3"), "three nodes take longer than one");
}

/// The Kubernetes documentation says that a cluster with one API server is unavailable while it restarts. In this plan
/// no step restarts it.
#[test]
fn a_runbook_for_one_api_server_says_what_is_unavailable() {
    let runbook = Case::named("rsa-1").rotation().text("RUNBOOK.md");
    let unavailable = section(&runbook, "What is unavailable, and when");
    assert!(unavailable.contains("This cluster has one API server, and no step restarts it"), "{unavailable}");
    let restarts = "kube-controller-manager and kube-scheduler restart in 1-cp1, 2-cp1, 3-cp1.";
    assert!(unavailable.contains(restarts), "{unavailable}");
    assert!(unavailable.contains("There is one of each here"), "{unavailable}");
    assert!(unavailable.contains("does not use the eviction API"), "{unavailable}");
    let runbook = Case::named("rsa-3").rotation().text("RUNBOOK.md");
    let unavailable = section(&runbook, "What is unavailable, and when");
    assert!(unavailable.contains("No step restarts an API server"), "{unavailable}");
    assert!(!unavailable.contains("one API server"), "{unavailable}");
}

/// Every runbook of a control plane on nodes says how to restore its backup.
#[test]
fn a_runbook_says_how_a_backup_is_restored() {
    let runbook = Case::named("rsa-1").rotation().text("RUNBOOK.md");
    let restore = section(&runbook, "Restore a backup");
    for words in ["etcdutl snapshot restore", "tar -xpf node.tar", "No script uses it"] {
        assert!(restore.contains(words), "{words}\n{restore}");
    }
    assert!(runbook.contains("### 1-cp1-backup: Back up cp1"), "{runbook}");
}

/// Cluster API is paused directly before the first control-plane node changes, until the new pairs are installed. The
/// plan states the cost of the pause and when workers may be scaled.
#[test]
fn a_pause_of_cluster_api_says_what_it_costs_and_where_workers_may_be_scaled() {
    let given = Case::named("rsa-3").rotation();
    let alone = Rotation::of(fixtures::files("cluster-api/two"), &RotationRequest::default(), "impact-alone");
    for (rotation, backup, first) in
        [(given, "1-cp3-backup", "1-cp1"), (&alone, "1-control-plane-backup", "1-control-plane")]
    {
        let steps = &rotation.plan.steps;
        let at = |id: &str| steps.iter().position(|step| step.id == id).unwrap_or_else(|| panic!("no step {id}"));
        assert_eq!((at(backup) + 1, at(first)), (at("1-pause"), at("1-pause") + 1));
        assert!(at("3-authorities") < at("3-resume") && at("3-resume") < at("3-roll-out-control-plane"));
        let text = &steps[at("1-pause")].edits[0].target;
        let last_of = |phase: u8| steps.iter().rfind(|step| step.phase == phase).map(|step| step.id.as_str());
        let next = &steps[at(last_of(1).expect("phase 1 has steps")) + 1].id;
        for words in [
            "neither scales nor upgrades".to_owned(),
            "MachineHealthChecks repair nothing until 3-health-checks".to_owned(),
            format!("between steps {} and {next}", last_of(1).expect("phase 1 has steps")),
            "between steps 2-everyone and 3-authorities".to_owned(),
        ] {
            assert!(text.contains(&words), "{words}\n{text}");
        }
        let runbook = rotation.text("RUNBOOK.md");
        assert!(runbook.contains(text), "the runbook says the same");
        let scaling = section(&runbook, "Scaling workers while Cluster API is paused");
        for words in ["cluster.x-k8s.io/paused=airlock", r#"{"spec":{"paused":false}}"#, r#"{"spec":{"paused":true}}"#]
        {
            assert!(scaling.contains(words), "{words}\n{scaling}");
        }
    }
}
