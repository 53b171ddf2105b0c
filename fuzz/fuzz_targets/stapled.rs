//! See `anyrt_fuzz::stapled`.
#![no_main]

use anyrt_fuzz::stapled::{Input, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input| check(&input));
