//! TG-23: a value that may not be shareable is returned once; `try_value` clones.

async fn twice() -> Result<(), anyrt::Cancelled> {
    anyrt::task_group(async |tg| {
        let handle = tg.spawn(async { Ok(1) });
        handle.value().await;
        handle.value().await;
    })
    .await?;
    Ok(())
}

fn main() {
    let _ = anyrt::run(twice());
}
