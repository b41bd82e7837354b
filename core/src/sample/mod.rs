//! Sample clusters for practice: fictitious clusters with real, newly generated keys and certificates.
//!
//! A sample is processed like any other input. Its names begin with `sample-`, so every name in the resulting package
//! is marked. A further platform is a row of [`SAMPLES`] with a function that adds its files.

mod cluster_api;
mod file;
mod kamaji;
mod kubeadm;
mod maker;
mod talos;

use zeroize::Zeroizing;

pub use self::file::SampleFile;

use self::maker::Maker;
use crate::{
    inventory::{SAMPLE_PREFIX, SampleShare, sample_share},
    package::zip,
    profile::{self, KAMAJI, KUBEADM, Profile, STARLINGX, TALOS},
    report::InventoryReport,
    time::UnixTime,
    x509::{KeyAlgorithm, PrivateKey},
};

/// All samples, in the order in which user interfaces list them.
pub const SAMPLES: &[Sample] = &[
    Sample { id: "kubeadm", title: "kubeadm", platform: KUBEADM.id, lay_out: kubeadm::lay_out },
    Sample { id: "cluster-api", title: "Cluster API", platform: KUBEADM.id, lay_out: cluster_api::lay_out },
    Sample { id: "starlingx", title: "StarlingX", platform: STARLINGX.id, lay_out: kubeadm::lay_out },
    Sample { id: "talos", title: "Talos", platform: TALOS.id, lay_out: talos::lay_out },
    Sample { id: "kamaji", title: "Kamaji", platform: KAMAJI.id, lay_out: kamaji::lay_out },
];

/// A sample cluster.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// Its id in messages; the cluster's name is [`SAMPLE_PREFIX`] and the id.
    pub id: &'static str,
    /// The display name.
    pub title: &'static str,
    /// Its platform ([`Profile::id`](crate::profile::Profile::id)).
    pub platform: &'static str,
    /// Adds its files.
    lay_out: fn(&mut Maker<'_>),
}

/// Which parts of the input are a sample, by the names of the cluster and of its nodes.
#[must_use]
pub fn share(inventory: &InventoryReport) -> SampleShare {
    let nodes = inventory.holders.iter().filter(|holder| ["control-plane", "worker"].contains(&holder.role.as_str()));
    sample_share(&inventory.cluster, nodes.map(|holder| holder.name.as_str()))
}

/// The sample with this id; `None` if there is none.
#[must_use]
pub fn named(id: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.id == id)
}

impl Sample {
    /// The platform, if it cannot be detected from the files and must be selected.
    #[must_use]
    pub fn platform_to_say(&self) -> Option<&'static Profile> {
        profile::named(self.platform).filter(|profile| !profile.extends.is_empty())
    }

    /// Creates the files as of `now`. `key` generates a new private key of the given algorithm; only fast algorithms
    /// are requested.
    ///
    /// # Panics
    ///
    /// If a key has another type than requested and cannot sign.
    #[must_use]
    pub fn files(&self, now: UnixTime, key: &mut dyn FnMut(KeyAlgorithm) -> PrivateKey) -> Vec<SampleFile> {
        let mut maker = Maker::new(format!("{SAMPLE_PREFIX}{}", self.id), now, key);
        (self.lay_out)(&mut maker);
        maker.files
    }

    /// Creates the files as one archive, with its name.
    ///
    /// # Panics
    ///
    /// As [`Sample::files`].
    #[must_use]
    pub fn archive(
        &self,
        now: UnixTime,
        key: &mut dyn FnMut(KeyAlgorithm) -> PrivateKey,
    ) -> (String, Zeroizing<Vec<u8>>) {
        (format!("{SAMPLE_PREFIX}{}.zip", self.id), archive(&self.files(now, key)))
    }
}

/// Packs a sample's files into one archive.
#[must_use]
pub fn archive(files: &[SampleFile]) -> Zeroizing<Vec<u8>> {
    zip(&files.iter().map(|file| (file.path.clone(), file.mode, file.bytes.as_slice())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
