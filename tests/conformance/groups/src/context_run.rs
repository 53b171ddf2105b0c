//! Run variables: CX-07, CX-08.

use std::convert::Infallible;
use std::thread;

use anyrt_core::context::RunVar;
use anyrt_core::task::task_group;
use anyrt_core::thread::to_thread;

use crate::erased::{Backend, R};
use crate::support::run;

/// CX-07: a run variable has one value in a run, which all its tasks and threads share.
pub fn a_run_variable_is_shared_by_the_run(backend: &Backend) {
    static SHARED: RunVar<u32> = RunVar::new();
    run(backend, async {
        assert!(SHARED.get().is_err(), "unset");
        SHARED.set(1).unwrap();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.spawn(async {
                let seen = SHARED.get().unwrap();
                SHARED.set(2).unwrap();
                Ok(seen)
            });
            assert_eq!(child.value().await, 1);
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(SHARED.get().unwrap(), 2);
        let seen = to_thread::run::<R, _, _>(|| SHARED.get().ok());
        assert_eq!(seen.await, Some(2));
    });
}

/// CX-07: a later run starts without a value.
pub fn a_later_run_starts_unset(backend: &Backend) {
    static PER_RUN: RunVar<String> = RunVar::new();
    run(backend, async {
        PER_RUN.set("first".to_owned()).unwrap();
    });
    run(backend, async {
        assert!(PER_RUN.get().is_err());
        PER_RUN.set("second".to_owned()).unwrap();
        assert_eq!(PER_RUN.get().unwrap(), "second");
    });
}

/// CX-07: runs that exist at the same time do not see each other's values.
pub fn runs_side_by_side_have_their_own_values(backend: &Backend) {
    static SIDE: RunVar<u32> = RunVar::new();
    run(backend, async {
        SIDE.set(1).unwrap();
        assert_eq!(SIDE.get().unwrap(), 1);
        // The thread belongs to no run.
        let outside = thread::spawn(|| SIDE.get().is_err());
        assert!(outside.join().unwrap());
    });
}

/// CX-07: two variables never share a value, even where their types are the same.
pub fn two_run_variables_are_two(backend: &Backend) {
    static ONE: RunVar<u32> = RunVar::new();
    static TWO: RunVar<u32> = RunVar::new();
    run(backend, async {
        ONE.set(1).unwrap();
        assert!(TWO.get().is_err());
        TWO.set(2).unwrap();
        assert_eq!((ONE.get().unwrap(), TWO.get().unwrap()), (1, 2));
    });
}

/// CX-08: outside a run a run variable is an error.
pub fn a_run_variable_outside_a_run_is_an_error(backend: &Backend) {
    static OUTSIDE: RunVar<u32> = RunVar::new();
    assert!(OUTSIDE.get().is_err());
    assert!(OUTSIDE.set(1).is_err());
    run(backend, async {
        assert!(OUTSIDE.get().is_err());
        OUTSIDE.set(2).unwrap();
    });
    assert!(OUTSIDE.get().is_err());
}

anyrt_conformance_kit::cases! { context_run: erased,
    a_run_variable_is_shared_by_the_run,
    a_later_run_starts_unset,
    runs_side_by_side_have_their_own_values,
    two_run_variables_are_two,
    a_run_variable_outside_a_run_is_an_error,
}
