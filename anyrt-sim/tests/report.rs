//! Checks the reports of runs that failed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::sync::{Event, Mutex};
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use anyrt_sim::{Config, Failure, Sim};

/// Two tasks that lock two mutexes in opposite order.
async fn deadlock() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        let both = locks.clone();
        group.task().name("left").spawn(async move {
            let _first = both.0.lock().await;
            sleep::<Sim>(Duration::from_secs(1)).await;
            let _second = both.1.lock().await;
        });
        let both = locks.clone();
        group.task().name("right").spawn(async move {
            let _first = both.1.lock().await;
            sleep::<Sim>(Duration::from_secs(1)).await;
            let _second = both.0.lock().await;
        });
    })
    .await;
    result.expect("the tasks do not fail");
}

#[test]
fn a_deadlock_reports_what_each_task_waits_for() {
    let outcome = Config::new(1).run(deadlock());
    let Err(Failure::Deadlock(report)) = outcome.result else {
        panic!("it should be a deadlock");
    };
    println!("{report}");
    assert_eq!(report.tasks.len(), 1, "{report}");
    let main = &report.tasks[0];
    assert_eq!(main.id, None);
    assert_eq!(main.waits_for.as_deref(), Some("the children of its group"));
    let names: Vec<&str> = main.children.iter().map(|child| &*child.name).collect();
    assert_eq!(names, ["left", "right"]);
    for child in &main.children {
        assert_eq!(child.waits_for.as_deref(), Some("a lock"), "{report}");
        assert!(child.id.is_some(), "{report}");
    }
    let text = report.to_string();
    assert!(text.contains("└── task `right` ("), "{text}");
}

#[test]
fn tasks_without_a_name_have_their_place() {
    let outcome = Config::new(1).run(async {
        let result = task_group::<Sim, Infallible, _, _>(async |group| {
            group.spawn(async { Event::new().wait().await });
            group.spawn(async { sleep::<Sim>(Duration::from_secs(1)).await });
        })
        .await;
        result.expect("the tasks do not fail");
    });
    let failure = outcome.result.expect_err("the event never happens");
    let report = failure.report().expect("it is a deadlock");
    let child = &report.tasks[0].children[0];
    assert!(child.name.contains("report.rs"), "{report}");
    assert_eq!(child.waits_for.as_deref(), Some("an event"));
    assert!(child.id.is_some());
}
