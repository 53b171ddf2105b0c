//! SY-22: a total below zero is no number of tokens.

use anyrt::sync::CapacityLimiter;

fn main() {
    let limiter = CapacityLimiter::new(-1);
    println!("{limiter:?}");
}
