//! A handle may be dropped without a warning; and a task group's handle compiles after the group, where it
//! refuses (G7, G8).
#![deny(unused_must_use)]

use anyrt::{Cancelled, task_group};

async fn main_task() -> Result<(), Cancelled> {
    let mut kept = None;
    task_group(async |tg| {
        tg.spawn(async {});
        kept = Some(tg);
    })
    .await?;
    assert!(kept.unwrap().try_spawn(async {}).is_err());
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
