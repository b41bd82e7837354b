//! Sample clusters to practise on: real keys and certificates, made anew each time, of clusters that do not exist.
//!
//! A sample is read as every other input is. Whatever it is called begins with `sample-`, so that its mark is in every
//! name of the package that comes of it. A further platform is a row of [`SAMPLES`] with a function that lays out its files.

mod cluster_api;
mod kamaji;
mod kubeadm;
mod maker;
mod talos;

use zeroize::Zeroizing;

use crate::{
    UnixTime,
    inventory::{SAMPLE_PREFIX, SampleShare, sample_share},
    package::zip,
    profile::{self, KAMAJI, KUBEADM, Profile, STARLINGX, TALOS},
    report::InventoryReport,
    x509::{KeyAlgorithm, PrivateKey},
};

use self::maker::Maker;

/// Every sample, in the order in which they are offered.
pub const SAMPLES: &[Sample] = &[
    Sample { id: "kubeadm", title: "kubeadm", platform: KUBEADM.id, lay_out: kubeadm::lay_out },
    Sample { id: "cluster-api", title: "Cluster API", platform: KUBEADM.id, lay_out: cluster_api::lay_out },
    Sample { id: "starlingx", title: "StarlingX", platform: STARLINGX.id, lay_out: kubeadm::lay_out },
    Sample { id: "talos", title: "Talos", platform: TALOS.id, lay_out: talos::lay_out },
    Sample { id: "kamaji", title: "Kamaji", platform: KAMAJI.id, lay_out: kamaji::lay_out },
];

/// A cluster that can be made up.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// Its name in messages, and after [`SAMPLE_PREFIX`] the cluster's.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The platform that it is of ([`Profile::id`](crate::profile::Profile::id)).
    pub platform: &'static str,
    /// Puts its files together.
    lay_out: fn(&mut Maker<'_>),
}

/// A file of a sample.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SampleFile {
    /// Its path: a node's name, and below it the node's own path.
    pub path: String,
    /// Unix permission bits.
    pub mode: u32,
    /// Its content, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// How much of what was found is a sample, by the names of the cluster and of its nodes.
#[must_use]
pub fn share(inventory: &InventoryReport) -> SampleShare {
    let nodes = inventory.holders.iter().filter(|holder| ["control-plane", "worker"].contains(&holder.role.as_str()));
    sample_share(&inventory.cluster, nodes.map(|holder| holder.name.as_str()))
}

/// The sample of that name; `None` if there is none.
#[must_use]
pub fn named(id: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.id == id)
}

impl Sample {
    /// The platform, where its files alone do not tell it and somebody has to say it.
    #[must_use]
    pub fn platform_to_say(&self) -> Option<&'static Profile> {
        profile::named(self.platform).filter(|profile| !profile.extends.is_empty())
    }

    /// Makes its files as of `now`. `key` makes a private key of a kind, another one each time: kinds that are made quickly.
    ///
    /// # Panics
    ///
    /// If a key is of another kind than was asked for, and cannot sign.
    #[must_use]
    pub fn files(&self, now: UnixTime, key: &mut dyn FnMut(KeyAlgorithm) -> PrivateKey) -> Vec<SampleFile> {
        let mut maker = Maker::new(format!("{SAMPLE_PREFIX}{}", self.id), now, key);
        (self.lay_out)(&mut maker);
        maker.files
    }

    /// The same as one archive, as a person would bring it, with its name.
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

/// A sample's files as one archive.
#[must_use]
pub fn archive(files: &[SampleFile]) -> Zeroizing<Vec<u8>> {
    zip(&files.iter().map(|file| (file.path.clone(), file.mode, file.bytes.as_slice())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
