//! TG-18: a child reports once that it is ready.

async fn twice() -> Result<u32, anyrt::GroupError<std::io::Error>> {
    anyrt::task_group(async |tg| {
        tg.start(async |started| {
            started.started(1);
            started.started(2);
        })
        .await
    })
    .await
}

fn main() {
    let _ = anyrt::run(twice());
}
