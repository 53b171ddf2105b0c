//! G5: a group that cannot fail can still be cancelled.

async fn refutable() {
    let Ok(()) = anyrt::task_group(async |tg| {
        tg.spawn(async {});
    })
    .await;
}

fn main() {
    anyrt::run(refutable());
}
