//! G9: a `start` that is not awaited does nothing.
#![deny(unused_must_use)]

async fn forgotten() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.start(async |started| started.started(1));
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(forgotten());
}
