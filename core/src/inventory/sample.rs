//! Is the cluster a sample of Airlock's own, to practise on? The names tell.

/// What every name in a sample begins with.
pub const SAMPLE_PREFIX: &str = "sample-";

/// How much of the input belongs to a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleShare {
    /// No part of it.
    #[default]
    None,
    /// Some of it, beside a cluster that is none.
    Part,
    /// All of it.
    All,
}

/// How much of a cluster belongs to a sample, by its name and the names of its nodes.
pub(crate) fn sample_share<'a>(cluster: &'a str, nodes: impl Iterator<Item = &'a str>) -> SampleShare {
    let (marked, others): (Vec<_>, Vec<_>) =
        [cluster].into_iter().chain(nodes).partition(|name| name.starts_with(SAMPLE_PREFIX));
    match (marked.len(), others.len()) {
        // One name alone may be a coincidence.
        (0 | 1, _) => SampleShare::None,
        (_, 0) => SampleShare::All,
        _ => SampleShare::Part,
    }
}
