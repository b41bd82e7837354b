//! Packages of real clusters, judged by the programs that would use them. One program, so that each package is made once.

mod capi;
mod continued;
mod external;
mod go_x509;
mod handshakes;
mod identity;
mod kubeadm;
mod kubectl;
mod package;
mod requested;
mod sample;
mod scripts;
mod standing;
