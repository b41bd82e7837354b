//! Estimates the remaining time of key generation.

use airlock_core::x509::KeyAlgorithm;

/// Keys to generate before an estimate: the time for one RSA key varies by a factor of three.
const FEW: usize = 3;

/// The progress of key generation, weighted by the cost of each key type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyTiming {
    total: f64,
    done: f64,
    made: usize,
}

impl KeyTiming {
    /// The start: keys of these types, none generated.
    pub fn of(keys: &[KeyAlgorithm]) -> Self {
        Self { total: keys.iter().map(|key| cost(*key)).sum(), ..Self::default() }
    }

    /// Counts a generated key.
    pub fn made(&mut self, key: KeyAlgorithm) {
        self.done += cost(key);
        self.made += 1;
    }

    /// The remaining time in seconds, after `elapsed` milliseconds; `None` if unknown or below one second.
    pub fn left(&self, elapsed: f64) -> Option<u32> {
        let seconds = elapsed / self.done * (self.total - self.done) / 1000.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small and positive
        (self.made >= FEW && seconds >= 1.0).then(|| seconds.ceil() as u32)
    }
}

/// The time to generate a key, relative to RSA 2048, as measured in a browser (BENCHMARKS.md).
fn cost(key: KeyAlgorithm) -> f64 {
    match key {
        KeyAlgorithm::Rsa2048 => 1.0,
        KeyAlgorithm::Rsa3072 => 4.5,
        KeyAlgorithm::Rsa4096 => 16.0,
        _ => 0.02,
    }
}

#[cfg(test)]
mod tests {
    use KeyAlgorithm::{EcdsaP256, Rsa2048, Rsa4096};

    use super::*;

    fn left(keys: &[KeyAlgorithm], made: &[KeyAlgorithm], elapsed: f64) -> Option<u32> {
        let mut key_timing = KeyTiming::of(keys);
        made.iter().for_each(|key| key_timing.made(*key));
        key_timing.left(elapsed)
    }

    #[test]
    fn the_pace_of_the_first_tells_of_the_others() {
        assert_eq!(left(&[Rsa2048; 10], &[Rsa2048; 4], 2_000.0), Some(3));
        assert_eq!(left(&[Rsa2048; 10], &[Rsa2048; 2], 2_000.0), None, "too few to tell");
        assert_eq!(left(&[Rsa2048; 10], &[Rsa2048; 10], 2_000.0), None, "nothing is left");
    }

    #[test]
    fn a_large_key_says_little_of_small_ones() {
        let keys = [Rsa4096, Rsa4096, EcdsaP256, EcdsaP256, EcdsaP256, EcdsaP256];
        assert_eq!(left(&keys, &keys[..3], 12_000.0), None);
        assert_eq!(left(&[EcdsaP256, EcdsaP256, EcdsaP256, Rsa4096], &[EcdsaP256; 3], 60.0), Some(16));
    }
}
