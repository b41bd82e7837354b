//! Sample clusters.

use airlock_core::inventory::SampleShare;

/// The label of the choice.
pub const TITLE: &str = "Try a sample";
/// The option's title.
pub const INTRODUCTION: &str =
    "Generates a fictitious cluster with freshly generated keys so you can try every step, including the download.";
/// The first words of the button, for screen readers.
pub const MAKE: &str = "Load a sample of";
/// The text while it is generated.
pub const MAKING: &str = "Generating a sample cluster …";
/// The button that ends it.
pub const END: &str = "Exit sample";
/// The chip.
pub const CHIP: &str = "SAMPLE";
/// The bar, for screen readers.
pub const LABEL: &str = "Sample";

/// The bar while a sample is loaded; otherwise empty.
pub fn banner(share: SampleShare) -> &'static str {
    match share {
        SampleShare::None => "",
        SampleShare::Part => {
            "Sample files and other files are loaded together. Remove one of them: a package of both fits no cluster."
        }
        SampleShare::All => "This cluster does not exist: its keys were just generated and protect nothing.",
    }
}

/// In the tab's title.
pub fn title(share: SampleShare) -> &'static str {
    if share == SampleShare::None { "" } else { "Sample: " }
}
