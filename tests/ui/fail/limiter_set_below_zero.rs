//! SY-22: a total cannot be set below zero either.

use anyrt::sync::CapacityLimiter;

fn main() {
    let limiter = CapacityLimiter::new(1);
    limiter.set_total(-1);
}
