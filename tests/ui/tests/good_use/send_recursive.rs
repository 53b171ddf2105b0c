//! A recursive function over a borrowed handle, boxed, can be spawned.

use std::convert::Infallible;
use std::pin::Pin;

use anyrt::{Cancelled, TaskGroup, checkpoint, task_group};

fn walk<'a>(
    depth: u32,
    tg: &'a TaskGroup<Infallible>,
) -> Pin<Box<dyn Future<Output = u32> + Send + 'a>> {
    Box::pin(async move {
        checkpoint().await;
        if depth == 0 {
            return 1;
        }
        let handle = tg.spawn(async move { Ok(depth) });
        let below = walk(depth - 1, tg).await;
        below + handle.value().await
    })
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        let inner = tg.clone();
        tg.spawn(async move { assert_eq!(walk(3, &inner).await, 7) });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
