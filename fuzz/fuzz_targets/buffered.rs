//! See `anyrt_fuzz::buffered`.
#![no_main]

use anyrt_fuzz::buffered::{Input, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input| check(&input));
