//! `start` stays `Send` after borrowed arguments, and groups with an error type that is a reference.

use std::io;

use anyrt::{Cancelled, GroupError, Started, TaskGroup, checkpoint, task_group};

async fn serve(name: &str, tg: &TaskGroup<io::Error>) -> io::Result<usize> {
    let length = name.len();
    let port = tg
        .start(async move |started| {
            checkpoint().await;
            started.started(length);
            checkpoint().await;
            Ok(())
        })
        .await?;
    let (again, handle) = tg
        .try_start(async |started: Started<usize>| -> io::Result<u8> {
            started.started(1);
            Ok(2)
        })
        .await
        .map_err(io::Error::other)?;
    Ok(port + again + usize::from(handle.value().await) + name.len())
}

async fn text_errors() -> Result<(), GroupError<&'static str>> {
    task_group(async |tg| {
        tg.spawn(async { Ok(()) });
        checkpoint().await;
        Ok(())
    })
    .await
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            let name = String::from("name");
            let result = task_group(async |tg| serve(&name, &tg).await);
            assert_eq!(result.await.unwrap(), 11);
        });
        tg.spawn(async { text_errors().await.unwrap() });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}
