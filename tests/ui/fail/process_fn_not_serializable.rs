//! W18: arguments and results are sent to another process.

struct Plain;

#[anyrt::process_fn]
fn same(plain: Plain) -> Plain {
    plain
}

fn main() {}
