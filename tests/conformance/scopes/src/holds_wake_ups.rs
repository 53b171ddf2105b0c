//! Holds, and wake-ups that are in progress when a scope probes its holders. Rule C6.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use anyrt_core::cancel::{CancelScope, finally};
use futures_util::task::AtomicWaker;

use crate::erased::{Backend, R};
use crate::support::{Gate, Log, poll_once, run};

/// C6, HO-01: while another thread is waking something in a cancelled scope, no holder in it counts as
/// stranded, although a probe does not reach it: the wake-up is in progress already.
pub fn a_wake_up_on_its_way_keeps_holders_from_being_stranded(backend: &Backend) {
    run(backend, async {
        let (log, end) = (Log::new(), Gate::new());
        let holder = {
            let (log, end) = (log.clone(), end.clone());
            finally(async {}, async move || {
                let _dropped = log.on_drop("dropped");
                end.opened().await;
                log.add("cleaned up");
            })
        };
        let inside = CancelScope::<R>::new();
        let inside_handle = inside.handle();
        let path = Arc::new(Path::default());
        let around = CancelScope::<R>::new();
        let around_handle = around.handle();
        let mut scope = pin!(around.run(Detour {
            future: Box::pin(inside.run(holder)),
            path: path.clone(),
        }));
        assert!(poll_once(scope.as_mut()).await.is_pending());

        path.slow.store(true, Ordering::SeqCst);
        let waking = thread::spawn(move || inside_handle.cancel());
        path.entered.opened().await;
        around_handle.cancel();
        for _ in 0..20 {
            assert!(poll_once(scope.as_mut()).await.is_pending());
        }
        assert!(log.entries().is_empty(), "{:?}", log.entries());

        path.left.open();
        waking.join().expect("cancelling does not panic");
        end.open();
        let _ = scope.await;
        assert_eq!(log.entries(), ["cleaned up", "dropped"]);
    });
}

/// A combinator that polls its future only when the future was woken. As in most combinators, waking it
/// while a wake-up is in progress has no effect.
struct Detour<F> {
    future: Pin<Box<F>>,
    path: Arc<Path>,
}

/// The path of a wake-up through a [`Detour`].
#[derive(Default)]
struct Path {
    /// Set by the first poll, which needs no wake-up.
    polled: AtomicBool,
    /// Set when a wake-up begins, and cleared by the next poll of the future. Further wake-ups in between have
    /// no effect.
    begun: AtomicBool,
    /// Set when a wake-up has arrived, and cleared by the poll that it permits.
    arrived: AtomicBool,
    /// Whether the next wake-up stops half-way.
    slow: AtomicBool,
    /// The gate that the slow wake-up opens when it has begun; it waits for `left`.
    entered: Gate,
    left: Gate,
    parent: AtomicWaker,
}

impl Wake for Path {
    fn wake(self: Arc<Self>) {
        if self.begun.swap(true, Ordering::SeqCst) {
            return;
        }
        if self.slow.swap(false, Ordering::SeqCst) {
            self.entered.open();
            self.left.wait_blocking();
        }
        self.arrived.store(true, Ordering::SeqCst);
        self.parent.wake();
    }
}

impl<F: Future> Future for Detour<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.path.parent.register(cx.waker());
        let first = !self.path.polled.swap(true, Ordering::SeqCst);
        if !first && !self.path.arrived.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        self.path.begun.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.path.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

anyrt_conformance_kit::cases! { holds_wake_ups: erased,
    a_wake_up_on_its_way_keeps_holders_from_being_stranded: [foreign_wakes],
}
