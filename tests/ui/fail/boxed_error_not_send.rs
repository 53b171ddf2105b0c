//! G2: errors of children cross threads.

use std::error::Error;

async fn not_send() {
    let _ = anyrt::task_group(async |tg| -> Result<(), Box<dyn Error>> {
        tg.spawn(async { Ok(()) });
        Ok(())
    })
    .await;
}

fn main() {
    anyrt::run(not_send());
}
