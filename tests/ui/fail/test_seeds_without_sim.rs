//! TI-02: seeds are for simulated tests, which the list of backends leaves out.

#[anyrt::test(backends = ["tokio"], seeds = 200)]
async fn test() {}

fn main() {}
