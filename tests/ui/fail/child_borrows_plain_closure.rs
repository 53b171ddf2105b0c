//! G11: the same with a closure that returns an async block.

async fn borrow() -> Result<(), anyrt::Cancelled> {
    let text = String::from("borrowed");
    let text = &text;
    anyrt::task_group(|tg| async move {
        tg.spawn(async move {
            println!("{text}");
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(borrow());
}
