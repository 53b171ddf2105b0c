//! Portals that are cancelled at each of their polls, while a thread uses them: C6, C10, TH-13,
//! TH-16, TH-19.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use anyrt_core::cancel::{checkpoint, finally};
use anyrt_core::error::CallError;
use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use anyrt_core::thread::BlockingPortal;

use crate::cancel_everywhere::{Cut, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::support::{Gate, Log, yields};

/// A thread outside of the run, which uses a portal; `None` if the portal's body never began.
type Outside<T> = Option<JoinHandle<T>>;

/// Opens a portal for as long as a thread uses it, and cuts that. Checks by the log that nothing that the
/// thread began is left when the portal has ended.
async fn cut_while_used<R: Runtime, T: Send + 'static>(
    cut: &Cut<R>,
    log: &Log,
    uses: impl FnOnce(BlockingPortal<R>) -> T + Send + 'static,
) -> Outside<T> {
    let outside = Arc::new(Mutex::new(None));
    let begun = outside.clone();
    let portal = BlockingPortal::<R>::open(async move |portal| {
        let done = Gate::new();
        let opens = done.clone();
        *begun.lock().unwrap() = Some(thread::spawn(move || {
            let result = uses(portal);
            opens.open();
            result
        }));
        done.opened().await;
        Ok::<_, Infallible>(())
    });
    cut.apply(portal).await;
    if cut.way().is_orderly() {
        assert_eq!(log.count("begun"), log.count("cleaned up"));
    }
    outside.lock().unwrap().take()
}

/// Works, and cleans up in several steps.
async fn work(log: Log) -> u32 {
    let body = async {
        log.add("begun");
        checkpoint().await;
        checkpoint().await;
        7
    };
    let cleanup = async || {
        checkpoint().await;
        log.add("cleaned up");
    };
    finally(body, cleanup).await
}

/// TH-13, TH-16, C6, C10: wherever a portal is cancelled, a task that a thread called has cleaned up when
/// the portal has ended, or, if that was dropped, when the run has; and the thread gets its value, or the
/// reason why there is none.
pub fn a_call_is_answered_wherever_its_portal_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let inside = log.clone();
            let uses = move |portal: BlockingPortal<R>| portal.call(work(inside));
            let outside = cut_while_used(cut, &log, uses).await;
            (log, outside)
        },
        |_, (log, outside): (Log, Outside<Result<u32, CallError>>)| {
            let answer = outside.map(|thread| thread.join().unwrap());
            assert_eq!(log.count("begun"), log.count("cleaned up"));
            match answer {
                None => assert!(!log.has("begun")),
                Some(Ok(value)) => assert!(value == 7 && log.has("begun")),
                Some(Err(CallError::Cancelled(_) | CallError::NotRunning)) => {}
                Some(Err(error)) => panic!("{error}"),
            }
        },
    );
}

/// TH-19, TH-16, C6, C10: the same with a resource that a thread holds open: it has been closed then, and
/// the thread does not wait any longer.
pub fn what_is_held_open_is_closed_wherever_its_portal_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let inside = log.clone();
            let uses = move |portal: BlockingPortal<R>| {
                let held = portal.hold(move |holding| async move {
                    let body = async {
                        inside.add("begun");
                        checkpoint().await;
                        holding.until_released(5).await;
                    };
                    finally(body, async || inside.add("cleaned up")).await;
                });
                held.map(|held| {
                    assert_eq!(*held, 5);
                    drop(held);
                })
                .is_ok()
            };
            let outside = cut_while_used(cut, &log, uses).await;
            (log, outside)
        },
        |_, (log, outside): (Log, Outside<bool>)| {
            let opened = outside.is_some_and(|thread| thread.join().unwrap());
            assert_eq!(log.count("begun"), log.count("cleaned up"));
            assert!(!opened || log.has("begun"));
        },
    );
}

/// TH-16, C4: wherever a wait for a portal's stop is cancelled, nothing of it is left.
pub fn a_wait_for_the_stop_leaves_nothing_behind(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let opened = BlockingPortal::<R>::open(async |portal| {
                let stops = portal.clone();
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    tg.spawn(async move {
                        yields(3).await;
                        stops.stop();
                    });
                    let stopped = cut.apply(portal.stopped()).await;
                    assert!(stopped.is_none() || portal.is_stopped());
                    Ok(())
                });
                group.await.expect("nothing fails");
                portal.stopped().await;
                Ok::<_, Infallible>(())
            });
            opened.await.unwrap();
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { portals_everywhere: erased,
    a_call_is_answered_wherever_its_portal_is_cancelled: [foreign_wakes],
    what_is_held_open_is_closed_wherever_its_portal_is_cancelled: [foreign_wakes],
    a_wait_for_the_stop_leaves_nothing_behind,
}
