//! Wakers that panic, and wakers and reports that call back into their caller: all others are woken,
//! nothing is poisoned, and no lock is held. EN-35.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, finally};
use anyrt_core::stream::memory_object_stream;
use anyrt_core::sync::{Barrier, Event, Mutex, Promise, RwLock, Semaphore};
use anyrt_core::task::{GroupOptions, TaskHandle, task_group};

use super::holds_support::PollsInWake;
use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{ends_within, foreign_sleep, within};
use crate::support::{
    Gate, Log, Wakes, catch_sync, panic_quietly, panicking_waker, poll_once, run, yields,
};

const LIMIT: Duration = Duration::from_secs(1);

type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Returns a waker that panics when its last clone is dropped.
fn panics_when_dropped() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic_quietly("a waker that is dropped");
        }
    }
    Waker::from(Arc::new(Panics))
}

/// Returns a waker that calls a function when it is woken, and when it is dropped.
fn comes_back(call: impl Fn() + Send + Sync + 'static) -> Waker {
    struct ComesBack<F: Fn()>(F);
    impl<F: Fn() + Send + Sync> Wake for ComesBack<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            (self.0)();
        }
    }
    impl<F: Fn()> Drop for ComesBack<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    Waker::from(Arc::new(ComesBack(call)))
}

/// Polls three futures, the one in the middle with `waker`. Then calls `trigger`, which may panic, and
/// requires that the other two were woken.
fn others_are_woken(what: &str, waker: &Waker, mut waits: [Wait<'_>; 3], trigger: impl FnOnce()) {
    let wakes = [Wakes::new(), Wakes::new()];
    assert!(wakes[0].poll(waits[0].as_mut()).is_pending(), "{what}");
    let mut cx = Context::from_waker(waker);
    assert!(waits[1].as_mut().poll(&mut cx).is_pending(), "{what}");
    assert!(wakes[1].poll(waits[2].as_mut()).is_pending(), "{what}");
    let _ = catch_sync(trigger);
    for (wakes, wait) in wakes.iter().zip([0, 2]) {
        assert!(wakes.count() > 0, "{what}: the future {wait} is not woken");
        assert!(wakes.poll(waits[wait].as_mut()).is_ready(), "{what}");
    }
}

/// Creates the same future three times.
fn three<'a, F: Future + 'a>(new: impl Fn() -> F) -> [Wait<'a>; 3] {
    [(); 3].map(|()| {
        let future = new();
        Box::pin(async move { drop(future.await) }) as Wait<'a>
    })
}

/// Runs each synchronization primitive with a waker in its queue.
fn with_each_primitive(waker: impl Fn() -> Waker) {
    let event = Event::new();
    others_are_woken("event", &waker(), three(|| event.wait()), || event.set());

    let permits = Semaphore::new(0);
    let waits = three(|| async { permits.acquire().await.forget() });
    others_are_woken("semaphore", &waker(), waits, || {
        for _ in 0..3 {
            let _ = catch_sync(|| permits.release().unwrap());
        }
    });
    assert_eq!(permits.available(), 1, "the one in the middle passes it on");

    let lock = RwLock::new(());
    let writes = lock.try_write().unwrap();
    others_are_woken("readers", &waker(), three(|| lock.read()), || drop(writes));
    drop(lock.try_write().expect("all readers are gone"));

    let barrier = Barrier::new(4);
    others_are_woken("barrier", &waker(), three(|| barrier.wait()), || {
        let wakes = Wakes::new();
        assert!(wakes.poll(pin!(barrier.wait())).is_ready());
    });

    let promise = Promise::<u8>::new();
    others_are_woken("promise", &waker(), three(|| promise.value()), || {
        let _ = promise.set(1);
    });

    let (send, receive) = memory_object_stream::<u8>(0);
    others_are_woken("stream", &waker(), three(|| receive.receive()), || {
        drop(send);
    });

    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let mut first = Box::pin(mutex.lock());
    let (panics, wakes) = (waker(), Wakes::new());
    let mut cx = Context::from_waker(&panics);
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let mut second = pin!(mutex.lock());
    assert!(wakes.poll(second.as_mut()).is_pending());
    let _ = catch_sync(|| drop(guard));
    drop(first);
    assert!(wakes.poll(second.as_mut()).is_ready(), "mutex");
}

/// EN-35: a waker that panics keeps no other task asleep that waits for the same.
pub fn everybody_else_is_woken_if_a_waker_panics(_backend: &Backend) {
    with_each_primitive(panicking_waker);
}

/// EN-35: a waker that calls a primitive when it is woken or dropped finds no lock held.
pub fn no_lock_is_held_while_a_waker_is_woken_or_dropped(_backend: &Backend) {
    ends_within(LIMIT, "wakers that come back", || {
        let event = Arc::new(Event::new());
        let again = event.clone();
        let waker = comes_back(move || {
            let _ = again.statistics();
        });
        others_are_woken("event", &waker, three(|| event.wait()), || event.set());

        let permits = Arc::new(Semaphore::new(0));
        let again = permits.clone();
        let waker = comes_back(move || drop(again.try_acquire()));
        let waits = three(|| async { permits.acquire().await.forget() });
        others_are_woken("semaphore", &waker, waits, || {
            (0..3).for_each(|_| permits.release().unwrap());
        });

        let (send, receive) = memory_object_stream::<u8>(0);
        let again = send.clone();
        let waker = comes_back(move || {
            let _ = (again.statistics(), again.try_send(1));
        });
        others_are_woken("stream", &waker, three(|| receive.receive()), || {
            (0..3).for_each(|n| drop(send.try_send(n)));
        });

        // Another waker replaces one that calls back, which is dropped.
        let again = event.clone();
        let event = Event::new();
        let mut wait = pin!(event.wait());
        let waker = comes_back(move || {
            let _ = again.statistics();
        });
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        assert!(Wakes::new().poll(wait.as_mut()).is_pending());
    });
}

/// EN-35, C2: cancelling a scope wakes everything in it, although a waker panics, and completes.
pub fn cancelling_wakes_everybody_else_if_a_waker_panics(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let wakes = Wakes::new();
        let log = Log::new();
        let body = async {
            let clean = |name: &'static str| {
                let log = log.clone();
                Box::pin(finally(blocked(), async move || log.add(name)))
            };
            let mut holders = [clean("a"), clean("b"), clean("c")];
            assert!(wakes.poll(holders[0].as_mut()).is_pending());
            let waker = panicking_waker();
            let mut cx = Context::from_waker(&waker);
            assert!(holders[1].as_mut().poll(&mut cx).is_pending());
            assert!(wakes.poll(holders[2].as_mut()).is_pending());
            yields(1).await;
            let _ = catch_sync(|| handle.cancel());
            assert_eq!(wakes.count(), 2, "the other holders");
            assert!(handle.is_cancelled());
            let [a, b, c] = holders;
            futures_util::future::join3(a, b, c).await;
        };
        assert!(within(LIMIT, "the scope", scope.run(body)).await.is_err());
        let mut log = log.entries();
        log.sort();
        assert_eq!(log, ["a", "b", "c"]);
    });
}

/// EN-35, G8: a task ends, and its group with it, although a waker that waits for it panics; the other
/// waiting tasks are woken.
pub fn a_task_ends_although_a_waker_that_waits_panics(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        run(&backend, async {
            let (wakes, gate) = (Wakes::new(), Gate::new());
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let opened = gate.clone();
                let task: TaskHandle<()> = tg.spawn(async move { opened.opened().await });
                let mut waits = [(); 3].map(|()| Box::pin(task.wait()));
                assert!(wakes.poll(waits[0].as_mut()).is_pending());
                let waker = panicking_waker();
                let mut cx = Context::from_waker(&waker);
                assert!(waits[1].as_mut().poll(&mut cx).is_pending());
                assert!(wakes.poll(waits[2].as_mut()).is_pending());
                yields(3).await;
                gate.open();
                within(LIMIT, "the task", task.wait()).await;
            });
            let _ = crate::support::catch(within(LIMIT, "the group", group)).await;
            assert_eq!(wakes.count(), 2);
        });
    });
}

/// EN-35: a waker that panics when it is dropped is replaced by another one: the wait continues.
pub fn a_waker_that_panics_when_dropped_poisons_nothing(backend: &Backend) {
    let event = Event::new();
    let mut wait = Box::pin(event.wait());
    let waker = panics_when_dropped();
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(catch_sync(|| drop(waker)).is_ok(), "the event has another");
    let wakes = Wakes::new();
    let mut other = pin!(event.wait());
    assert!(wakes.poll(other.as_mut()).is_pending());
    // It may panic here, but not again.
    let _ = catch_sync(|| wakes.poll(wait.as_mut()).is_pending());
    let _ = catch_sync(|| drop(wait));
    event.set();
    assert!(wakes.count() > 0);
    assert!(wakes.poll(other.as_mut()).is_ready());

    run(backend, async {
        let (outer, gate, log) = (CancelScope::<R>::new(), Gate::new(), Log::new());
        let handle = outer.handle();
        let body = async {
            let clean = |name: &'static str| {
                let (log, gate) = (log.clone(), gate.clone());
                Box::pin(finally(blocked(), async move || {
                    gate.opened().await;
                    log.add(name);
                }))
            };
            let (mut one, mut other) = (clean("one"), clean("other"));
            let waker = panics_when_dropped();
            assert!(
                one.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            let _ = catch_sync(|| drop(waker));
            assert!(poll_once(other.as_mut()).await.is_pending());
            let wakes = Wakes::new();
            let _ = catch_sync(|| wakes.poll(one.as_mut()).is_pending());
            let _ = catch_sync(|| drop(one));
            let _ = catch_sync(|| handle.cancel());
            gate.open();
            other.await;
        };
        assert!(within(LIMIT, "the scope", outer.run(body)).await.is_err());
        assert_eq!(log.entries(), ["other"]);
    });
}

/// EN-35, G10: reporting an error may cause the next report on the same thread; both arrive.
pub fn no_lock_is_held_while_an_error_is_reported(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        run(&backend, async {
            let errors = Arc::new(StdMutex::new(Vec::new()));
            let (gate, reported) = (Gate::new(), errors.clone());
            let opens = gate.clone();
            let report = move |error: u8| {
                // The other task is polled in here, and fails.
                opens.open();
                reported.lock().unwrap().push(error);
            };
            let options = GroupOptions::new();
            let group = options.run_reporting::<PollsInWake<R>, u8, _, _>(report, async |tg| {
                let (waiting, opened) = (Gate::new(), gate.clone());
                let waits = waiting.clone();
                tg.spawn(async move {
                    waits.open();
                    opened.opened().await;
                    Err::<(), _>(2)
                });
                waiting.opened().await;
                // Until its poll is over, so that it can be polled again inside a wake-up.
                foreign_sleep(Duration::from_millis(30)).await;
                tg.spawn(async { Err::<(), _>(1) });
                Ok(())
            });
            assert!(group.await.is_ok());
            let mut errors = errors.lock().unwrap().clone();
            errors.sort_unstable();
            assert_eq!(errors, [1, 2]);
        });
    });
}

anyrt_conformance_kit::cases! { engine_wakers: erased,
    everybody_else_is_woken_if_a_waker_panics,
    no_lock_is_held_while_a_waker_is_woken_or_dropped,
    cancelling_wakes_everybody_else_if_a_waker_panics,
    a_task_ends_although_a_waker_that_waits_panics,
    a_waker_that_panics_when_dropped_poisons_nothing,
    no_lock_is_held_while_an_error_is_reported,
}
