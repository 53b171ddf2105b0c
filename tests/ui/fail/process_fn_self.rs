//! W18: methods cannot be found.

struct Shape;

impl Shape {
    #[anyrt::process_fn]
    fn area(&self) -> f64 {
        0.0
    }
}

fn main() {}
