//! The marker type of tokio, and the builder that starts a run on it.

use std::io;
use std::thread;
use std::time::Duration;

use anyrt_core::runtime::Enter;

use crate::Handle;

/// The marker type of this backend: the `R` of code that is generic over the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tokio;

/// Options of a run on tokio.
///
/// Each run has a new runtime, which ends with it, except with [`from_handle`](Builder::from_handle).
///
/// # Examples
///
/// ```
/// use anyrt_core::runtime::Enter;
/// use anyrt_tokio::Builder;
///
/// let builder = Builder::multi_thread().worker_threads(2).thread_name("worker");
/// assert_eq!(builder.block_on(async { 1 + 1 }).unwrap(), 2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until something is run with it"]
pub struct Builder {
    kind: Kind,
    worker_threads: Option<usize>,
    thread_name: Option<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    MultiThread,
    CurrentThread,
    Existing(Handle),
}

impl Builder {
    /// Creates a builder of a runtime with worker threads, one per processor by default.
    ///
    /// The main future is polled on the calling thread, tasks on the workers.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_tokio::Builder;
    ///
    /// let answer = run(&Builder::multi_thread(), RunOptions::new(), async { 6 * 7 });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    pub fn multi_thread() -> Builder {
        Builder::of(Kind::MultiThread)
    }

    /// Creates a builder of a runtime that polls everything on the calling thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_tokio::Builder;
    /// use std::thread;
    ///
    /// let here = thread::current().id();
    /// let there = run(&Builder::current_thread(), RunOptions::new(), async { thread::current().id() });
    /// assert_eq!(there.unwrap(), here);
    /// ```
    pub fn current_thread() -> Builder {
        Builder::of(Kind::CurrentThread)
    }

    /// Creates a builder that uses an existing runtime, which continues when the run has ended.
    ///
    /// If it is a current-thread runtime, another thread has to drive it meanwhile; see the
    /// documentation of tokio's `Handle::block_on`. The threads belong to the runtime, so that
    /// [`worker_threads`](Builder::worker_threads) and [`thread_name`](Builder::thread_name) are errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_tokio::Builder;
    ///
    /// let runtime = tokio::runtime::Runtime::new()?;
    /// let inside = Builder::from_handle(runtime.handle().clone());
    /// let id = run(&inside, RunOptions::new(), async { tokio::runtime::Handle::current().id() });
    /// assert_eq!(id.unwrap(), runtime.handle().id());
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn from_handle(handle: impl Into<Handle>) -> Builder {
        Builder::of(Kind::Existing(handle.into()))
    }

    fn of(kind: Kind) -> Builder {
        Builder {
            kind,
            worker_threads: None,
            thread_name: None,
        }
    }

    /// Sets the number of worker threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_tokio::Builder;
    ///
    /// let two = Builder::multi_thread().worker_threads(2);
    /// let count = run(&two, RunOptions::new(), async {
    ///     tokio::runtime::Handle::current().metrics().num_workers()
    /// });
    /// assert_eq!(count.unwrap(), 2);
    /// ```
    pub fn worker_threads(mut self, threads: usize) -> Builder {
        self.worker_threads = Some(threads);
        self
    }

    /// Sets the name of the threads that the runtime starts, including those for functions that block.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::{RunOptions, run};
    /// use anyrt_tokio::Builder;
    ///
    /// let named = Builder::multi_thread().thread_name("server");
    /// let name = run(&named, RunOptions::new(), async {
    ///     let task = tokio::spawn(async { std::thread::current().name().map(str::to_owned) });
    ///     task.await.unwrap()
    /// });
    /// assert_eq!(name.unwrap().as_deref(), Some("server"));
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.thread_name = Some(name.into());
        self
    }

    fn build(&self, mut native: tokio::runtime::Builder) -> io::Result<Running> {
        if let Some(threads) = self.worker_threads {
            native.worker_threads(threads);
        }
        if let Some(name) = &self.thread_name {
            native.thread_name(name.clone());
        }
        let runtime = native.enable_all().build()?;
        Ok(Running(Some(runtime)))
    }

    fn refuse_options(&self) -> io::Result<()> {
        if self.worker_threads.is_some() || self.thread_name.is_some() {
            return Err(invalid(
                "tokio cannot change the threads of an existing runtime: set them where it is built",
            ));
        }
        Ok(())
    }
}

impl Enter for Builder {
    type Runtime = Tokio;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let running = match &self.kind {
            Kind::Existing(handle) => {
                self.refuse_options()?;
                return Ok(tokio::runtime::Handle::from(handle.clone()).block_on(future));
            }
            Kind::MultiThread if self.worker_threads == Some(0) => {
                return Err(invalid("tokio needs at least one worker thread"));
            }
            Kind::CurrentThread if self.worker_threads.is_some() => {
                return Err(invalid(
                    "tokio has no worker threads on the current thread: use `multi_thread`",
                ));
            }
            Kind::MultiThread => self.build(tokio::runtime::Builder::new_multi_thread())?,
            Kind::CurrentThread => self.build(tokio::runtime::Builder::new_current_thread())?,
        };
        Ok(running.block_on(future))
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The longest time to wait for the threads of a runtime.
///
/// Workers end within a fraction of it. It elapses only if a function still blocks that the run has
/// abandoned on purpose.
const THREADS_END_WITHIN: Duration = Duration::from_millis(50);

/// A runtime that is shut down when this is dropped, also after a panic of the main future.
struct Running(Option<tokio::runtime::Runtime>);

impl Running {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let runtime = self.0.as_ref().expect("taken only by drop");
        runtime.block_on(future)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(runtime) = self.0.take() else { return };
        let handle = runtime.handle().clone();
        // Dropping the runtime instead would wait without limit for functions that block.
        runtime.shutdown_timeout(THREADS_END_WITHIN);
        // A late worker may still hold tasks, and a run ends only after its tasks. The loop ends because
        // the runtime is shut down: each worker drops its tasks when it returns from the poll it is in.
        let mut pause = Duration::from_micros(10);
        while handle.metrics().num_alive_tasks() > 0 {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}
