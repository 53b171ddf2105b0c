//! G7: `move` alone, which the compiler proposes, is not enough.

async fn spawn_more() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(async move {
            tg.spawn(async {});
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(spawn_more());
}
