//! A group that is not awaited does nothing.
#![deny(unused_must_use)]

async fn forgotten() {
    anyrt::task_group(async |tg| {
        tg.spawn(async {});
    });
}

fn main() {
    anyrt::run(forgotten());
}
