//! `run_future`: several runs in one executor.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{finally, shield};
use anyrt_core::runtime::{Enter, Time};
use anyrt_core::task::{RunHandle, current_run, run_future, task_group};
use anyrt_core::thread::{from_thread, to_thread};
use anyrt_core::time::sleep;
use futures_util::future::{Either, join, select};

use crate::run;
use crate::runtime::OneThread;

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Logs its name when it is dropped.
struct AtDrop(Log, &'static str);

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1);
    }
}

fn host<F: Future>(main: F) -> impl Future<Output = F::Output> {
    let host = run_future::<OneThread, F>(RunOptions::new(), main);
    async { host.await.unwrap() }
}

/// Drives a future that is not part of a run.
fn drive<F: Future>(main: F) -> F::Output {
    OneThread.block_on(main).unwrap()
}

async fn pause(seconds: u64) {
    sleep::<OneThread>(Duration::from_secs(seconds)).await;
}

/// Waits outside of every run.
async fn pause_outside(seconds: u64) {
    OneThread::timer(OneThread::now() + Duration::from_secs(seconds)).await;
}

#[test]
fn a_future_of_a_run_can_be_sent() {
    fn check(_: impl Send) {}
    check(run_future::<OneThread, _>(RunOptions::new(), async {}));
}

#[test]
fn runs_share_the_clock_and_nothing_else() {
    let one = host(async {
        pause(2).await;
        (current_run(), OneThread::now())
    });
    let other = host(async {
        pause(1).await;
        (current_run(), OneThread::now())
    });
    let (one, other) = drive(async { join(one, other).await });
    assert_ne!(one.0, other.0);
    assert_eq!(one.1 - other.1, Duration::from_secs(1));
}

/// Drops a run whose tasks hold, in all ways, while another run goes on.
#[test]
fn a_run_that_is_dropped_ends_and_the_other_goes_on() {
    let log = Log::default();
    let at_drop = |name| AtDrop(log.clone(), name);
    let (main, child, shielded, cleaning, handled) = (
        at_drop("main"),
        at_drop("child"),
        at_drop("shielded"),
        at_drop("cleaning"),
        at_drop("handled"),
    );
    let (send, received) = mpsc::channel();
    let crashing = host(async move {
        let _main = main;
        let handle = RunHandle::<OneThread>::current().unwrap();
        drop(handle.spawn(async move {
            let _handled = handled;
            pending::<()>().await;
        }));
        send.send(handle).unwrap();
        let group = task_group::<OneThread, Infallible, _, _>(async |tg| {
            tg.spawn(async move {
                let _child = child;
                pause(100).await;
            });
            tg.spawn(shield(async move {
                let _shielded = shielded;
                pause(100).await;
            }));
            tg.spawn(finally(pending::<()>(), async move || {
                let _cleaning = cleaning;
                pause(100).await;
            }));
            pending::<()>().await;
            Ok(())
        });
        drop(group.await);
    });
    let steps = log.clone();
    drive(async move {
        let mut other = pin!(host(async {
            pause(10).await;
            OneThread::now()
        }));
        {
            let mut crashing = pin!(crashing);
            let both = join(&mut crashing, &mut other);
            let paused = pin!(pause_outside(1));
            assert!(matches!(select(paused, both).await, Either::Left(_)));
            assert!(steps.lock().unwrap().is_empty());
        }
        // The main future was dropped at once.
        assert_eq!(*steps.lock().unwrap(), ["main"]);
        other.await;
        let mut ended = steps.lock().unwrap().clone();
        ended.sort_unstable();
        assert_eq!(ended, ["child", "cleaning", "handled", "main", "shielded"]);
        let handle = received.recv().unwrap();
        assert!(handle.spawn(async {}).unwrap_err().is_ended());
    });
}

/// Drops a run while a function works for it: the drop does not wait, and the function learns of it.
#[test]
fn a_function_on_a_thread_is_not_waited_for() {
    let (begun, has_begun) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    drive(async move {
        let mut host = Box::pin(host(async move {
            to_thread::run::<OneThread, _, _>(move || {
                begun.send(()).unwrap();
                while from_thread::check_cancelled().is_ok() {
                    std::thread::yield_now();
                }
                ended.send(from_thread::run(async {}).is_err()).unwrap();
            })
            .await;
        }));
        assert!(
            host.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        has_begun.recv().unwrap();
        drop(host);
        assert!(has_ended.recv().unwrap());
    });
}

#[test]
fn a_run_inside_a_task_of_a_run_is_refused() {
    let polled = run(async {
        let mut inner = pin!(run_future::<OneThread, _>(RunOptions::new(), async {}));
        inner.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.is_nested()));
}

/// Drops a run before its first poll, and one that has ended.
#[test]
fn the_drop_does_nothing_before_the_first_poll_and_after_the_end() {
    drop(run_future::<OneThread, _>(RunOptions::new(), async {}));
    drive(async {
        let mut host = Box::pin(host(async { 7 }));
        assert_eq!((&mut host).await, 7);
        drop(host);
    });
}
