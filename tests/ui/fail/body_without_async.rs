//! A body that is a plain closure.

async fn plain() {
    let _ = anyrt::task_group(|tg| {
        tg.spawn(async {});
    })
    .await;
}

fn main() {
    anyrt::run(plain());
}
