//! The complete pipeline from files to package, with modified trees of real clusters.
#![no_main]

use std::sync::OnceLock;

use airlock_core::{
    Content, InputFile, RotationRequest,
    plan::KubeletCertificates,
    profile::{AuthorityId, PROFILES},
};
use airlock_fuzz::{
    metered, pipeline,
    trees::{Bytes, Trees},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static TREES: OnceLock<Trees> = OnceLock::new();
    let trees = TREES.get_or_init(Trees::read);
    let mut bytes = Bytes(bytes);
    let choice = bytes.byte();
    let mut request = RotationRequest { keep_keys: choice & 1 != 0, ..RotationRequest::default() };
    if choice & 2 != 0 {
        request.kubelet_certificates = KubeletCertificates::Mint;
    }
    if choice & 4 != 0 {
        request.rotate = Some(vec![AuthorityId::Cluster]);
    }
    // The platform is either detected or set by the user.
    let platform = (choice & 8 != 0).then(|| PROFILES[usize::from(choice >> 4) % PROFILES.len()]);
    request.accept_outage = choice & 8 != 0;
    let files = trees.changed(&mut bytes);
    let size = files.iter().map(size).sum();
    metered(size, || pipeline::run(files, platform, &request, trees.now, &trees.secrets));
});

fn size(file: &InputFile) -> usize {
    match &file.content {
        Content::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
