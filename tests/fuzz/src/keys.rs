//! Keys for rotations, generated once per process and equal in every run.

use std::{collections::BTreeMap, sync::OnceLock};

use airlock_core::{
    RotationPlan,
    x509::{KeyAlgorithm, PrivateKey},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

/// The number of keys for each algorithm: two for the CAs, which share theirs with no other certificate, and some for
/// all leaf certificates.
const POOL: [(KeyAlgorithm, usize); 3] =
    [(KeyAlgorithm::EcdsaP256, 8), (KeyAlgorithm::Ed25519, 4), (KeyAlgorithm::Rsa2048, 4)];

/// A key for each of the plan's requests; `None` if a requested algorithm takes too long to generate.
///
/// # Panics
///
/// Never, as long as each algorithm has three keys or more.
#[must_use]
pub fn for_plan(plan: &RotationPlan) -> Option<Vec<PrivateKey>> {
    static KEYS: OnceLock<BTreeMap<KeyAlgorithm, Vec<PrivateKey>>> = OnceLock::new();
    let pool = KEYS.get_or_init(|| {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let made = POOL.map(|(algorithm, count)| {
            (algorithm, (0..count).map(|_| PrivateKey::generate(algorithm, &mut rng)).collect())
        });
        made.into_iter().collect()
    });
    let mut drawn = BTreeMap::<KeyAlgorithm, usize>::new();
    let keys = plan.key_requests().iter().map(|request| {
        let keys = pool.get(&request.algorithm)?;
        let count = drawn.entry(request.algorithm).or_default();
        let number = if *count < 2 { *count } else { 2 + (*count - 2) % (keys.len() - 2) };
        *count += 1;
        Some(keys[number].clone())
    });
    keys.collect()
}
