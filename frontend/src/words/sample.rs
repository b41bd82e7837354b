//! Sample clusters to practise on.

use airlock_core::sample::Share;

/// Over the choice.
pub const TITLE: &str = "Try it with a sample";
/// What it is.
pub const INTRODUCTION: &str = "A cluster that does not exist, made up in this page: control plane, workers, a person's kubeconfig, \
    with real keys and certificates that are new each time. Practise the whole way with it, through to the package.";
/// The button's beginning, for those who listen.
pub const MAKE: &str = "Try it with a sample of";
/// While it is made.
pub const MAKING: &str = "Making up a sample cluster …";
/// The button that ends it.
pub const END: &str = "End the practice";

/// What is said at the top as long as a sample is there; empty where none is.
pub fn banner(share: Share) -> &'static str {
    match share {
        Share::Nothing => "",
        Share::Something => {
            "Sample files are among what is loaded. Remove them, or the real ones: a package of both would fit nobody."
        }
        Share::Everything => {
            "This is a sample. No such cluster exists; its keys were made up in this page a moment ago, and protect nothing."
        }
    }
}

/// In the tab's title.
pub fn title(share: Share) -> &'static str {
    if share == Share::Nothing { "" } else { "Sample: " }
}
