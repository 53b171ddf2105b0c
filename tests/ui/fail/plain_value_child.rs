//! G2: a child that returns a bare value.

async fn plain() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        tg.spawn(async { 1 });
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(plain());
}
