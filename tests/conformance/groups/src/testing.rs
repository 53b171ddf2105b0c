//! Help for tests: assertions about checkpoints, TI-08; numbered steps of several tasks, TI-09.

use std::convert::Infallible;
use std::future::{pending, poll_fn, ready};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled, move_on_after,
    shield,
};
use anyrt_core::combine::gather;
use anyrt_core::sync::{Event, Mutex, Semaphore};
use anyrt_core::task::task_group;
use anyrt_core::testing::{Sequencer, SequencerError, assert_checkpoints, assert_no_checkpoints};
use anyrt_core::time::sleep;

use crate::erased::{Backend, R};
use crate::support::{Log, catch, poll_once, run, until};

/// A future of another crate that is pending once.
async fn foreign() {
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls > 1 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// TI-08: an operation that is ready at once is a checkpoint, and so is whatever is pending where it can be cancelled.
pub fn assertions_accept_every_checkpoint(backend: &Backend) {
    run(backend, async {
        let (mutex, event) = (Mutex::new(7), Event::new());
        event.set();
        let value = assert_checkpoints(async { *mutex.lock().await }).await;
        assert_eq!(value, 7);
        assert_checkpoints(event.wait()).await;
        assert_checkpoints(checkpoint()).await;
        assert_checkpoints(sleep::<R>(Duration::ZERO)).await;
        assert_checkpoints(foreign()).await;
        assert_checkpoints(shield(checkpoint())).await;
        // One block may observe cancellation here, and let other tasks run there.
        assert_checkpoints(async {
            checkpoint_if_cancelled().await;
            cancel_shielded_checkpoint().await;
        })
        .await;
        // The end of a group waits for a child, which lives until the group has waited.
        let waits = Arc::new(Event::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let waits = waits.clone();
            tg.spawn(async move {
                waits.wait().await;
                Ok(())
            });
            Ok(())
        });
        let ends = async { waits.set() };
        gather((assert_checkpoints(group), ends)).await.0.unwrap();
    });
}

/// TI-08: a block without a full checkpoint is reported, with its place and with what is missing.
pub fn a_block_without_a_checkpoint_is_reported(backend: &Backend) {
    run(backend, async {
        let line = Location::caller().line() + 1;
        let nothing = catch(assert_checkpoints(ready(1))).await.unwrap_err();
        assert!(nothing.contains(&format!("testing.rs:{line}")), "{nothing}");
        assert!(
            nothing.contains("it did not observe cancellation, and let no other task run"),
            "{nothing}"
        );
        let no_turn = catch(assert_checkpoints(checkpoint_if_cancelled()))
            .await
            .unwrap_err();
        assert!(
            no_turn.contains("it did not let other tasks run"),
            "{no_turn}"
        );
        for shielded in [
            catch(assert_checkpoints(cancel_shielded_checkpoint())).await,
            catch(assert_checkpoints(shield(foreign()))).await,
        ] {
            let shielded = shielded.unwrap_err();
            assert!(
                shielded.contains("it did not observe cancellation"),
                "{shielded}"
            );
            assert!(!shielded.contains("other tasks"), "{shielded}");
        }
        // What other tasks do meanwhile does not count.
        let (event, semaphore) = (Arc::new(Event::new()), Semaphore::new(1));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let set = event.clone();
            let spawns = async {
                tg.spawn(async move {
                    checkpoint().await;
                    set.set();
                    Ok(())
                });
            };
            catch(assert_checkpoints(spawns)).await.unwrap_err();
            event.wait().await;
            Ok(())
        });
        group.await.unwrap();
        // Without an await, a permit is not waited for.
        let tries = catch(assert_checkpoints(async {
            semaphore.try_acquire().is_ok()
        }));
        tries.await.unwrap_err();
    });
}

/// TI-08: the reverse assertion reports every checkpoint, also half of one, and at once.
pub fn a_checkpoint_is_reported_where_none_may_be(backend: &Backend) {
    run(backend, async {
        assert_eq!(assert_no_checkpoints(async { 6 * 7 }).await, 42);
        let mutex = Mutex::new(7);
        let tried = assert_no_checkpoints(async { *mutex.try_lock().unwrap() });
        assert_eq!(tried.await, 7);

        let line = Location::caller().line() + 1;
        let both = catch(assert_no_checkpoints(checkpoint()))
            .await
            .unwrap_err();
        assert!(both.contains(&format!("testing.rs:{line}")), "{both}");
        assert!(
            both.contains("it observed cancellation, and let other tasks run"),
            "{both}"
        );
        let lock = async { *mutex.lock().await };
        catch(assert_no_checkpoints(lock)).await.unwrap_err();
        let half = catch(assert_no_checkpoints(checkpoint_if_cancelled()))
            .await
            .unwrap_err();
        assert!(half.ends_with("it observed cancellation"), "{half}");
        let half = catch(assert_no_checkpoints(cancel_shielded_checkpoint()))
            .await
            .unwrap_err();
        assert!(half.ends_with("it let other tasks run"), "{half}");
        // It would never end.
        catch(assert_no_checkpoints(pending::<()>()))
            .await
            .unwrap_err();
    });
}

/// TI-08: nothing is asserted of a block that is cancelled.
pub fn a_block_that_is_cancelled_is_not_reported(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        assert!(
            scope
                .run(assert_checkpoints(pending::<()>()))
                .await
                .is_err()
        );
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        // It does not observe the cancellation, and completes.
        assert_eq!(
            scope.run(assert_no_checkpoints(ready(1))).await.ok(),
            Some(1)
        );
    });
}

/// TI-09: numbered steps of several tasks run in their order, whichever tasks start first.
pub fn steps_run_in_the_order_of_their_numbers(backend: &Backend) {
    run(backend, async {
        let (sequencer, log) = (Arc::new(Sequencer::new()), Log::default());
        let group = task_group::<R, SequencerError, _, _>(async |tg| {
            for task in (0..3).rev() {
                let (sequencer, log) = (sequencer.clone(), log.clone());
                tg.spawn(async move {
                    for number in [task, task + 3, task + 6] {
                        let step = async {
                            checkpoint().await;
                            log.add(number.to_string());
                            number
                        };
                        assert_eq!(sequencer.step(number, step).await?, number);
                    }
                    Ok(())
                });
            }
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(log.entries(), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    });
}

/// TI-09: a number is for one step.
pub fn a_number_is_for_one_step(backend: &Backend) {
    run(backend, async {
        let sequencer = Sequencer::new();
        assert_eq!(sequencer.step(0, ready("first")).await, Ok("first"));
        let again = sequencer.step(0, ready("again")).await;
        assert_eq!(again, Err(SequencerError::Reused(0)));
        let mut waits = pin!(sequencer.step(2, ready("third")));
        assert!(poll_once(waits.as_mut()).await.is_pending());
        let again = sequencer.step(2, ready("third")).await;
        assert_eq!(again, Err(SequencerError::Reused(2)));
        let message = again.unwrap_err().to_string();
        assert!(
            message.contains("step 2 of the sequencer is used twice"),
            "{message}"
        );
        // The others go on.
        assert_eq!(sequencer.step(1, ready("second")).await, Ok("second"));
        assert_eq!(waits.await, Ok("third"));
    });
}

/// TI-09: if a step is cancelled while it waits, the others return an error instead of waiting for all time.
pub fn a_step_that_is_cancelled_breaks_the_sequence(backend: &Backend) {
    run(backend, async {
        let sequencer = Arc::new(Sequencer::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (scope, other) = (CancelScope::<R>::new(), sequencer.clone());
            let handle = scope.handle();
            let cancelled =
                tg.spawn(async move { Ok(scope.run(other.step(1, ready(()))).await.is_err()) });
            let other = sequencer.clone();
            let waits = tg.spawn(async move { Ok(other.step(2, ready(())).await) });
            until(|| format!("{sequencer:?}").contains("[1, 2]")).await;
            handle.cancel();
            assert!(cancelled.value().await);
            assert_eq!(waits.value().await, Err(SequencerError::Broken));
            Ok(())
        });
        group.await.unwrap();
        for number in [0, 3] {
            let step = sequencer.step(number, ready(())).await;
            assert_eq!(step, Err(SequencerError::Broken));
        }
    });
}

/// TI-09: a step that is cancelled or panics while it runs has ended: the next one begins.
pub fn a_step_that_is_cancelled_while_it_runs_has_ended(backend: &Backend) {
    run(backend, async {
        let sequencer = Sequencer::new();
        let late = Duration::from_millis(1);
        let ended = move_on_after::<R, _>(late, sequencer.step(0, pending::<()>())).await;
        assert!(ended.is_none());
        let panics = sequencer.step(1, async { panic!("the second") });
        assert!(catch(panics).await.unwrap_err().contains("the second"));
        assert_eq!(sequencer.step(2, ready("third")).await, Ok("third"));
    });
}

anyrt_conformance_kit::cases! { testing: erased,
    assertions_accept_every_checkpoint,
    a_block_without_a_checkpoint_is_reported,
    a_checkpoint_is_reported_where_none_may_be,
    a_block_that_is_cancelled_is_not_reported,
    steps_run_in_the_order_of_their_numbers,
    a_number_is_for_one_step,
    a_step_that_is_cancelled_breaks_the_sequence,
    a_step_that_is_cancelled_while_it_runs_has_ended,
}
