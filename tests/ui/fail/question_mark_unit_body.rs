//! G2: `?` in an infallible child.

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

async fn question_mark_in_a_child() {
    let _ = anyrt::task_group(async |tg| {
        tg.spawn(async {
            fetch("a").await?;
            Ok(())
        });
    })
    .await;
}

fn main() {
    anyrt::run(question_mark_in_a_child());
}
