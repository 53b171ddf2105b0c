//! G2: nothing says what the group's error is.

async fn open() {
    let result = anyrt::task_group(async |_tg| Ok(())).await;
    drop(result);
}

fn main() {
    anyrt::run(open());
}
