//! A child that spawns into its group needs a clone of the handle (G7). The twin of
//! `fail/group_handle_in_a_child.rs`.

use anyrt::{Cancelled, local_task_group, scoped_task_group, task_group};

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        let inner = tg.clone();
        tg.spawn(async move {
            inner.spawn(async {});
        });
    })
    .await?;
    let text = String::from("borrowed");
    scoped_task_group(async |tg| {
        let (inner, text) = (tg.clone(), &text);
        tg.spawn(async move {
            inner.spawn(async move { assert_eq!(text.len(), 8) });
        });
    })
    .await?;
    local_task_group(async |tg| {
        let (inner, text) = (tg.clone(), &text);
        tg.spawn(async move {
            inner.spawn(async move { assert_eq!(text.len(), 8) });
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
