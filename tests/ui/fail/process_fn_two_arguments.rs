//! W18: one argument is sent.

#[anyrt::process_fn]
fn area(width: f64, height: f64) -> f64 {
    width * height
}

fn main() {}
