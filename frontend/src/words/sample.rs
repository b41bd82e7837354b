//! Sample clusters.

use airlock_core::sample::Share;

/// Over the choice.
pub const TITLE: &str = "Try a sample";
/// What it is.
pub const INTRODUCTION: &str =
    "Generates a fictitious cluster with freshly generated keys so you can try every step, including the download.";
/// The button's beginning, for screen readers.
pub const MAKE: &str = "Load a sample of";
/// While it is generated.
pub const MAKING: &str = "Generating a sample cluster …";
/// The button that ends it.
pub const END: &str = "Exit sample";
/// The chip.
pub const CHIP: &str = "SAMPLE";
/// The bar, for screen readers.
pub const LABEL: &str = "Sample";

/// The bar as long as a sample is loaded; empty where none is.
pub fn banner(share: Share) -> &'static str {
    match share {
        Share::Nothing => "",
        Share::Something => {
            "Sample files and other files are loaded together. Remove one of them: a package of both fits no cluster."
        }
        Share::Everything => "This cluster does not exist: its keys were just generated and protect nothing.",
    }
}

/// In the tab's title.
pub fn title(share: Share) -> &'static str {
    if share == Share::Nothing { "" } else { "Sample: " }
}
