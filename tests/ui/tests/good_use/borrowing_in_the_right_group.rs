//! Children that borrow, or are not `Send`, in the groups for them (G11): the twins of
//! `fail/child_borrows_*.rs` and `fail/child_not_send.rs`.

use std::cell::Cell;
use std::rc::Rc;

use anyrt::{Cancelled, checkpoint, local_task_group, scoped_task_group};

async fn main_task() -> Result<(), Cancelled> {
    let text = String::from("borrowed");
    let mut length = 0;
    scoped_task_group(async |tg| {
        tg.spawn(async {
            checkpoint().await;
            length += text.len();
        });
    })
    .await?;
    assert_eq!(length, 8);
    let (shared, count) = (Rc::new(1), Cell::new(0));
    local_task_group(async |tg| {
        tg.spawn(async {
            let shared = shared.clone();
            checkpoint().await;
            count.set(*shared);
        });
    })
    .await?;
    assert_eq!(count.get(), 1);
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
