//! The sources have one direction: no module imports a module that imports it, and the core's modules have a declared
//! order.

use airlock_tests::structure::Graph;

/// The modules of the core; each may import those before it.
const ORDER: [&str; 18] = [
    "time",
    "text",
    "finding",
    "input",
    "x509",
    "formats",
    "profile",
    "inventory",
    "plan",
    "mint",
    "render",
    "simulate",
    "report",
    "package",
    "sample",
    "check",
    "prepare",
    "faults",
];

#[test]
fn the_core_s_modules_stand_in_an_order() {
    let graph = Graph::of("core/src").top();
    let place = |module: &str| ORDER.iter().position(|name| *name == module);
    let mut wrong = Vec::new();
    for (module, imports) in graph.imports().filter(|(module, _)| !module.is_empty()) {
        let own = place(module).unwrap_or_else(|| panic!("{module} has no place in the order"));
        let upward = imports.iter().filter(|other| place(other).is_none_or(|other| other >= own));
        wrong.extend(upward.map(|other| format!("{module} imports {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_imports_what_imports_it() {
    for source in ["core/src", "frontend/src", "cli/src", "tests/src", "xtask/src"] {
        let cycles = Graph::of(source).cycles();
        assert!(cycles.is_empty(), "{source}:\n{cycles}");
    }
}
