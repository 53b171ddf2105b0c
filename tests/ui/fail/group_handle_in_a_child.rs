//! G7: a child that uses the group's handle needs a clone of it.

async fn spawn_more() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(async {
            tg.spawn(async {});
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(spawn_more());
}
