//! G11: a child of `task_group` borrows from the surroundings; `scoped_task_group` is for that.

async fn borrow() -> Result<(), anyrt::Cancelled> {
    let text = String::from("borrowed");
    anyrt::task_group(async |tg| {
        tg.spawn(async {
            println!("{text}");
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(borrow());
}
