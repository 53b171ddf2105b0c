//! What an executor sees of the runs that it drives, and what it may refuse.

use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};

use anyrt_core::RunOptions;
use anyrt_core::runtime::Enter;
use anyrt_core::sync::Event;
use anyrt_core::task::{RunHandle, entered_tree, run_future, task_group};
use anyrt_core::thread::start_blocking_portal;

use crate::run;
use crate::runtime::OneThread;

/// The executor panics, and the panic leaves `run`.
#[test]
fn a_deadlock_is_reported_with_all_tasks() {
    let main = async {
        let group = task_group::<OneThread, Infallible, _, _>(async |tg| {
            drop(
                tg.task()
                    .name("stuck")
                    .spawn(async { Event::new().wait().await }),
            );
            Ok(())
        });
        drop(group.await);
    };
    let panic = catch_unwind(AssertUnwindSafe(|| run(main))).unwrap_err();
    let message = *panic.downcast::<String>().unwrap();
    assert!(message.contains("task `main`"), "{message}");
    assert!(message.contains("task `stuck`"), "{message}");
    assert!(message.contains("waits for an event"), "{message}");
    assert!(entered_tree().is_none());
    // The thread can enter another run.
    run(async {});
}

#[test]
fn a_handle_lists_the_tasks_of_its_run() {
    let (send, received) = mpsc::channel();
    let main = async move {
        send.send(RunHandle::<OneThread>::current().unwrap())
            .unwrap();
        pending::<()>().await;
    };
    OneThread
        .block_on(async {
            let mut cx = Context::from_waker(Waker::noop());
            let handle = {
                let mut host = pin!(run_future::<OneThread, _>(
                    RunOptions::new().name("host"),
                    main
                ));
                assert!(host.as_mut().poll(&mut cx).is_pending());
                let handle = received.recv().unwrap();
                let tree = handle.tree().unwrap();
                assert_eq!(tree.tasks().len(), 1);
                assert_eq!(&*tree.tasks()[0].task.name(), "host");
                handle
            };
            assert!(handle.tree().is_none());
        })
        .unwrap();
}

#[test]
fn a_portal_with_a_thread_of_its_own_can_be_refused() {
    let error = start_blocking_portal(&OneThread, |_| {}).unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(source.contains("one thread"), "{source}");
}
