//! Random inputs, the same each time, for every check.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbitrary::{Arbitrary, Unstructured};
use fastrand::Rng;

const INPUTS: u64 = 8000;

/// Runs the check with many inputs, and prints the one that fails.
fn for_many_inputs<T: for<'a> Arbitrary<'a> + Debug>(check: fn(&T)) {
    for seed in 0..INPUTS {
        let mut random = Rng::with_seed(seed);
        // Short ones, too: missing bytes count as 0, and make the simplest input.
        let mut bytes = vec![0; random.usize(..2000)];
        random.fill(&mut bytes);
        let Ok(input) = T::arbitrary(&mut Unstructured::new(&bytes)) else {
            continue;
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&input))) {
            println!("seed {seed}: {input:#?}");
            resume_unwind(panic);
        }
    }
}

#[test]
fn buffered_streams_keep_their_promises() {
    for_many_inputs(crate::buffered::check);
}

#[test]
fn text_streams_keep_their_promises() {
    for_many_inputs(crate::text::check);
}

#[test]
fn stapled_streams_keep_their_promises() {
    for_many_inputs(crate::stapled::check);
}
