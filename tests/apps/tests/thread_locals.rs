//! Destructors of thread-locals that read context variables: EN-23. A failure there aborts the process, so
//! this program starts itself.

use std::cell::RefCell;
use std::env;
use std::process::Command;
use std::thread;

use anyrt::{Backend, Builder, Context, ContextVar, RunVar};

/// The variable that tells a process that this program starts what to run.
const DEED: &str = "ANYRT_THREAD_LOCALS";

static COLOUR: ContextVar<String> = ContextVar::new();
static COUNT: RunVar<u32> = RunVar::new();

/// A value that reads and sets everything when it is dropped.
struct Late;

impl Drop for Late {
    fn drop(&mut self) {
        let _ = COLOUR.get();
        let _ = COUNT.get();
        let _ = Context::current();
        let _ = anyrt::task::current();
        let _ = anyrt::has_pending_cancellation();
        COLOUR.set("late".to_owned());
        COLOUR.unset();
        Context::new().run(|| COLOUR.get());
    }
}

thread_local! {
    static EARLY: RefCell<Option<Late>> = const { RefCell::new(None) };
    static LATER: RefCell<Option<Late>> = const { RefCell::new(None) };
}

/// Registers a destructor before and after those of anyrt: systems call them in either order.
fn around<T>(uses: impl FnOnce() -> T) -> T {
    EARLY.with(|late| *late.borrow_mut() = Some(Late));
    let value = uses();
    LATER.with(|late| *late.borrow_mut() = Some(Late));
    value
}

fn use_context() {
    COLOUR.set("red".to_owned());
    assert_eq!(COLOUR.get().as_deref(), Some("red"));
}

/// Runs `deed` in a separate process.
fn do_it(deed: &str) {
    let (deed, backend) = deed.split_once(' ').expect("a deed and a backend");
    let backend = match backend {
        "tokio" => Backend::Tokio,
        "smol" => Backend::Smol,
        _ => Backend::AsyncStd,
    };
    let run = move |worker: bool| {
        let main = async move {
            use_context();
            if worker {
                anyrt::to_thread::run(|| around(use_context)).await;
            }
            let group = anyrt::task_group(async |tg| {
                for _ in 0..8 {
                    tg.spawn(async {
                        around(use_context);
                        anyrt::checkpoint().await;
                    });
                }
            });
            group.await.expect("no child fails");
        };
        Builder::new().backend(backend).run(main).expect("it runs");
    };
    let thread = match deed {
        "thread" => thread::spawn(|| around(use_context)),
        "run" => thread::spawn(move || around(|| run(false))),
        _ => thread::spawn(move || run(true)),
    };
    thread.join().expect("no panic");
}

/// Returns whether a process that runs `deed` exits successfully.
fn survives(deed: &str) -> bool {
    ["tokio", "smol", "async-std"].iter().all(|backend| {
        let mut command = Command::new(env::current_exe().expect("this program"));
        let command = command.args(["--exact", "the_deed"]);
        let output = command.env(DEED, format!("{deed} {backend}")).output();
        output.expect("it starts").status.success()
    })
}

/// Runs the deed of a process that the tests below start.
#[test]
fn the_deed() {
    if let Ok(deed) = env::var(DEED) {
        do_it(&deed);
    }
}

/// EN-23, on a plain thread.
#[test]
fn context_can_be_read_when_a_thread_ends() {
    assert!(survives("thread"));
}

/// EN-23, on the thread of a run.
#[test]
fn context_can_be_read_when_the_thread_of_a_run_ends() {
    assert!(survives("run"));
}

/// EN-23, on the threads that a runtime has for tasks, and for functions that block.
#[test]
fn context_can_be_read_when_worker_threads_end() {
    assert!(survives("workers"));
}
