//! The marker type of smol, and the builder that starts a run on it.

use std::io;
use std::sync::Arc;
use std::thread;

use anyrt_core::runtime::Enter;
use smol::{Executor, channel};

use crate::Handle;
use crate::spawn::enter;

/// The marker type of this backend: the `R` of code that is generic over the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Smol;

/// Options of a run on smol.
///
/// Each run has a new executor, which ends with it.
///
/// # Examples
///
/// ```
/// use anyrt_core::runtime::Enter;
/// use anyrt_smol::Builder;
///
/// let builder = Builder::new().threads(2).thread_name("worker");
/// assert_eq!(builder.block_on(async { 1 + 1 }).unwrap(), 2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until something is run with it"]
pub struct Builder {
    threads: usize,
    thread_name: Option<String>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// Creates a builder of an executor on the calling thread alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_smol::Builder;
    ///
    /// let answer = run(&Builder::new(), RunOptions::new(), async { 6 * 7 });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    pub fn new() -> Builder {
        Builder {
            threads: 1,
            thread_name: None,
        }
    }

    /// Sets the number of threads that poll tasks. The calling thread is one of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_smol::Builder;
    ///
    /// let two = Builder::new().threads(2);
    /// assert_eq!(run(&two, RunOptions::new(), async { 6 * 7 }).unwrap(), 42);
    /// assert!(run(&Builder::new().threads(0), RunOptions::new(), async {}).is_err());
    /// ```
    pub fn threads(mut self, threads: usize) -> Builder {
        self.threads = threads;
        self
    }

    /// Sets the name of the threads that the run starts. The threads for functions that block belong to
    /// the whole process, and keep their names.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_smol::Builder;
    ///
    /// let named = Builder::new().threads(2).thread_name("server");
    /// assert_eq!(run(&named, RunOptions::new(), async { 6 * 7 }).unwrap(), 42);
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.thread_name = Some(name.into());
        self
    }

    fn thread(&self) -> thread::Builder {
        let name = self.thread_name.as_deref().unwrap_or("anyrt-smol");
        thread::Builder::new().name(name.to_owned())
    }
}

impl Enter for Builder {
    type Runtime = Smol;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        if self.threads == 0 {
            return Err(invalid("smol needs at least one thread"));
        }
        let executor = Arc::new(Executor::new());
        // Declared first, and so dropped last: destructors of the remaining tasks may read it.
        let _entered = enter(Handle::of(&executor));
        Running(Some(executor)).block_on(self, future)
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// An executor that is shut down when this is dropped, also after a panic of the main future.
struct Running(Option<Arc<Executor<'static>>>);

impl Running {
    fn block_on<F: Future>(&self, builder: &Builder, future: F) -> io::Result<F::Output> {
        let executor = self.0.as_ref().expect("taken only by drop");
        // Nothing is ever sent: the channel is closed when the main future has ended.
        let (stop, stopped) = channel::bounded::<()>(1);
        thread::scope(|threads| {
            let _stop = stop;
            for _ in 1..builder.threads {
                builder.thread().spawn_scoped(threads, || {
                    let _entered = enter(Handle::of(executor));
                    smol::block_on(executor.run(async { stopped.recv().await.is_err() }));
                })?;
            }
            Ok(smol::block_on(executor.run(future)))
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut executor) = self.0.take() else {
            return;
        };
        // The executor is dropped here, with the remaining tasks, because a run ends only after its
        // tasks. The loop ends: no other thread keeps a reference, except for the moment in which it
        // spawns a task.
        loop {
            match Arc::try_unwrap(executor) {
                Ok(last) => break drop(last),
                Err(shared) => executor = shared,
            }
            thread::yield_now();
        }
    }
}
