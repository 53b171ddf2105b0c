//! Random numbers from a seed, so that a failure can be repeated.

use anyrt_core::runtime::{Enter, Spawn};

use crate::harness::number;
use crate::support::run;

/// The variable that sets the seed of the random cases.
const SEED: &str = "ANYRT_STRESS_SEED";

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

/// Returns the seed that the environment sets, or one that the backend chooses. A backend that repeats its
/// choices repeats the case.
pub fn seed<B: Enter>(backend: &B) -> u64 {
    number(SEED).unwrap_or_else(|| run(backend, async { chosen_seed::<B::Runtime>() }))
}

/// Returns the seed as [`seed`] does, in a run.
pub fn seed_in_run<R: Spawn>() -> u64 {
    number(SEED).unwrap_or_else(chosen_seed::<R>)
}

fn chosen_seed<R: Spawn>() -> u64 {
    // A backend's `choose` is for few alternatives, so two draws make a large number.
    let draw = || R::choose(1_000_000) as u64;
    draw() * 1_000_000 + draw()
}
