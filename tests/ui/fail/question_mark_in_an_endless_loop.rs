//! An endless loop in a block has the type `!`, where `?` has nothing to return: write an
//! `async fn` that returns a `Result`.

#[derive(Debug)]
struct MyErr;

impl std::fmt::Display for MyErr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("my error")
    }
}

async fn fetch(name: &'static str) -> Result<u32, MyErr> {
    Ok(name.len() as u32)
}

async fn endless() -> Result<(), anyrt::GroupError<MyErr>> {
    anyrt::task_group(async |tg| {
        tg.spawn(async {
            loop {
                fetch("a").await?;
            }
        });
        Ok(())
    })
    .await
}

fn main() {
    let _ = anyrt::run(endless());
}
