//! Every future of anyrt causes a warning if it is not used.
#![deny(unused_must_use)]

use std::time::Duration;

async fn forgotten() {
    let limit = Duration::from_secs(1);
    anyrt::CancelScope::new();
    anyrt::CancelScope::new().run(async {});
    anyrt::shield(async {});
    anyrt::move_on_after(limit, async {});
    anyrt::move_on_at(anyrt::now(), async {});
    anyrt::fail_after(limit, async {});
    anyrt::fail_at(anyrt::now(), async {});
    anyrt::wait_for(limit, &mut Box::pin(async {}));
    anyrt::finally(async {}, async || ());
    anyrt::with_resource(1, async |_| (), async |_| ());
    anyrt::checkpoint();
    anyrt::sleep(limit);
    anyrt::sleep_until(anyrt::now());
    anyrt::sleep_forever();
    anyrt::race([async {}]);
    anyrt::race_ok([async { Ok::<(), &str>(()) }]);
    anyrt::gather([async {}]);
    anyrt::try_gather([async { Ok::<(), &str>(()) }]);
    anyrt::map_concurrent(1, [1], async |n| n);
    anyrt::try_map_concurrent(1, [1], async |n| Ok::<i32, &str>(n));
    anyrt::as_completed([async {}]);
    anyrt::to_thread::run(|| ());
    anyrt::scoped_task_group(async |_| ());
    anyrt::local_task_group(async |_| ());
}

fn main() {
    anyrt::run(forgotten());
}
