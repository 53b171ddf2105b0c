//! A child that is given as a closure.

async fn closure() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(|| async {});
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(closure());
}
