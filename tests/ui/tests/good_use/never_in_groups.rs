//! Children and bodies that never return are accepted in every group (G2).

use std::io;
use std::time::Duration;

use anyrt::{Cancelled, GroupError, checkpoint, move_on_after, sleep_forever, task_group};

fn may_fail() -> io::Result<()> {
    Ok(())
}

async fn log_once() {
    checkpoint().await;
}

async fn children() -> Result<u8, GroupError<io::Error>> {
    task_group(async |tg| {
        tg.spawn(async {
            loop {
                log_once().await;
            }
        });
        tg.spawn(sleep_forever());
        tg.spawn(async { sleep_forever().await });
        tg.spawn(async {
            may_fail()?;
            sleep_forever().fallible().await
        });
        tg.cancel();
        Ok(1)
    })
    .await
}

async fn infallible() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            loop {
                log_once().await;
            }
        });
        tg.cancel();
    })
    .await?;
    Ok(())
}

async fn body() -> bool {
    let endless = task_group(async |tg| {
        tg.spawn(async { Ok::<_, io::Error>(()) });
        loop {
            log_once().await;
        }
    });
    move_on_after(Duration::from_millis(1), endless)
        .await
        .is_none()
}

async fn fallible_body() -> Result<bool, GroupError<io::Error>> {
    let endless = task_group(async |_| {
        may_fail()?;
        sleep_forever().fallible::<io::Error>().await
    });
    let ended = move_on_after(Duration::from_millis(1), endless).await;
    Ok(ended.transpose()?.is_none())
}

pub(crate) fn main() {
    anyrt::run(async {
        assert_eq!(children().await.unwrap(), 1);
        infallible().await.unwrap();
        assert!(body().await);
        assert!(fallible_body().await.unwrap());
    });
}
