//! Inspection of files that belong to other programs, other platforms or other clusters.

mod clusters;
mod foreign;
mod immutable;
mod keystores;
mod node_pods;
mod objects;
mod platforms;
mod writers;
