//! Happy eyeballs, with simulated attempts.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::cancel::finally;
use anyrt_core::net::happy_eyeballs;
use anyrt_core::runtime::Time;
use anyrt_core::time::{Instant, sleep};
use futures_util::future::join;

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch, forever, panic_quietly, run, yields};

/// Returns `count` addresses with ports that count from 0.
fn addresses(count: u16) -> impl Iterator<Item = SocketAddr> {
    (0..count).map(|port| ([127, 0, 0, 1], port).into())
}

/// NET-13: the next attempt begins when the delay has passed since the one before it; the first
/// success wins, and the others have been dropped by then.
pub fn attempts_begin_after_the_delay(backend: &Backend) {
    run(backend, async {
        let delay = Duration::from_millis(20);
        let begun = Mutex::new(Vec::new());
        let dropped = [Flag::new(), Flag::new()];
        let won = happy_eyeballs::<R, _, _, _>(addresses(4), delay, |address| {
            // Noted here, and not when it is first polled: the delay counts from now.
            begun.lock().unwrap().push(R::now());
            let number = usize::from(address.port());
            let dropped = dropped.get(number);
            async move {
                if let Some(dropped) = dropped {
                    match forever(dropped).await {}
                }
                Ok(number)
            }
        });
        assert_eq!(won.await.unwrap(), 2);
        assert!(dropped.iter().all(Flag::is_raised));
        assert_delays(&begun.lock().unwrap(), 3, delay);
    });
}

fn assert_delays(begun: &[Instant], count: usize, delay: Duration) {
    assert_eq!(begun.len(), count);
    for pair in begun.windows(2) {
        assert!(pair[1] - pair[0] >= delay, "too soon: {begun:?}");
    }
}

/// NET-13: a failure makes the next attempt begin at once.
pub fn a_failure_lets_the_next_attempt_begin(backend: &Backend) {
    run(backend, async {
        let gate = Gate::new();
        let attempt = async |address: SocketAddr| match address.port() {
            0 => Err(io::ErrorKind::ConnectionRefused.into()),
            1 => {
                gate.opened().await;
                Err(io::ErrorKind::TimedOut.into())
            }
            number => Ok(number),
        };
        let won = happy_eyeballs::<R, _, _, _>(addresses(9), Duration::MAX, attempt);
        let (won, ()) = join(won, async {
            yields(3).await;
            gate.open();
        })
        .await;
        assert_eq!(won.unwrap(), 2);
    });
}

/// NET-13: only the failure of the last attempt makes the next one begin at once; the failure of an earlier
/// one does not.
pub fn an_older_failure_hurries_nobody(backend: &Backend) {
    run(backend, async {
        let delay = Duration::from_millis(20);
        let begun = Mutex::new(Vec::new());
        let second = Gate::new();
        let attempt = async |number| match number {
            0 => {
                second.opened().await;
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            1 => {
                second.open();
                match forever(&Flag::new()).await {}
            }
            number => Ok(number),
        };
        let won = happy_eyeballs::<R, _, _, _>(addresses(3), delay, |address| {
            begun.lock().unwrap().push(R::now());
            attempt(address.port())
        });
        assert_eq!(won.await.unwrap(), 2);
        assert_delays(&begun.lock().unwrap(), 3, delay);
    });
}

/// NET-13, G12: losers are cancelled, and their clean-up is waited for.
pub fn losers_clean_up_before_the_return(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let attempt = |address: SocketAddr| {
            let log = log.clone();
            async move {
                if address.port() > 0 {
                    return Ok(());
                }
                let clean_up = async || {
                    sleep::<R>(Duration::from_millis(5)).await;
                    log.add("cleaned up");
                };
                match finally(forever(&Flag::new()), clean_up).await {}
            }
        };
        let won = happy_eyeballs::<R, _, _, _>(addresses(2), Duration::ZERO, attempt);
        won.await.unwrap();
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

/// NET-13: of several attempts that succeed in the same instant one is returned, and the others have been
/// dropped.
pub fn of_several_successes_one_is_kept(backend: &Backend) {
    run(backend, async {
        let gate = Gate::new();
        let alive = Arc::new(AtomicUsize::new(0));
        let attempt = async |_| {
            gate.opened().await;
            Ok(Alive::new(&alive))
        };
        let won = happy_eyeballs::<R, _, _, _>(addresses(5), Duration::ZERO, attempt);
        let (won, ()) = join(won, async { gate.open() }).await;
        assert_eq!(alive.load(Ordering::SeqCst), 1);
        drop(won);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    });
}

/// A value that is counted while it exists.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Alive {
        count.fetch_add(1, Ordering::SeqCst);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// NET-10: if all attempts fail, the error has each of them, in the order in which they began, whatever the
/// order in which they failed.
pub fn without_success_all_errors_come_out(backend: &Backend) {
    run(backend, async {
        let last_failed = Gate::new();
        let attempt = async |address: SocketAddr| -> io::Result<()> {
            if address.port() == 2 {
                last_failed.open();
                return Err(io::ErrorKind::NetworkUnreachable.into());
            }
            last_failed.opened().await;
            Err(io::ErrorKind::ConnectionRefused.into())
        };
        let lost = happy_eyeballs::<R, _, _, _>(addresses(3), Duration::ZERO, attempt);
        let error = lost.await.unwrap_err();
        let ports = error.attempts().iter().filter_map(|a| a.address.as_ip());
        assert_eq!(ports.map(|a| a.port()).collect::<Vec<_>>(), [0, 1, 2]);
        // An error from a peer has precedence over a missing route.
        let kind = io::Error::from(error).kind();
        assert_eq!(kind, io::ErrorKind::ConnectionRefused);
    });
}

/// NET-10: no address is an error, too.
pub fn without_an_address_nothing_is_tried(backend: &Backend) {
    run(backend, async {
        let attempt = async |_| -> io::Result<()> { unreachable!("there is no address") };
        let lost = happy_eyeballs::<R, _, _, _>(addresses(0), Duration::ZERO, attempt);
        assert!(lost.await.unwrap_err().attempts().is_empty());
    });
}

/// NET-13, G12: a panic cancels the other attempts, waits for them, and continues; no more begin.
pub fn a_panic_of_an_attempt_continues(backend: &Backend) {
    run(backend, async {
        let dropped = Flag::new();
        let begun = AtomicUsize::new(0);
        let attempt = async |address: SocketAddr| -> io::Result<()> {
            begun.fetch_add(1, Ordering::SeqCst);
            match address.port() {
                0 => match forever(&dropped).await {},
                _ => panic_quietly("this attempt is broken"),
            }
        };
        let delay = Duration::from_millis(1);
        let broken = happy_eyeballs::<R, _, _, _>(addresses(9), delay, attempt);
        assert_eq!(catch(broken).await.unwrap_err(), "this attempt is broken");
        assert!(dropped.is_raised());
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    });
}

/// NET-13, C4: wherever it is cancelled, no attempt is left, and no connection of an attempt that
/// succeeded.
pub fn nothing_is_left_wherever_it_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let alive = Arc::new(AtomicUsize::new(0));
            let attempt = async |address: SocketAddr| {
                let attempt = Alive::new(&alive);
                sleep::<R>(Duration::from_millis(2)).await;
                match address.port() {
                    0 => match forever(&Flag::new()).await {},
                    1 => Err(io::ErrorKind::ConnectionRefused.into()),
                    _ => Ok(attempt),
                }
            };
            let delay = Duration::from_millis(1);
            let eyeballs = happy_eyeballs::<R, _, _, _>(addresses(4), delay, attempt);
            let won = cut.apply(eyeballs).await.map(Result::unwrap);
            let left = alive.load(Ordering::SeqCst);
            assert_eq!(left, usize::from(won.is_some()));
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { net_eyeballs: erased [Sockets],
    attempts_begin_after_the_delay,
    a_failure_lets_the_next_attempt_begin,
    an_older_failure_hurries_nobody,
    losers_clean_up_before_the_return,
    of_several_successes_one_is_kept,
    without_success_all_errors_come_out,
    without_an_address_nothing_is_tried,
    a_panic_of_an_attempt_continues,
    nothing_is_left_wherever_it_is_cancelled,
}
