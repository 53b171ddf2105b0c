//! G11: a child of `scoped_task_group` must be `Send`, too.

use std::cell::Cell;

async fn not_send() -> Result<(), anyrt::Cancelled> {
    let count = Cell::new(0);
    anyrt::scoped_task_group(async |tg| {
        tg.spawn(async {
            anyrt::checkpoint().await;
            count.set(1);
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(not_send());
}
