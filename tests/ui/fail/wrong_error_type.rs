//! G2: a child with an error that differs from the group's.

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

use anyrt::TaskGroup;

async fn wrong_child() -> Result<(), anyrt::GroupError<std::io::Error>> {
    anyrt::task_group(async |tg: TaskGroup<std::io::Error>| {
        tg.spawn(fetch("a"));
        Ok(())
    })
    .await
}

fn main() {
    let _ = anyrt::run(wrong_child());
}
