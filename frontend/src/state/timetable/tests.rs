//! Rows of a plan, and its restarts and changes.

use super::*;

fn edit(target: &str, before: &str, after: &str) -> EditReport {
    EditReport { target: target.to_owned(), before: before.to_owned(), after: after.to_owned(), output: String::new() }
}

fn report(id: &str, holder: &str, title: &str, edits: Vec<EditReport>, restarts: &[&str]) -> StepReport {
    StepReport {
        id: id.to_owned(),
        phase: id[..1].parse().unwrap(),
        holder: holder.to_owned(),
        title: title.to_owned(),
        edits,
        restarts: restarts.iter().map(|&name| name.to_owned()).collect(),
        gate: "its API server accepts both".to_owned(),
        commands: airlock_core::report::StepCommands::default(),
    }
}

fn plan() -> PlanReport {
    let files = |more: &[&str]| {
        let all = ["/ca.crt"].iter().chain(more).map(|path| edit(path, "old CA", "old CA, new CA"));
        all.collect::<Vec<_>>()
    };
    let kubelet = &["kubelet"][..];
    PlanReport {
        package: "one".to_owned(),
        intent: airlock_core::plan::Intent::Rotate,
        authorities: vec![],
        keys: vec![],
        steps: vec![
            report("1-freeze", "cluster", "Freeze changes", vec![edit("Do not upgrade", "", "")], &[]),
            report("1-cp1", "cp1", "Make cp1 accept both CAs", files(&["/super-admin.conf"]), kubelet),
            report("1-cp2", "cp2", "Make cp2 accept both CAs", files(&[]), kubelet),
            report("1-workers", "workers", "Make every worker accept both CAs", files(&[]), kubelet),
            report("1-pods", "cluster", "Restart pods", vec![], &[]),
            report("2-cp1", "cp1", "Make cp1 accept both CAs", files(&[]), kubelet),
        ],
        findings: vec![],
        acknowledged: vec![],
    }
}

#[test]
fn the_same_on_several_nodes_is_one_row() {
    let rows = steps(&plan());
    let shown: Vec<_> = rows.iter().map(|row| (row.first, row.last, row.holders.len(), row.files())).collect();
    assert_eq!(shown, [(1, 1, 1, 0), (2, 3, 2, 3), (4, 4, 1, 1), (5, 5, 1, 0), (6, 6, 1, 1)]);
    assert_eq!(rows[1].title, "Make \u{0} accept both CAs");
    assert_eq!(rows[1].place, Where::Nodes(vec!["cp1".to_owned(), "cp2".to_owned()]));
    assert_eq!(rows[1].changes[1].holders, ["cp1"], "one of them has a file more");
    assert_eq!(rows[0].instructions, ["Do not upgrade"]);
}

#[test]
fn restarts_and_changes_are_counted() {
    let costs = costs(&plan());
    assert_eq!((costs.restarts, costs.changes, costs.nodes, costs.workers, costs.phases), (4, 5, 2, true, 2));
    assert_eq!(costs.pod_steps, [5]);
    let all = restarts(&plan());
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].0.as_str(), &all[0].1.control_plane), ("kubelet", &BTreeMap::from([(1, 1), (2, 1)])));
    assert_eq!(all[0].1.workers, BTreeMap::from([(1, 1)]));
}
