//! Packages of real clusters, tested with the programs that would use them. One test program, so that each package is
//! built once.

mod backup;
mod budgets;
mod capi;
mod continued;
mod external;
mod foreign_clients;
mod go_x509;
mod handshakes;
mod identity;
mod impact;
mod kamaji;
mod kubeadm;
mod kubectl;
mod package;
mod renew_leaves;
mod requested;
mod running;
mod sample;
mod script_faults;
mod scripts;
mod server;
mod serving;
mod standing;
mod starlingx;
mod subclouds;
mod talos_clients;
mod talos_machines;
mod talos_omni;
mod talos_patches;
mod talos_standing;
mod tenant_secrets;
mod tenants;
mod token_secrets;
mod verifiers;
mod verify;
