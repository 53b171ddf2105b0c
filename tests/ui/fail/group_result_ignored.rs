//! G2: errors cannot be lost by accident.
#![deny(unused_must_use)]

async fn ignored() {
    anyrt::task_group(async |tg| {
        tg.spawn(async { Err::<(), _>("failed") });
        Ok(())
    })
    .await;
}

fn main() {
    anyrt::run(ignored());
}
