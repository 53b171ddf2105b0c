//! Checks runs over many seeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyrt_core::sync::Mutex;
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use anyrt_sim::{Config, Failure, Policy, Seeds, Sim, Simulation};

/// A counter that two tasks read, and write later.
async fn lost_update() {
    let count = Arc::new(AtomicU64::new(0));
    let result = task_group::<Sim, std::convert::Infallible, _, _>(async |group| {
        for name in ["first", "second"] {
            let count = count.clone();
            group.task().name(name).spawn(async move {
                sleep::<Sim>(Duration::from_millis(1)).await;
                let read = count.load(Ordering::Relaxed);
                anyrt_core::cancel::checkpoint().await;
                count.store(read + 1, Ordering::Relaxed);
            });
        }
    })
    .await;
    result.expect("the tasks do not fail");
    assert_eq!(count.load(Ordering::Relaxed), 2, "an update was lost");
}

/// Two tasks that wait for each other at random times, with a random number of steps.
async fn mixture() {
    let simulation = Simulation::current().expect("inside of a simulation");
    let lock = Arc::new(Mutex::new(0));
    let result = task_group::<Sim, std::convert::Infallible, _, _>(async |group| {
        for _ in 0..3 {
            let lock = lock.clone();
            let length = simulation.choose(50);
            group.spawn(async move {
                sleep::<Sim>(Duration::from_millis(length)).await;
                *lock.lock().await += 1;
            });
        }
    })
    .await;
    result.expect("the tasks do not fail");
    assert_eq!(*lock.lock().await, 3);
}

#[test]
fn many_seeds_twice_with_two_jobs_do_not_differ() {
    let length = if std::env::var_os("ANYRT_LONG_TESTS").is_some() {
        10_000
    } else {
        500
    };
    let first = Seeds::range(0..length).jobs(2).run(mixture);
    let second = Seeds::range(0..length).jobs(2).run(mixture);
    let alone = Seeds::range(0..100).run(mixture);
    assert_eq!(first.seeds, length);
    assert_eq!(first.hash, second.hash);
    assert_eq!(first.stats, second.stats);
    assert_ne!(first.hash, alone.hash);
    assert!(first.is_ok(), "{first}");
}

#[test]
fn a_thread_that_was_used_before_gives_the_same_runs() {
    let fresh = Seeds::range(0..200).run(mixture);
    let reused = Seeds::range(0..200).reuse_threads(true).run(mixture);
    let two = Seeds::range(0..200)
        .reuse_threads(true)
        .jobs(2)
        .run(mixture);
    assert_eq!(fresh.hash, reused.hash);
    assert_eq!(fresh.hash, two.hash);
    assert_eq!(fresh.stats, two.stats);
    reused.unwrap();
}

#[test]
fn the_first_failure_is_the_same_with_any_number_of_jobs() {
    let run = |jobs| {
        let seeds = Seeds::range(0..500).jobs(jobs).shrink_for(Duration::ZERO);
        seeds.run(lost_update)
    };
    let (one, three) = (run(1), run(3));
    let first = one.failures.first().expect("some seed loses an update");
    assert_eq!(three.failures[0].seed, first.seed);
    assert_eq!(one.failures.len(), 1);
    let place = first.place.as_deref().expect("the place is known");
    assert!(place.contains("seeds.rs"), "{place}");
    assert!(first.shrunk.is_none());
}

#[test]
fn a_report_can_be_read_and_repeats_the_failure() {
    let report = Seeds::range(0..500).run(lost_update);
    assert!(!report.is_ok());
    let text = report.to_string();
    println!("{text}");
    let first = &report.failures[0];
    let shrunk = first.shrunk.as_ref().expect("the choices repeat it");
    for part in [
        "an update was lost",
        "of virtual time",
        "tests/seeds.rs:",
        &format!(
            "ANYRT_SIM_SEED={} cargo test a_report_can_be_read_and_repeats_the_failure",
            first.seed
        ),
        &format!("ANYRT_SIM_CHOICES=\"{}\"", shrunk.choices),
        "ANYRT_SIM_TRACE=trace.html ANYRT_SIM_SEED=",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    // One change of the order is enough.
    assert!(shrunk.choices.len() <= first.choices.len(), "{text}");
    let config = Config::new(first.seed);
    let seed = config.run(lost_update()).result;
    assert!(matches!(seed, Err(Failure::Panic(_))));
    let list = config
        .policy(Policy::Replay(shrunk.choices.clone()))
        .run(lost_update());
    assert!(matches!(list.result, Err(Failure::Panic(_))));
}

#[test]
fn the_timeline_is_that_of_the_shrunk_failure() {
    let path = std::env::temp_dir().join(format!("anyrt-seeds-{}.html", std::process::id()));
    let report = Seeds::range(0..500).trace(&path).run(lost_update);
    let page = std::fs::read_to_string(&path).expect("the file is there");
    std::fs::remove_file(&path).expect("the file is there");
    let first = &report.failures[0];
    let title = "the_timeline_is_that_of_the_shrunk_failure";
    assert!(page.contains(&format!("{title}: seed {} failed", first.seed)));
    let choices = &first
        .shrunk
        .as_ref()
        .expect("the choices repeat it")
        .choices;
    let choices = format!("ANYRT_SIM_CHOICES=\\\"{choices}\\\" cargo test {title}");
    assert!(page.contains(&choices), "{choices}");
    assert!(page.contains("an update was lost"));
    assert!(page.contains("tests/seeds.rs:"));
}

#[test]
fn timelines_in_a_folder_have_names_of_their_own() {
    let folder = std::env::temp_dir().join(format!("anyrt-seeds-{}", std::process::id()));
    // A slash at the end: the folder need not exist.
    let named = format!("{}/", folder.display());
    Seeds::range(0..3).trace(&named).run(mixture).unwrap();
    let report = Seeds::range(0..500).trace(&folder).run(lost_update);
    let failed = report.failures[0].seed;
    drop(Config::new(7).trace(&folder).run(mixture()));
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort_unstable();
    std::fs::remove_dir_all(&folder).expect("the folder is there");
    let mut expected = [2, failed, 7]
        .map(|seed| format!("timelines_in_a_folder_have_names_of_their_own-seed-{seed}.html"));
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_deadlock_is_reported_with_its_tasks() {
    let report = Seeds::range(0..10).run(|| async {
        let lock = Mutex::new(());
        let _first = lock.lock().await;
        // The test's own name is that of its thread, as with other panics.
        sleep::<Sim>(Duration::from_secs(1)).await;
        anyrt_core::sync::Event::new().wait().await;
    });
    let text = report.to_string();
    assert!(text.contains("task `main` waits for an event"), "{text}");
    assert!(text.contains("shrunk from"), "{text}");
}

#[test]
fn an_error_is_a_failure() {
    let report = Seeds::range(0..10).run(|| async {
        let simulation = Simulation::current().ok_or("outside")?;
        if simulation.seed() == 3 {
            return Err("the third fails");
        }
        Ok(())
    });
    assert_eq!(report.seeds, 4);
    assert!(report.to_string().contains("the third fails"), "{report}");
}

#[test]
#[should_panic(expected = "seed 0 failed")]
fn unwrap_panics_with_the_report() {
    Seeds::range(0..3)
        .run(|| async { panic!("always") })
        .unwrap();
}

#[test]
fn another_source_of_chance_is_found() {
    let runs = AtomicU64::new(0);
    let report = Seeds::range(0..3).run(|| async {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        sleep::<Sim>(Duration::from_secs(1)).await;
        if run % 2 == 1 {
            sleep::<Sim>(Duration::from_secs(1)).await;
        }
    });
    let difference = report.nondeterminism.as_ref().expect("the runs differ");
    assert_eq!(difference.seed, 0);
    assert!(difference.position > 0);
    assert!(!report.is_ok());
    assert!(
        report.to_string().contains("a source of chance"),
        "{report}"
    );

    let unchecked = Seeds::range(0..3).check_determinism(false).run(|| async {});
    assert_eq!(runs.load(Ordering::Relaxed), 5);
    unchecked.unwrap();
}

#[test]
fn the_budget_ends_the_run() {
    let started = Instant::now();
    let report = Seeds::range(0..u64::MAX)
        .budget(Duration::from_millis(50))
        .run(mixture);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(report.seeds > 0 && report.seeds < report.planned);
    assert!(report.is_ok(), "{report}");
}

#[test]
fn an_empty_range_passes() {
    let report = Seeds::range(5..5).run(|| async { panic!("never called") });
    assert_eq!(report.seeds, 0);
    report.unwrap();
}
