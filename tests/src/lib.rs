//! What the tests of this package share: fixtures, the real tools, packages made from fixtures.
//!
//! Nothing in here computes what Airlock computes. Certificates are verified by Go and OpenSSL, trees
//! are judged by kubeadm, kubeconfigs are read by kubectl, Secrets by Cluster API, archives by unzip.
//! A missing tool fails the test with the command that makes it; nothing is skipped.

pub mod external;
pub mod fixtures;
pub mod foreign;
pub mod generated;
pub mod handshakes;
pub mod keys;
pub mod lab;
pub mod loaded;
pub mod meetings;
pub mod oracle;
pub mod phases;
pub mod referee;
pub mod rotation;
pub mod secrets;
pub mod structure;
pub mod talos;
pub mod tools;
