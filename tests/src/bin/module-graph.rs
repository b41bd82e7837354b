//! `cargo xtask graph`: prints which modules import which.

use airlock_tests::structure::Graph;

fn main() {
    let sources: Vec<String> = std::env::args().skip(1).collect();
    for source in sources {
        let graph = Graph::of(&source);
        let cycles = graph.cycles();
        println!("{source}\n{}", graph.top());
        match cycles.is_empty() {
            true => println!("no cycles\n"),
            false => println!("cycles, and the paths between them:\n{cycles}"),
        }
    }
}
