//! G11: the handle of a group that borrows from this task cannot be moved into another one.

async fn escape() -> Result<(), anyrt::Cancelled> {
    let text = String::from("borrowed");
    anyrt::task_group(async |tasks| {
        anyrt::scoped_task_group(async |tg| {
            tg.spawn(async { println!("{text}") });
            tasks.spawn(async move {
                tg.spawn(async {});
            });
        })
        .await
        .unwrap();
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(escape());
}
