//! G7: the handle of a borrowing group cannot be used when the values that its children borrow are gone.

async fn escape() {
    let mut keep = None;
    {
        let text = String::from("borrowed");
        let _ = anyrt::scoped_task_group(async |tg| {
            tg.spawn(async { println!("{text}") });
            keep = Some(tg);
        })
        .await;
    }
    drop(keep);
}

fn main() {
    anyrt::run(escape());
}
