//! Random numbers from a seed, so that a failure can be repeated.

use std::hash::{BuildHasher, RandomState};

/// Sebastiano Vigna's generator SplitMix64: small, and good enough to choose among plans.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator that returns the same numbers for the same seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns the next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.number() % n
    }
}

/// Returns a seed that differs from run to run.
pub fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000_000_000
}
