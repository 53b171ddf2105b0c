//! W18: workers have no run.

#[anyrt::process_fn]
async fn wait(seconds: u64) {
    drop(seconds);
}

fn main() {}
