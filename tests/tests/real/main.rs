//! Packages of real clusters, judged by the programs that would use them. One program, so that each package is made once.

mod capi;
mod continued;
mod external;
mod go_x509;
mod handshakes;
mod identity;
mod kamaji;
mod kubeadm;
mod kubectl;
mod package;
mod requested;
mod sample;
mod script_faults;
mod scripts;
mod standing;
mod starlingx;
mod talos_clients;
mod talos_machines;
mod talos_omni;
mod talos_patches;
mod talos_standing;
mod tenants;
mod verifiers;
mod verify;
