//! Code that is generic over the group's error.

use std::fmt::{Debug, Display};
use std::io;

use anyrt::{Cancelled, GroupError, TaskGroup, checkpoint, scoped_task_group, task_group};

async fn read<E: From<io::Error>>(name: &str) -> Result<usize, E> {
    checkpoint().await;
    Ok(name.len())
}

async fn both<E>(names: &[&str]) -> Result<usize, GroupError<E>>
where
    E: From<io::Error> + Send + 'static,
{
    let sum = task_group(async |tg: TaskGroup<E>| {
        tg.spawn(async { read::<E>("owned").await });
        read::<E>(names[0]).await
    })
    .await?;
    scoped_task_group(async |tg| {
        let handle = tg.spawn(read::<E>(names[1]));
        Ok(sum + handle.value().await)
    })
    .await
}

fn report<E: Debug + Display>(error: GroupError<E>) -> String {
    let error: &dyn std::error::Error = &error;
    error.to_string()
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            assert_eq!(both::<io::Error>(&["a", "bc"]).await.map_err(report), Ok(3));
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
