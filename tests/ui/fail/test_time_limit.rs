//! TI-02: a time limit has a unit.

#[anyrt::test(time_limit = "10 minutes")]
async fn test() {}

fn main() {}
