//! Receiving signals: SG-01 to SG-06, S1 to S10.
//!
//! Signals without a receiver are tested in `tests/apps/tests/signals.rs`.

use std::fs;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, fail_after};
use anyrt_core::signals::{Signal, SignalReceiver, receiver};
use anyrt_core::task::{Wait, all, task_group, tree};
use anyrt_core::testing::wait_all_tasks_blocked;
use futures_util::StreamExt;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::support::{in_cancelled_scope, poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(20);

fn open(signals: &[Signal]) -> SignalReceiver<OsR> {
    receiver::<OsR>(signals).unwrap()
}

/// Sends a signal to this thread: its handler has returned when this does.
fn raise(signal: Signal) {
    signal_hook::low_level::raise(signal.as_raw()).unwrap();
}

/// Returns whether nothing is received for a while.
async fn is_silent(signals: &mut SignalReceiver<OsR>) -> bool {
    fail_after::<OsR, _>(SHORT, signals.receive())
        .await
        .is_err()
}

/// Returns whether the process has a handler for a signal; `None` where that is not visible.
fn has_handler(signal: Signal) -> Option<bool> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught?.trim(), 16).unwrap();
    Some(caught & (1 << (signal.as_raw() - 1)) != 0)
}

/// SG-01, S4: different signals are received in the order of their arrival, in each of the orders of four.
pub fn different_signals_keep_their_order(backend: &OsBackend) {
    const FOUR: [Signal; 4] = [Signal::USR1, Signal::USR2, Signal::HUP, Signal::TERM];
    run(backend, async {
        let mut signals = open(&FOUR);
        for number in 0..24 {
            let (mut left, mut rest) = (FOUR.to_vec(), number);
            let raised: Vec<_> = (1..=4)
                .rev()
                .map(|count| {
                    let signal = left.remove(rest % count);
                    rest /= count;
                    signal
                })
                .collect();
            raised.iter().copied().for_each(raise);
            let mut received = Vec::new();
            for _ in 0..4 {
                received.push(signals.receive().await.unwrap());
            }
            if cfg!(target_os = "linux") {
                assert_eq!(received, raised);
            } else {
                assert!(raised.iter().all(|signal| received.contains(signal)));
            }
        }
        assert!(is_silent(&mut signals).await);
    });
}

/// SG-01: signals that arrive before the first call, while it waits, and between two calls are received.
pub fn nothing_is_missed_while_the_receiver_is_open(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1, Signal::USR2]);
        raise(Signal::USR1);
        assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
        raise(Signal::USR2);
        assert_eq!(signals.receive().await.unwrap(), Signal::USR2);
        let (received, ()) = join(signals.receive(), async { raise(Signal::USR1) }).await;
        assert_eq!(received.unwrap(), Signal::USR1);
        let (received, ()) = join(signals.receive(), async {
            yields(5).await;
            raise(Signal::USR2);
        })
        .await;
        assert_eq!(received.unwrap(), Signal::USR2);
        assert!(is_silent(&mut signals).await);
    });
}

/// SG-01: a signal that is sent to the process, not to a thread, wakes the receiver.
pub fn a_signal_from_another_thread_is_received(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1]);
        for _ in 0..20 {
            let mut receiving = pin!(signals.receive());
            assert!(poll_once(receiving.as_mut()).await.is_pending());
            let thread = std::thread::spawn(|| raise(Signal::USR1));
            assert_eq!(receiving.await.unwrap(), Signal::USR1);
            thread.join().unwrap();
        }
    });
}

/// SG-02, S5, C4: a cancelled call ends without a signal, and leaves signals that have arrived to the next
/// call.
pub fn receiving_is_a_cancel_point(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1]);
        raise(Signal::USR1);
        let refused = in_cancelled_scope::<OsR, _>(signals.receive()).await;
        assert!(refused.is_err());
        assert_eq!(signals.receive().await.unwrap(), Signal::USR1);

        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let (cancelled, ()) = join(scope.run(signals.receive()), async {
            yields(3).await;
            handle.cancel();
        })
        .await;
        assert!(cancelled.is_err());
        raise(Signal::USR1);
        assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
        assert!(is_silent(&mut signals).await);
    });
}

/// S5: a call that is dropped at any point loses no signal.
pub fn dropped_calls_lose_nothing(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1]);
        for pause in 0..50 {
            let mut receiving = Box::pin(signals.receive());
            let polled = poll_once(receiving.as_mut()).await;
            assert!(polled.is_pending());
            raise(Signal::USR1);
            yields(pause % 5).await;
            drop(receiving);
            assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
        }
    });
}

/// SG-03, S6: an earlier handler is called while the receiver is open, and after it.
pub fn a_handler_that_was_there_stays(backend: &OsBackend) {
    static SEEN: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    // No other case receives this signal, so that the handler comes before all receivers.
    let seen = SEEN.get_or_init(|| {
        let seen = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(Signal::VTALRM.as_raw(), seen.clone()).unwrap();
        seen
    });
    run(backend, async {
        let mut signals = open(&[Signal::VTALRM]);
        seen.store(false, Ordering::SeqCst);
        raise(Signal::VTALRM);
        assert!(seen.swap(false, Ordering::SeqCst));
        assert_eq!(signals.receive().await.unwrap(), Signal::VTALRM);
        signals.close();
        raise(Signal::VTALRM);
        assert!(seen.load(Ordering::SeqCst));
    });
}

/// SG-03, S6: a receiver that is opened after another was closed receives new signals, and no earlier ones.
pub fn a_signal_can_be_received_again(backend: &OsBackend) {
    run(backend, async {
        for _ in 0..3 {
            let mut signals = open(&[Signal::USR1]);
            raise(Signal::USR1);
            raise(Signal::USR1);
            assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
            raise(Signal::USR1);
            signals.close();
            let mut signals = open(&[Signal::USR1]);
            assert!(is_silent(&mut signals).await);
        }
    });
}

/// SG-04, S1: a signal that cannot be received is refused, before anything is changed for the other
/// signals.
pub fn one_bad_signal_changes_nothing(backend: &OsBackend) {
    run(backend, async {
        for bad in [
            Signal::KILL,
            Signal::STOP,
            Signal::ILL,
            Signal::FPE,
            Signal::SEGV,
        ] {
            // No other case receives this signal.
            let good = Signal::XFSZ;
            for list in [[good, bad], [bad, good]] {
                let error = receiver::<OsR>(&list).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
                assert!(error.to_string().contains(bad.name()), "{error}");
            }
            assert_ne!(has_handler(good), Some(true));
        }
    });
}

/// SG-04, S1: a signal that is listed twice counts once.
pub fn a_signal_may_be_listed_twice(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1, Signal::USR2, Signal::USR1]);
        raise(Signal::USR1);
        assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
        assert!(is_silent(&mut signals).await);
    });
}

/// SG-05, S1: a receiver for no signal is refused.
pub fn no_signals_are_refused(backend: &OsBackend) {
    run(backend, async {
        let error = receiver::<OsR>(&[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

/// SG-06, S2: receivers in several tasks all get each signal.
pub fn every_receiver_gets_every_signal(backend: &OsBackend) {
    run(backend, async {
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            for _ in 0..4 {
                let mut signals = open(&[Signal::USR1, Signal::USR2]);
                tg.spawn(async move {
                    assert_eq!(signals.receive().await?, Signal::USR1);
                    assert_eq!(signals.receive().await?, Signal::USR2);
                    assert!(is_silent(&mut signals).await);
                    Ok(())
                });
            }
            raise(Signal::USR1);
            yields(3).await;
            raise(Signal::USR2);
            Ok(())
        });
        group.await.unwrap();
    });
}

/// SG-06, S2, S8: receivers in several runs all get each signal, too; closing one does not affect the
/// others.
pub fn receivers_in_several_runs_get_every_signal(backend: &OsBackend) {
    run(backend, async {
        let mut first = open(&[Signal::USR1]);
        let other = backend.clone();
        let thread = std::thread::spawn(move || {
            run(&other, async {
                let mut second = open(&[Signal::USR1]);
                raise(Signal::USR1);
                let received = second.receive().await.unwrap();
                second.close();
                received
            })
        });
        assert_eq!(first.receive().await.unwrap(), Signal::USR1);
        assert_eq!(thread.join().unwrap(), Signal::USR1);
        // By default it would end the process.
        raise(Signal::USR1);
        assert_eq!(first.receive().await.unwrap(), Signal::USR1);
    });
}

/// S3: of several signals of one kind at least one is received, and later ones are received again.
pub fn repeated_signals_are_received_at_least_once(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1]);
        for count in [1, 2, 1000, 100_000] {
            (0..count).for_each(|_| raise(Signal::USR1));
            assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
        }
        assert!(is_silent(&mut signals).await);
        raise(Signal::USR1);
        assert_eq!(signals.receive().await.unwrap(), Signal::USR1);
    });
}

/// S4: two signals that are always pending are received in turn.
pub fn signals_that_always_wait_take_turns(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1, Signal::USR2]);
        let mut received = Vec::new();
        for _ in 0..20 {
            raise(Signal::USR1);
            raise(Signal::USR2);
            received.push(signals.receive().await.unwrap());
        }
        let first = received.iter().filter(|signal| **signal == Signal::USR1);
        assert_eq!(first.count(), 10, "{received:?}");
    });
}

/// S7: code that uses signal-hook while the receiver is open gets the signals, too.
pub fn other_listeners_get_the_signals_too(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR2]);
        let seen = Arc::new(AtomicBool::new(false));
        let other = signal_hook::flag::register(Signal::USR2.as_raw(), seen.clone()).unwrap();
        raise(Signal::USR2);
        assert!(seen.load(Ordering::SeqCst));
        assert_eq!(signals.receive().await.unwrap(), Signal::USR2);
        signal_hook::low_level::unregister(other);
    });
}

/// S9: a receiver may be dropped anywhere; one with a runtime that has ended does not hang.
pub fn a_receiver_may_outlive_its_run(backend: &OsBackend) {
    let mut left = run(backend, async { open(&[Signal::USR1]) });
    run(backend, async {
        raise(Signal::USR1);
        // Where the reactor belongs to the process, the receiver continues.
        let received = fail_after::<OsR, _>(Duration::from_secs(30), left.receive()).await;
        if let Ok(signal) = received.expect("an end or a signal") {
            assert_eq!(signal, Signal::USR1);
        }
    });
    drop(left);
    let left = run(backend, async { open(&[Signal::USR1]) });
    std::thread::spawn(move || drop(left)).join().unwrap();
}

/// S10: the tree of a run names the signals that a task waits for.
pub fn the_picture_names_the_signals(backend: &OsBackend) {
    run(backend, async {
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            let mut signals = open(&[Signal::USR1, Signal::TERM]);
            let listener = tg.task().name("listener").spawn(async move {
                signals.receive().await?;
                wait_all_tasks_blocked::<OsR>().await;
                Ok(())
            });
            wait_all_tasks_blocked::<OsR>().await;
            let tasks = all();
            let task = tasks.iter().find(|task| &*task.name() == "listener");
            assert_eq!(task.unwrap().wait(), Wait::Signal);
            let picture = tree().unwrap().to_string();
            assert!(
                picture.contains("waits for a signal (SIGUSR1 or SIGTERM)"),
                "{picture}"
            );
            raise(Signal::USR1);
            listener.value().await;
            assert!(!tree().unwrap().to_string().contains("SIGUSR1"));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// SG-01: a receiver is a stream, too.
pub fn a_receiver_is_a_stream(backend: &OsBackend) {
    run(backend, async {
        let mut signals = open(&[Signal::USR1, Signal::USR2]);
        raise(Signal::USR2);
        raise(Signal::USR1);
        let received: Vec<_> = signals.by_ref().take(2).map(Result::unwrap).collect().await;
        assert!(received.contains(&Signal::USR1) && received.contains(&Signal::USR2));
        assert!(poll_once(pin!(signals.next())).await.is_pending());
    });
}

anyrt_conformance_kit::cases! { signals: descriptors [Process],
    different_signals_keep_their_order,
    nothing_is_missed_while_the_receiver_is_open,
    a_signal_from_another_thread_is_received,
    receiving_is_a_cancel_point,
    dropped_calls_lose_nothing,
    a_handler_that_was_there_stays,
    a_signal_can_be_received_again,
    one_bad_signal_changes_nothing,
    a_signal_may_be_listed_twice,
    no_signals_are_refused,
    every_receiver_gets_every_signal,
    receivers_in_several_runs_get_every_signal,
    repeated_signals_are_received_at_least_once,
    signals_that_always_wait_take_turns,
    other_listeners_get_the_signals_too,
    a_receiver_may_outlive_its_run,
    the_picture_names_the_signals,
    a_receiver_is_a_stream,
}
