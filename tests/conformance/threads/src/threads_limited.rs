//! The number of functions that run at once: limiters of worker threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::error::CallError;
use anyrt_core::runtime::Spawn;
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::task::task_group;
use anyrt_core::thread::{from_thread, to_thread};
use futures_util::FutureExt;
use futures_util::future::{join, join_all, select};

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, OnDrop, linger, poll_once, run, until, yields};

/// TH-05: no more functions run at once than the given limiter has tokens, and all run.
pub fn a_limiter_is_never_exceeded(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(3));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let calls = (0..60).map(|_| {
            let (now, most) = (now.clone(), most.clone());
            options(&limiter).run(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                linger(Duration::from_micros(200));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        assert_eq!(join_all(calls).await.len(), 60);
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(limiter.statistics().borrowed, 0);
    });
}

/// TH-05: each run has a default limiter of 40 tokens, which is used by every call without another limiter;
/// outside of a run there is none.
pub fn the_default_limiter_has_forty_tokens(backend: &Backend) {
    assert!(to_thread::current_default_limiter().is_err());
    run(backend, async {
        let limiter = to_thread::current_default_limiter().unwrap();
        assert_eq!(limiter.total(), 40);
        let (begun, go_on) = (Arc::new(AtomicUsize::new(0)), Gate::new());
        let calls = (0..50).map(|_| {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            to_thread::run::<R, _, _>(move || {
                begun.fetch_add(1, Ordering::SeqCst);
                go_on.wait_blocking();
            })
        });
        let mut calls = Box::pin(join_all(calls));
        assert!(poll_once(calls.as_mut()).await.is_pending());
        until(|| begun.load(Ordering::SeqCst) == 40).await;
        let statistics = limiter.statistics();
        assert_eq!((statistics.borrowed, statistics.waiting), (40, 10));
        let there = limiter.clone();
        let other = Arc::new(CapacityLimiter::new(1));
        let same = options(&other)
            .run(move || Arc::ptr_eq(&there, &to_thread::current_default_limiter().unwrap()));
        assert!(
            same.await,
            "a limiter of its own is not in the way; the run's is one for all"
        );
        go_on.open();
        calls.await;
        assert_eq!(begun.load(Ordering::SeqCst), 50);
        assert_eq!(limiter.statistics().borrowed, 0);
    });
    run(backend, async {
        assert_eq!(to_thread::current_default_limiter().unwrap().total(), 40);
    });
}

/// TH-05: the default limiter can be adjusted while calls wait.
pub fn the_default_limiter_can_be_adjusted(backend: &Backend) {
    run(backend, async {
        let limiter = to_thread::current_default_limiter().unwrap();
        limiter.set_total(1);
        let (begun, go_on) = (Gate::new(), Gate::new());
        let inside = (begun.clone(), go_on.clone());
        let first = to_thread::run::<R, _, _>(move || {
            inside.0.open();
            inside.1.wait_blocking();
        });
        let mut first = Box::pin(first);
        assert!(poll_once(first.as_mut()).await.is_pending());
        begun.opened().await;
        let mut second = Box::pin(to_thread::run::<R, _, _>(|| 2));
        for _ in 0..5 {
            assert!(poll_once(second.as_mut()).await.is_pending());
            assert_eq!(limiter.statistics().waiting, 1);
        }
        limiter.set_total(2);
        assert_eq!(second.await, 2);
        go_on.open();
        first.await;
    });
}

/// TH-05: calls that wait for a token get it in the order of their arrival.
pub fn calls_queue_in_order(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let token = limiter.acquire_arc().await;
        let log = Log::new();
        let mut calls = Vec::new();
        for n in 0..20 {
            let log = log.clone();
            let call = options(&limiter).run(move || log.add(n.to_string()));
            let mut call = Box::pin(call);
            assert!(poll_once(call.as_mut()).await.is_pending());
            calls.push(call);
        }
        drop(token);
        join_all(calls).await;
        let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(log.entries(), expected);
    });
}

/// TH-02: a call that is cancelled while it waits for a token never runs, and leaves the queue.
pub fn a_call_that_is_cancelled_in_the_queue_never_runs(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let token = limiter.acquire_arc().await;
        let ran = Flag::new();
        let there = ran.clone();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = options(&limiter).run(move || there.raise());
        let mut scoped = Box::pin(scope.run(call));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        assert_eq!(limiter.statistics().waiting, 1);
        handle.cancel();
        assert!(scoped.await.is_err());
        assert_eq!(limiter.statistics().waiting, 0);
        drop(token);
        options(&limiter).run(|| ()).await;
        assert!(!ran.is_raised());
    });
}

/// TH-02: a call never runs if its token arrives together with the cancellation; the token is passed to the
/// next.
pub fn a_token_that_comes_with_the_cancellation_goes_on(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let token = limiter.acquire_arc().await;
        let ran = Flag::new();
        let there = ran.clone();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = options(&limiter).run(move || there.raise());
        let mut scoped = Box::pin(scope.run(call));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        let mut next = Box::pin(options(&limiter).run(|| 2));
        assert!(poll_once(next.as_mut()).await.is_pending());
        drop(token);
        handle.cancel();
        assert!(scoped.await.is_err());
        assert_eq!(next.await, 2);
        assert!(!ran.is_raised());
        assert_eq!(limiter.statistics().borrowed, 0);
    });
}

/// TH-04, TH-05: the token of an abandoned function stays borrowed until the function has ended.
pub fn an_abandoned_function_keeps_its_token(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let (begun, go_on) = (Gate::new(), Gate::new());
        let inside = (begun.clone(), go_on.clone());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = options(&limiter).abandon_on_cancel().run(move || {
            inside.0.open();
            inside.1.wait_blocking();
        });
        let mut scoped = Box::pin(scope.run(call));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel();
        assert!(scoped.await.is_err());
        assert_eq!(limiter.statistics().borrowed, 1);
        let mut next = Box::pin(options(&limiter).run(|| 2));
        for _ in 0..5 {
            assert!(poll_once(next.as_mut()).await.is_pending());
            yields(1).await;
        }
        go_on.open();
        assert_eq!(next.await, 2);
        assert_eq!(limiter.statistics().borrowed, 0);
    });
}

/// TH-02, TH-05: with a full limiter, a call runs once or not at all wherever it is cancelled; its
/// place and its token are passed on.
pub fn a_full_limiter_loses_nothing_wherever_calls_are_cancelled(backend: &Backend) {
    for abandons in [false, true] {
        cancel_everywhere(
            backend,
            async |cut| {
                let limiter = Arc::new(CapacityLimiter::new(1));
                let mut token = Some(limiter.acquire_arc().await);
                let log = Log::new();
                let there = log.clone();
                let mut options = options(&limiter);
                if abandons {
                    options = options.abandon_on_cancel();
                }
                let mut call = Box::pin(options.run(move || {
                    there.add("begun");
                    linger(Duration::from_millis(1));
                    there.add("ended");
                }));
                let mut polls = 0;
                // The token is returned between two polls.
                let operation = std::future::poll_fn(|cx| {
                    polls += 1;
                    if polls == 3 {
                        token = None;
                    }
                    if polls < 3 {
                        cx.waker().wake_by_ref();
                    }
                    call.as_mut().poll(cx)
                });
                cut.apply(operation).await;
                if cut.way().is_orderly() && !abandons {
                    assert_eq!(log.count("begun"), log.count("ended"));
                }
                drop((call, token));
                assert_eq!(limiter.statistics().waiting, 0);
                // Everything has been returned when the function, if it runs, has ended.
                drop(limiter.acquire().await);
                assert_eq!(limiter.statistics().borrowed, 0);
                assert_eq!(log.count("begun"), log.count("ended"));
                assert!(log.count("begun") <= 1);
            },
            |_, ()| {},
        );
    }
}

/// TH-03, TH-04, TH-05, TH-12: thousands of calls with few tokens, some cancelled, abandoned, dropped or
/// calling back, at random: the limit holds, and all tokens and values have been returned in the end.
pub fn thousands_of_calls_lose_nothing(backend: &Backend) {
    const CALLS: usize = 3000;
    let limiter = Arc::new(CapacityLimiter::new(4));
    let counts = Arc::new(Counts::default());
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            for _ in 0..CALLS {
                tg.spawn(one_of_many(limiter.clone(), counts.clone()));
                if tg.living() > 100 {
                    checkpoint().await;
                }
            }
        });
        group.await.unwrap();
        until(|| limiter.statistics().borrowed == 0 && counts.living() == 0).await;
        assert_eq!(limiter.statistics().waiting, 0);
    });
    assert!(counts.most.load(Ordering::SeqCst) <= 4);
    let ran = counts.ran.load(Ordering::SeqCst);
    assert!(ran > CALLS / 3 && ran <= CALLS, "{ran}");
    assert!(counts.wrong.lock().unwrap().is_empty());
}

#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
    ran: AtomicUsize,
    values: AtomicUsize,
    wrong: Mutex<Vec<CallError>>,
}

impl Counts {
    fn living(&self) -> usize {
        self.now.load(Ordering::SeqCst) + self.values.load(Ordering::SeqCst)
    }
}

async fn one_of_many(limiter: Arc<CapacityLimiter>, counts: Arc<Counts>) {
    let choose = R::choose;
    let mut options = options(&limiter);
    let abandons = choose(5) < 2;
    if abandons {
        options = options.abandon_on_cancel();
    }
    counts.values.fetch_add(1, Ordering::SeqCst);
    let counted = counts.clone();
    let value = OnDrop::new(move || {
        counted.values.fetch_sub(1, Ordering::SeqCst);
    });
    let calls_back = choose(3) == 0;
    let begun = Gate::new();
    let begins = begun.clone();
    let call = options.run(move || {
        begins.open();
        counts.ran.fetch_add(1, Ordering::SeqCst);
        let now = counts.now.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(now, Ordering::SeqCst);
        if calls_back {
            if let Err(error) = from_thread::run(yields(2)) {
                if !error.is_cancelled() {
                    counts.wrong.lock().unwrap().push(error);
                }
            }
        }
        counts.now.fetch_sub(1, Ordering::SeqCst);
        value
    });
    // Some are dropped, some are cancelled, early or once the function has begun.
    let way = choose(7);
    let early = choose(11) < 5;
    let turns = choose(5);
    let waiting = async {
        if early {
            yields(turns).await;
        } else {
            begun.opened().await;
        }
    };
    match way {
        0 | 1 => drop(call.await),
        2 | 3 => drop(select(Box::pin(call), Box::pin(waiting)).await),
        _ => {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let cancelling = waiting.map(|()| handle.cancel());
            drop(join(scope.run(call), cancelling).await);
        }
    }
}

fn options(limiter: &Arc<CapacityLimiter>) -> to_thread::Options<R> {
    to_thread::Options::new().limiter(limiter)
}

anyrt_conformance_kit::cases! { threads_limited: erased,
    a_limiter_is_never_exceeded,
    the_default_limiter_has_forty_tokens,
    the_default_limiter_can_be_adjusted,
    calls_queue_in_order,
    a_call_that_is_cancelled_in_the_queue_never_runs,
    a_token_that_comes_with_the_cancellation_goes_on,
    an_abandoned_function_keeps_its_token,
    a_full_limiter_loses_nothing_wherever_calls_are_cancelled,
    thousands_of_calls_lose_nothing,
}
