//! W18: functions are found by their type, and a generic one has many.

#[anyrt::process_fn]
fn count<T>(items: Vec<T>) -> usize {
    items.len()
}

fn main() {}
