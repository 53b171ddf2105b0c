//! Calls to and from threads, cancelled at each of their polls: C4, C6, C10, TH-02 to TH-04, TH-12.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{checkpoint, finally};
use anyrt_core::thread::{from_thread, to_thread};

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Log, OnDrop, linger};

/// TH-02, TH-03, C6: a call runs once or not at all; where it was begun, its scope does not end before it
/// has; its value is dropped once.
pub fn a_call_is_waited_for_wherever_it_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (log, living) = (Log::new(), Arc::new(AtomicUsize::new(0)));
            let (there, value) = (log.clone(), counted(&living));
            let call = to_thread::run::<R, _, _>(move || {
                there.add("begun");
                linger(Duration::from_millis(1));
                there.add("ended");
                value
            });
            let completed = cut.apply(call).await.is_some();
            if cut.way().is_orderly() {
                assert_eq!(log.count("begun"), log.count("ended"));
                assert_eq!(
                    completed,
                    log.has("ended"),
                    "a value that was made is delivered"
                );
                assert_eq!(living.load(Ordering::SeqCst), 0);
            }
            settle(&living).await;
            log
        },
        |_, log| assert!(log.count("begun") <= 1),
    );
}

/// TH-04: with abandonment the function runs once or not at all, and nothing of it is left in the
/// end.
pub fn an_abandoned_call_leaves_nothing_behind(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (log, living) = (Log::new(), Arc::new(AtomicUsize::new(0)));
            let (there, value) = (log.clone(), counted(&living));
            let options = to_thread::Options::<R>::new().abandon_on_cancel();
            let call = options.run(move || {
                there.add("begun");
                linger(Duration::from_millis(1));
                there.add("ended");
                value
            });
            cut.apply(call).await;
            settle(&living).await;
            assert_eq!(log.count("begun"), log.count("ended"));
            log
        },
        |_, log| assert!(log.count("begun") <= 1),
    );
}

/// TH-12, C8: wherever a caller is cancelled, the futures that its thread has sent are cleaned up before
/// the thread continues; where it is dropped, nothing of them is left, and the thread continues too.
pub fn what_is_called_back_ends_before_its_thread_goes_on(backend: &Backend) {
    for abandons in [false, true] {
        cancel_everywhere(
            backend,
            async |cut| {
                let (log, living) = (Log::new(), Arc::new(AtomicUsize::new(0)));
                let (there, guard) = (log.clone(), counted(&living));
                let mut options = to_thread::Options::<R>::new();
                if abandons {
                    options = options.abandon_on_cancel();
                }
                let orderly = cut.way().is_orderly();
                let call = options.run(move || {
                    let _guard = guard;
                    let inside = there.clone();
                    let sent = Arc::new(AtomicUsize::new(0));
                    let sending = counted(&sent);
                    let called = from_thread::run(async move {
                        let _sending = sending;
                        let body = async {
                            inside.add("begun");
                            checkpoint().await;
                            checkpoint().await;
                        };
                        let cleanup = async || {
                            checkpoint().await;
                            inside.add("cleaned up");
                        };
                        finally(body, cleanup).await;
                    });
                    assert_eq!(
                        sent.load(Ordering::SeqCst),
                        0,
                        "gone before the thread goes on"
                    );
                    if orderly {
                        assert_eq!(there.count("begun"), there.count("cleaned up"));
                    }
                    if called.is_ok() {
                        assert!(there.has("cleaned up"));
                    }
                    there.add("thread ends");
                });
                cut.apply(call).await;
                if orderly && !abandons {
                    assert_eq!(living.load(Ordering::SeqCst), 0);
                }
                settle(&living).await;
                log
            },
            |_, log| assert!(log.count("begun") <= 1),
        );
    }
}

/// Returns a guard that is counted until it is dropped.
fn counted(living: &Arc<AtomicUsize>) -> impl Send + 'static + use<> {
    living.fetch_add(1, Ordering::SeqCst);
    let living = living.clone();
    OnDrop::new(move || {
        living.fetch_sub(1, Ordering::SeqCst);
    })
}

/// Waits until all guards that were counted are dropped.
async fn settle(living: &Arc<AtomicUsize>) {
    crate::support::until(|| living.load(Ordering::SeqCst) == 0).await;
}

anyrt_conformance_kit::cases! { threads_everywhere: erased,
    a_call_is_waited_for_wherever_it_is_cancelled,
    an_abandoned_call_leaves_nothing_behind,
    what_is_called_back_ends_before_its_thread_goes_on,
}
