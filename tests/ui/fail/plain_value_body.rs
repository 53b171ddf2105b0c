//! G2: a body that returns a bare value.

async fn plain() -> Result<i32, anyrt::Cancelled> {
    Ok(anyrt::task_group(async |tg| {
        tg.spawn(async {});
        1
    })
    .await?)
}

fn main() {
    let _ = anyrt::run(plain());
}
