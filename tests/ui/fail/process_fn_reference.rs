//! W18: another process has its own memory.

#[anyrt::process_fn]
fn length(text: &str) -> usize {
    text.len()
}

fn main() {}
