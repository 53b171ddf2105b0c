//! See `anyrt_fuzz::text`.
#![no_main]

use anyrt_fuzz::text::{Input, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input| check(&input));
