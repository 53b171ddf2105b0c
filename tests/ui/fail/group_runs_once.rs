//! TG-33: a group cannot be run twice.

async fn again() -> Result<(), anyrt::Cancelled> {
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async {});
    });
    group.await?;
    group.await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(again());
}
