//! Talos' files: machine configurations and their patches, cluster secrets, and client configurations.
//!
//! Sources: siderolabs/talos: pkg/machinery/config/types (fields), pkg/machinery/config/generate/secrets
//! (`secrets.yaml`), pkg/machinery/client/config (talosconfig), pkg/machinery/config/merge (patches).

mod client;
mod embedded;
mod machine;
mod merge;
pub(crate) mod resource;
mod secrets;

use serde_json::Value;

pub(crate) use self::{
    client::{ClientEdit, edit as edit_client, parse as parse_client},
    embedded::{Embedded, EmbeddedContent},
    machine::{Layout, Machine, MachineRole},
    merge::merge,
    secrets::{Secrets, edit as edit_secrets},
};

use super::kubeconfig::Kubeconfig;

/// A file of Talos, by type.
#[derive(Debug)]
pub(crate) enum TalosFile {
    /// A talosconfig, converted to a kubeconfig: a cluster, a user and a context for each of its contexts.
    Client(Kubeconfig),
    /// A machine configuration.
    Machine(Machine),
    /// `secrets.yaml`.
    Secrets(Secrets),
}

/// Detects and reads one of Talos' files; `None` if the documents are none.
pub(crate) fn read(documents: &[Value]) -> Option<TalosFile> {
    if let Some(machine) = Machine::read(documents) {
        return Some(TalosFile::Machine(machine));
    }
    let [document] = documents else { return None };
    let secrets = || Secrets::read(document).map(TalosFile::Secrets);
    client::read(document).map(TalosFile::Client).or_else(secrets)
}

#[cfg(test)]
mod tests;
