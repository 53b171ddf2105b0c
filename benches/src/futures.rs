//! The small futures that both sides of every comparison run.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// A future that yields once.
#[derive(Default)]
pub(crate) struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A future that is ready when it is polled for the second time, and does not wake its task.
#[derive(Default)]
pub(crate) struct ReadySecond(bool);

impl Future for ReadySecond {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

/// A future that counts down on its first poll, and then never completes. It has `WORDS` words in
/// addition to a pointer.
pub(crate) struct Blocked<const WORDS: usize = 0> {
    countdown: Option<Arc<Countdown>>,
    _words: [usize; WORDS],
}

impl<const WORDS: usize> Blocked<WORDS> {
    pub(crate) fn new(countdown: &Arc<Countdown>) -> Blocked<WORDS> {
        Blocked {
            countdown: Some(countdown.clone()),
            _words: [0; WORDS],
        }
    }
}

impl<const WORDS: usize> Future for Blocked<WORDS> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if let Some(countdown) = self.countdown.take() {
            countdown.count();
        }
        Poll::Pending
    }
}

/// A counter and a waker, the usual way to wait until detached tasks have ended.
pub(crate) struct Countdown {
    left: AtomicUsize,
    waker: AtomicWaker,
}

impl Countdown {
    pub(crate) fn new(count: usize) -> Arc<Countdown> {
        Arc::new(Countdown {
            left: AtomicUsize::new(count),
            waker: AtomicWaker::new(),
        })
    }

    #[inline]
    pub(crate) fn count(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waker.wake();
        }
    }

    pub(crate) async fn wait(&self) {
        std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.left.load(Ordering::Acquire) == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
