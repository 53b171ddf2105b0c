//! G2: nothing determines the type of the group's error.

async fn open() {
    let result = anyrt::task_group(async |_tg| Ok(())).await;
    drop(result);
}

fn main() {
    anyrt::run(open());
}
