//! Shared code of this package's tests: fixtures, external tools, packages built from fixtures.
//!
//! Nothing here repeats Airlock's own computations. Go and OpenSSL verify certificates, kubeadm checks trees, kubectl
//! reads kubeconfigs, Cluster API reads Secrets, unzip unpacks archives. If a tool is missing, the test fails with the
//! command that installs it; no test is skipped.

pub mod connections;
pub mod external;
pub mod fixtures;
pub mod foreign;
pub mod generated;
pub mod handshakes;
pub mod keys;
pub mod lab;
pub mod loaded;
pub mod oracle;
pub mod phases;
pub mod rotation;
pub mod secrets;
pub mod structure;
pub mod talos;
pub mod tls_libraries;
pub mod tools;
