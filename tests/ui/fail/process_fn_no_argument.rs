//! W18: one argument is sent.

#[anyrt::process_fn]
fn answer() -> u8 {
    42
}

fn main() {}
