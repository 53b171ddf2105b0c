//! `own_numbers`.

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::context::ContextVar;
use anyrt_core::runtime::own_numbers;
use anyrt_core::task::{self, TaskId, task_group, tree};
use anyrt_core::time::sleep;

use crate::run;
use crate::runtime::OneThread;

/// The events of a program, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// Runs a program whose children are cancelled. Logs the tree of its tasks, and the order of their ends.
fn program() -> Vec<String> {
    struct AtDrop(Log, TaskId);
    impl Drop for AtDrop {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(self.1.to_string());
        }
    }
    let _own = own_numbers(Arc::new(AtomicU64::new(1)));
    let log = Log::default();
    let seen = log.clone();
    run(async move {
        let group = task_group::<OneThread, Infallible, _, _>(async |tg| {
            for _ in 0..40 {
                let seen = seen.clone();
                tg.spawn(async move {
                    let _at_drop = AtDrop(seen, task::current().unwrap().id());
                    sleep::<OneThread>(Duration::from_secs(1)).await;
                });
            }
            sleep::<OneThread>(Duration::from_millis(1)).await;
            seen.lock().unwrap().push(tree().unwrap().to_string());
            tg.cancel();
            Ok(())
        });
        drop(group.await);
    });
    std::mem::take(&mut *log.lock().unwrap())
}

#[test]
fn the_same_program_has_the_same_ids_and_orders_each_time() {
    let first = program();
    assert_eq!(first.len(), 41);
    // What happens meanwhile in the process has no influence.
    std::thread::spawn(|| run(async {})).join().unwrap();
    run(async {});
    assert_eq!(program(), first);
}

/// Drops the values of variables in the order in which they were set.
#[test]
fn values_are_dropped_in_the_order_of_setting() {
    #[derive(Clone)]
    struct Value(&'static str, Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    static FIRST: ContextVar<Value> = ContextVar::new();
    static SECOND: ContextVar<Value> = ContextVar::new();
    // The process uses one of them first.
    assert!(SECOND.get().is_none());
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let (first, second) = (
        Value("first", dropped.clone()),
        Value("second", dropped.clone()),
    );
    run(async move {
        FIRST.set(first);
        SECOND.set(second);
    });
    assert_eq!(*dropped.lock().unwrap(), ["first", "second"]);
}
