//! Generates independent keys on all cores.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use airlock_core::{plan::KeyRequest, x509::PrivateKey};
use getrandom::SysRng;
use rand_core::UnwrapErr;

/// Generates a key for every request, in the order of the requests.
///
/// # Panics If the system cannot provide randomness.
pub(crate) fn generate(requests: &[KeyRequest]) -> Vec<PrivateKey> {
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<Option<PrivateKey>>> = Mutex::new(requests.iter().map(|_| None).collect());
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(requests.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut rng = UnwrapErr(SysRng);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(index) else { break };
                    let key = PrivateKey::generate(request.algorithm, &mut rng);
                    made.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(key);
                }
            });
        }
    });
    made.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}
