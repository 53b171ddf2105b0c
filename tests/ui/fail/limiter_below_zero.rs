//! SY-22: a total below zero is not a number of tokens.

use anyrt::sync::CapacityLimiter;

fn main() {
    let limiter = CapacityLimiter::new(-1);
    println!("{limiter:?}");
}
