//! G11: a `local_task_group` makes the future around it not `Send`.

async fn in_a_task() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(async {
            anyrt::local_task_group(async |tg| {
                tg.spawn(async {});
            })
            .await
            .unwrap();
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(in_a_task());
}
