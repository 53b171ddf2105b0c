//! The time that calls take, and the times of files.

use std::time::SystemTime;

use anyrt_core::time::{now, sleep};
use futures_util::future::join;

use super::*;

fn exact(latency: u64, sync: u64) -> Config {
    let [latency, sync] = [latency, sync].map(Duration::from_micros);
    Config::new(3)
        .poll_cost(Duration::ZERO)
        .disk_latency(latency..latency)
        .sync_latency(sync..sync)
}

#[test]
fn calls_on_worker_threads_take_time() {
    let outcome = exact(50, 2000).run(async {
        let start = now::<Sim>();
        on_worker(|files| {
            let file = open(files, "/a", "wc").unwrap();
            file.write(b"a").unwrap();
            file.sync(false).unwrap();
        })
        .await;
        now::<Sim>() - start
    });
    assert_eq!(outcome.unwrap(), Duration::from_micros(50 + 50 + 2000));
}

#[test]
fn other_tasks_and_threads_go_on_meanwhile() {
    let outcome = exact(50, 1_000_000).run(async {
        let start = now::<Sim>();
        let sync = |name: &'static str| {
            on_worker(move |files| {
                let file = open(files, name, "wc").unwrap();
                file.sync(false).unwrap();
            })
        };
        let both = async {
            let (one, other) = (sync("/a"), sync("/b"));
            join(one, other).await;
            now::<Sim>() - start
        };
        let beside = async {
            sleep::<Sim>(Duration::from_millis(500)).await;
            now::<Sim>() - start
        };
        join(both, beside).await
    });
    let (both, beside) = outcome.unwrap();
    assert_eq!(both, Duration::from_micros(1_000_050));
    assert_eq!(beside, Duration::from_millis(500));
}

#[test]
fn a_disk_can_be_slow() {
    let outcome = exact(50, 50).run(async {
        sim().disk().set_latency(SECOND..SECOND);
        sim().disk().set_sync_latency(10 * SECOND..10 * SECOND);
        let start = now::<Sim>();
        on_worker(|files| open(files, "/a", "wc").unwrap().sync(true).unwrap()).await;
        now::<Sim>() - start
    });
    assert_eq!(outcome.unwrap(), 11 * SECOND);
}

#[test]
fn calls_elsewhere_do_not_wait() {
    let outcome = Config::new(3).run(async {
        let start = now::<Sim>();
        write(&*files(), "/a", b"a").unwrap();
        sync_path(&*files(), "/a").unwrap();
        now::<Sim>() - start
    });
    assert_eq!(outcome.unwrap(), Duration::ZERO);
}

#[test]
fn an_idle_disk_costs_nothing() {
    let outcome = Config::new(3).run(async {
        on_worker(|files| write(files, "/a", b"a").unwrap()).await;
        let before = sim().stats();
        sleep::<Sim>(86_400 * SECOND).await;
        let after = sim().stats();
        (after.steps - before.steps, after.draws - before.draws)
    });
    assert_eq!(outcome.unwrap(), (1, 0));
}

#[test]
fn times_are_those_of_the_clock_of_the_host() {
    let outcome = Config::new(3).run(async {
        let start = files().now();
        let year_2000 = SystemTime::UNIX_EPOCH + 946_684_800 * SECOND;
        assert_eq!(start.duration_since(year_2000).unwrap().as_secs(), 0);
        let ahead = sim().host("ahead").skew(3600 * SECOND).start(|| async {
            write(&*files(), "/a", b"a").unwrap();
            let skewed = files().metadata("/a".as_ref(), true).unwrap();
            sleep::<Sim>(SECOND).await;
            let file = open(&*files(), "/a", "r").unwrap();
            file.read(&mut [0; 5]).unwrap();
            let later = file.metadata().unwrap();
            assert_eq!(later.modified().unwrap(), skewed.modified().unwrap());
            assert_eq!(later.created().unwrap(), skewed.modified().unwrap());
            let since = later
                .accessed()
                .unwrap()
                .duration_since(later.created().unwrap());
            assert_eq!(since.unwrap().as_secs(), 1);
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(
                file.metadata().unwrap().modified().unwrap(),
                SystemTime::UNIX_EPOCH
            );
            let lead = skewed.modified().unwrap();
            let year_2000 = SystemTime::UNIX_EPOCH + 946_684_800 * SECOND;
            assert_eq!(lead.duration_since(year_2000).unwrap().as_secs(), 3600);
        });
        sleep::<Sim>(10 * SECOND).await;
        assert!(!ahead.is_up());
    });
    outcome.unwrap();
}
