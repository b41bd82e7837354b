//! `cargo xtask graph`: prints which modules import which.

use airlock_tests::structure::Graph;

fn main() {
    let sources: Vec<String> = std::env::args().skip(1).collect();
    for source in sources {
        let graph = Graph::of(&source);
        let circles = graph.circles();
        println!("{source}\n{}", graph.top());
        match circles.is_empty() {
            true => println!("no circles\n"),
            false => println!("circles, and what lies between them:\n{circles}"),
        }
    }
}
