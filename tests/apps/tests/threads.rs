//! No run leaves a thread behind: its threads have ended within a second.
//!
//! One test in a separate program, since it counts the threads of the whole process.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyrt::sync::CapacityLimiter;
use anyrt::{Backend, BlockingPortal, BlockingPortalProvider, Builder, from_thread, to_thread};
use anyrt_apps::REAL;

/// Returns the threads of this process, by number and name.
fn threads() -> BTreeMap<u32, String> {
    let tasks = fs::read_dir("/proc/self/task").expect("a listing of threads");
    tasks
        .filter_map(|task| {
            let path = task.ok()?.path();
            let number = path.file_name()?.to_str()?.parse().ok()?;
            // A thread may end while it is being listed.
            let name = fs::read_to_string(path.join("comm")).ok()?;
            Some((number, name.trim().to_owned()))
        })
        .collect()
}

/// Returns whether a thread belongs to the process and not to a run: the reactor and the pool that smol and
/// async-std share, and async-std's executor. Whether threads of the pool are busy is not checked here.
fn is_shared(name: &str) -> bool {
    ["async-io", "async-std/runti"].contains(&name) || name.starts_with("blocking-")
}

/// Uses everything that starts threads: calls, abandoned ones among them, portals of all kinds.
fn busy(backend: Backend) {
    let builder = Builder::new().backend(backend);
    let limiter = Arc::new(CapacityLimiter::new(8));
    let result = builder.run(async {
        let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
            for _ in 0..50 {
                let limiter = limiter.clone();
                tg.spawn(async move {
                    let options = to_thread::Options::new().limiter(&limiter);
                    let called = options.run(|| from_thread::run(anyrt::checkpoint()));
                    assert_eq!(called.await, Ok(()));
                });
            }
            Ok(())
        });
        group.await.expect("nothing fails");
        let options = to_thread::Options::new().abandon_on_cancel();
        let long = options.run(|| thread::sleep(Duration::from_millis(100)));
        assert_eq!(
            anyrt::move_on_after(Duration::from_millis(5), long).await,
            None
        );
        let opened = BlockingPortal::open(async |portal| {
            let thread = thread::spawn(move || portal.call(async { 1 }));
            let joined = to_thread::run(move || thread.join().expect("no panic"));
            Ok::<_, Infallible>(joined.await)
        });
        assert_eq!(opened.await.expect("nothing fails"), Ok(1));
    });
    result.expect("the run starts");
    let value = anyrt::start_blocking_portal(&builder, |portal| {
        portal.call(async { to_thread::run(|| 2).await })
    });
    assert_eq!(value.expect("the run starts"), Ok(2));
    let provider = BlockingPortalProvider::new(builder);
    for _ in 0..3 {
        let portal = provider.portal().expect("the run starts");
        assert_eq!(portal.call(async { 3 }), Ok(3));
    }
}

#[test]
fn no_thread_outlives_its_run_by_more_than_a_second() {
    let before = threads();
    // A simulation refuses portals with a run of their own.
    for backend in REAL {
        busy(backend);
        let ended = Instant::now();
        loop {
            let now = threads();
            let left: Vec<_> = now
                .iter()
                .filter(|(number, name)| !before.contains_key(number) && !is_shared(name))
                .collect();
            if left.is_empty() {
                break;
            }
            assert!(
                ended.elapsed() < Duration::from_secs(1),
                "{backend}: still there after a second: {left:?}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}
