//! Icons: one stroke width, in a square of 16 units, always with a text or a label.

use yew::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Next step.
    Arrow,
    /// Previous step.
    Back,
    /// Done.
    Check,
    /// Copy to the clipboard.
    Copy,
    /// Dark and light colours.
    Contrast,
    /// Download.
    Down,
    /// An error.
    Error,
    /// A file.
    File,
    /// A fact.
    Info,
    /// A private key.
    Key,
    /// A job in progress.
    Loop,
    /// Opens what follows.
    Next,
    /// No network.
    Offline,
    /// A good result.
    Ok,
    /// A pause.
    Pause,
    /// A node.
    Server,
    /// Undo.
    Undo,
    /// Load files.
    Up,
    /// A warning.
    Warning,
    /// Remove.
    X,
}

/// The icon. Screen readers skip it.
pub fn icon(icon: Icon) -> Html {
    html! { <svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d={path(icon)} /></svg> }
}

/// The icon of a section that can be opened.
pub fn chevron() -> Html {
    html! { <svg class="i chev" viewBox="0 0 16 16" aria-hidden="true"><path d={path(Icon::Next)} /></svg> }
}

fn path(icon: Icon) -> &'static str {
    match icon {
        Icon::Arrow => "M2.5 8h11M9.5 4l4 4-4 4",
        Icon::Back => "M13.5 8h-11M6.5 4l-4 4 4 4",
        Icon::Check => "M3 8.5 6.5 12 13 4.5",
        Icon::Contrast => "M8 1.75a6.25 6.25 0 1 0 .01 0M8 2v12M10.500 3v10M12.8 5v6",
        Icon::Copy => {
            "M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5zM10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5"
        }
        Icon::Down => "M8 2.500v8M4.5 7.300 8 10.800l3.5-3.500M2.5 10v3.500h11V10",
        Icon::Error => "M8 1.750a6.250 6.250 0 1 0 .01 0M8 4.800v4M8 11h.01",
        Icon::File => "M9 1.800H4.200v12.400h7.600V4.600zM9 1.800v2.800h2.800",
        Icon::Info => "M8 1.750a6.250 6.250 0 1 0 .01 0M8 7.400v3.400M8 5.200h.01",
        Icon::Key => "M5 8.300a2.700 2.700 0 1 0 .01 0M7 9l6-6M10.200 5.800l2 2M12 4l1.500 1.500",
        Icon::Loop => {
            "M13.500 8a5.500 5.500 0 0 1-10 3.200M2.500 8a5.500 5.500 0 0 1 10-3.200M12.700 2v3h-3M3.300 14v-3h3"
        }
        Icon::Next => "m6 3.500 4.500 4.500L6 12.500",
        Icon::Offline => {
            "M2 2l12 12M4.500 9.500a5 5 0 0 1 3-1.400M10.500 9a5 5 0 0 1 1 .6M2.200 7a8.300 8.300 0 0 1 2.600-1.600M7.500 4.600A8.300 8.300 0 0 1 13.800 7M8 12.500h.01"
        }
        Icon::Ok => "M8 1.750a6.250 6.250 0 1 0 .01 0M5.200 8.200l2 2 3.600-4",
        Icon::Pause => "M5.500 3.500v9M10.500 3.500v9",
        Icon::Server => "M3 2.500h10v4.800H3zM3 8.700h10v4.800H3zM5.200 4.900h.01M5.200 11.100h.01",
        Icon::Undo => "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M5.800 3.500 3 6.500l2.800 3",
        Icon::Up => "M8 10.500v-8M4.500 5.700 8 2.200l3.500 3.500M2.500 10v3.500h11V10",
        Icon::Warning => "M8 2.200 14.500 13.500h-13zM8 6.500v3M8 11.600h.01",
        Icon::X => "m4 4 8 8M12 4l-8 8",
    }
}
