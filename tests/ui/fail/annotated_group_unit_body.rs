//! G2: the same in a body with an explicit error type.

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

async fn body_without_result() {
    let _ = anyrt::task_group(async |tg: TaskGroup<MyErr>| {
        tg.spawn(fetch("a"));
    })
    .await;
}

fn main() {
    anyrt::run(body_without_result());
}
