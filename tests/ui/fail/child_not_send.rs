//! G11: a child of `task_group` that is not `Send`; `local_task_group` is for that.

use std::rc::Rc;

async fn not_send() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(async {
            let shared = Rc::new(1);
            anyrt::checkpoint().await;
            println!("{shared}");
        });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(not_send());
}
