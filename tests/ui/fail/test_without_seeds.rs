//! TI-02: a test without a seed would not run.

#[anyrt::test(seeds = 0)]
async fn test() {}

fn main() {}
