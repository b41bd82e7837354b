//! Generates keys for tests on all cores.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use airlock_core::x509::{KeyAlgorithm, PrivateKey};
use getrandom::SysRng;
use rand_core::UnwrapErr;

/// Generates one key for each algorithm, in the given order.
///
/// # Panics
///
/// If the system has no randomness.
#[must_use]
pub fn make(algorithms: &[KeyAlgorithm]) -> Vec<PrivateKey> {
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((index, algorithm)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    algorithms.get(index).map(|algorithm| (index, *algorithm))
                } {
                    let key = PrivateKey::generate(algorithm, &mut UnwrapErr(SysRng));
                    made.lock().expect("no key maker panics").push((index, key));
                }
            });
        }
    });
    let mut made = made.into_inner().expect("no key maker panics");
    made.sort_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, key)| key).collect()
}
