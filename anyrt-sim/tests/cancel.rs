//! Checks the explorer of cancellation.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::finally;
use anyrt_core::sync::Mutex;
use anyrt_core::time::sleep;
use anyrt_sim::explore::{Point, Way, cancel};
use anyrt_sim::{Config, Sim};

const STEP: Duration = Duration::from_millis(5);

/// Two accounts, under a lock each.
#[derive(Default)]
struct Bank {
    from: Mutex<i64>,
    to: Mutex<i64>,
}

impl Bank {
    async fn sum(&self) -> i64 {
        *self.from.lock().await + *self.to.lock().await
    }
}

async fn transfer_in_two_steps(bank: &Bank) {
    *bank.from.lock().await -= 3;
    sleep::<Sim>(STEP).await;
    *bank.to.lock().await += 3;
}

async fn transfer_with_finally(bank: &Bank) {
    let taken = Cell::new(0);
    let body = async {
        *bank.from.lock().await -= 3;
        taken.set(3);
        sleep::<Sim>(STEP).await;
    };
    finally(body, || async {
        *bank.to.lock().await += taken.get();
    })
    .await;
}

async fn transfer_at_once(bank: &Bank) {
    let mut from = bank.from.lock().await;
    sleep::<Sim>(STEP).await;
    let mut to = bank.to.lock().await;
    *from -= 3;
    *to += 3;
}

fn explore(transfer: impl AsyncFn(&Bank)) -> anyrt_sim::explore::CancelReport {
    cancel(&Config::new(1), async |cut| {
        let bank = Bank::default();
        cut.around(transfer(&bank)).await;
        assert_eq!(bank.sum().await, 0, "money is lost");
    })
}

#[test]
fn a_transfer_in_two_steps_is_found_in_both_ways() {
    let report = explore(transfer_in_two_steps);
    println!("{report}");
    for way in [Way::Scope, Way::Drop] {
        let found = report.failures.iter().find(|found| found.way == way);
        let found = found.unwrap_or_else(|| panic!("{way:?} finds nothing: {report}"));
        assert!(found.message.contains("money is lost"), "{report}");
        assert!(found.message.contains("cancel.rs:"), "{report}");
        let place = found.place.as_ref().expect("it was cut off");
        assert!(place.around.contains("cancel.rs:"), "{report}");
        assert_eq!(place.task.as_deref(), Some("main"));
        assert_eq!(place.waits_for.as_deref(), Some("a timer"), "{report}");
        assert_eq!(found.seed, 1);
    }
    let text = report.to_string();
    assert!(text.contains("waits for a timer"), "{text}");
    assert!(text.contains("in cancel::transfer_in_two_steps"), "{text}");
    assert_eq!(report.runs, report.places.len() as u64 + 2);
}

#[test]
fn finally_helps_against_cancellation_and_not_against_a_drop() {
    let report = explore(transfer_with_finally);
    assert!(!report.failures.is_empty());
    for found in &report.failures {
        assert_eq!(found.way, Way::Drop, "{report}");
    }
}

#[test]
fn a_transfer_at_once_is_clean() {
    let report = explore(transfer_at_once);
    let points: Vec<Point> = report.places.iter().map(|place| place.point).collect();
    for point in [Point::Entry, Point::Step, Point::Polled, Point::Woken] {
        assert!(points.contains(&point), "{points:?}");
    }
    report.unwrap();
}

/// An object that a future of another crate holds from one poll to the next. A cancelled scope polls the future
/// once more (C5), and a drop does not.
#[test]
fn an_object_between_two_polls_is_lost_by_a_drop_only() {
    let report = cancel(&Config::new(1), async |cut| {
        let (taken, stored) = (Cell::new(0), Cell::new(0));
        let operation = async {
            sleep::<Sim>(STEP).await;
            taken.set(1);
            let mut is_second = false;
            std::future::poll_fn(|cx| {
                if std::mem::replace(&mut is_second, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            stored.set(1);
        };
        cut.around(operation).await;
        assert_eq!(taken.get(), stored.get(), "the object is lost");
    });
    // After the first poll, and instead of the second.
    let found: Vec<_> = report
        .failures
        .iter()
        .map(|found| (found.way, found.place.as_ref().map(|place| place.point)))
        .collect();
    let expected = [Point::Polled, Point::Woken].map(|point| (Way::Drop, Some(point)));
    assert_eq!(found, expected, "{report}");
}

#[test]
fn places_of_several_operations_are_counted_on() {
    let report = cancel(&Config::new(1), async |cut| {
        let first = cut.around(sleep::<Sim>(STEP)).await.is_none();
        let second = cut.around(sleep::<Sim>(STEP)).await.is_none();
        assert!(!(first && second), "both were cut off");
    });
    assert!(report.failures.is_empty(), "{report}");
    let mut arounds: Vec<&str> = report.places.iter().map(|place| &*place.around).collect();
    arounds.dedup();
    assert_eq!(arounds.len(), 4, "{arounds:?}");
}

#[test]
fn a_test_that_fails_anyway_is_not_explored() {
    let report = cancel(&Config::new(1), async |cut| {
        cut.around(sleep::<Sim>(STEP)).await;
        panic!("anyway");
    });
    assert_eq!(report.runs, 1);
    assert!(report.failures[0].place.is_none());
    assert!(report.to_string().contains("without being cut off"));
}

#[test]
#[should_panic(expected = "money is lost")]
fn unwrap_panics_with_the_report() {
    explore(transfer_in_two_steps).unwrap();
}

#[test]
fn a_deadlock_after_a_cut_is_found() {
    let report = cancel(&Config::new(1), async |cut| {
        let event = Arc::new(anyrt_core::sync::Event::new());
        let set = event.clone();
        cut.around(async move {
            sleep::<Sim>(STEP).await;
            set.set();
        })
        .await;
        event.wait().await;
    });
    let found = report.failures.first().expect("the event is not set");
    assert!(found.message.contains("waits for an event"), "{report}");
}
