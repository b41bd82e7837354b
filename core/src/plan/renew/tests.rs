//! Tests the options that a renewal refuses.

use super::{super::model::request, unused_options};
use crate::{
    plan::{Intent, KubeletCertificates, NewAuthority, RotationRequest, SubcloudStrategy, Workers},
    profile::AuthorityId,
    x509::KeyAlgorithm,
};

fn renewal() -> RotationRequest {
    RotationRequest { intent: Intent::RenewLeaves, ..RotationRequest::default() }
}

/// The command line sends an entry for each CA, without options if the user chose none.
#[test]
fn default_values_and_the_expected_lifetime_are_used() {
    let authorities = AuthorityId::ALL.into_iter().map(|id| (id, NewAuthority::default())).collect();
    let request = RotationRequest { authorities, leaf_days: request::DEFAULT_LEAF_DAYS / 2, ..renewal() };
    assert_eq!(unused_options(&request), Vec::<String>::new());
}

#[test]
fn each_option_without_an_effect_is_named() {
    let named = NewAuthority { common_name: Some("new".to_owned()), ..NewAuthority::default() };
    let p256 = NewAuthority { key_algorithm: Some(KeyAlgorithm::EcdsaP256), ..NewAuthority::default() };
    let all_p256 = AuthorityId::ALL.into_iter().map(|id| (id, p256.clone())).collect();
    let group = SubcloudStrategy { group: Some("one".to_owned()), ..SubcloudStrategy::default() };
    for (request, option) in [
        (RotationRequest { rotate: Some(vec![AuthorityId::Cluster]), ..renewal() }, "--rotate"),
        (
            RotationRequest { authorities: [(AuthorityId::FrontProxy, named)].into(), ..renewal() },
            "--front-proxy-ca-name",
        ),
        (RotationRequest { authorities: all_p256, ..renewal() }, "--key-type"),
        (RotationRequest { ca_days: 30, ..renewal() }, "--ca-days"),
        (RotationRequest { keep_keys: true, ..renewal() }, "--keep-keys"),
        (RotationRequest { kubelet_certificates: KubeletCertificates::Mint, ..renewal() }, "--kubelet-certs"),
        (RotationRequest { workers: Workers::Replace, ..renewal() }, "--workers"),
        (RotationRequest { external_ca: true, ..renewal() }, "--external-ca"),
        (RotationRequest { start_over: true, ..renewal() }, "--start-over"),
        (RotationRequest { accept_outage: true, ..renewal() }, "--accept-outage"),
        (RotationRequest { acknowledge: ["id".to_owned()].into(), ..renewal() }, "--acknowledge"),
        (RotationRequest { release: Some("26.8.2-edge".to_owned()), ..renewal() }, "--release"),
        (RotationRequest { subclouds: Box::new(group), ..renewal() }, "--group"),
    ] {
        assert_eq!(unused_options(&request), [option]);
    }
}
