use std::env;
use std::io;
use std::pin::Pin;

use anyrt_core::runtime::Enter;
use anyrt_core::{RunError, RunOptions};

use crate::Backend;
use crate::ambient::{Ambient, ENABLED, Entry, Flavor, Options, invalid};

/// Runs a future to its end, on the backend that is enabled.
///
/// With several enabled, it is the one that the environment variable `ANYRT_BACKEND` names, else
/// the first of tokio, smol and async-std. To set options, or to get errors instead of panics, use
/// a [`Builder`].
///
/// # Panics
///
/// If the future panics, and with the message of [`Builder::run`]'s error if there is one.
///
/// # Blocking
///
/// Blocks the thread until the future and every task that it started have ended.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// assert_eq!(anyrt::run(async { 6 * 7 }), 42);
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    run_or_panic(&Builder::new(), future)
}

/// Runs a future to its end, on the backend that is named.
///
/// # Panics
///
/// If the future panics, and with the message of [`Builder::run`]'s error if there is one.
///
/// # Blocking
///
/// Blocks the thread until the future and every task that it started have ended.
///
/// # Examples
///
/// ```
/// use anyrt::Backend;
///
/// for &backend in Backend::available() {
///     let found = anyrt::run_on(backend, async { Backend::current() });
///     assert_eq!(found, Some(backend));
/// }
/// ```
#[track_caller]
pub fn run_on<F: Future>(backend: Backend, future: F) -> F::Output {
    run_or_panic(&Builder::new().backend(backend), future)
}

#[track_caller]
pub(crate) fn run_or_panic<F: Future>(builder: &Builder, future: F) -> F::Output {
    match builder.run(future) {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// How a run is to be started: on which backend, and with which threads.
///
/// What the backend cannot do is an error, and not ignored.
///
/// | | tokio | smol | async-std |
/// | --- | --- | --- | --- |
/// | unless said otherwise | a worker per processor | the calling thread | threads of the whole process |
/// | [`multi_thread`](Builder::multi_thread) | a worker per processor | a thread per processor | the same |
/// | [`current_thread`](Builder::current_thread) | the calling thread | the calling thread | error |
/// | [`worker_threads`](Builder::worker_threads) | besides the calling thread | the calling thread included | error |
/// | [`thread_name`](Builder::thread_name) | all threads | threads that poll tasks | error |
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// let answer = anyrt::Builder::new().multi_thread().run(async { 6 * 7 })?;
/// assert_eq!(answer, 42);
/// # Ok::<_, anyrt::RunError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until something is run with it"]
pub struct Builder {
    backend: Option<Backend>,
    options: Options,
}

impl Builder {
    /// The backend that [`run`] chooses, as it is unless said otherwise.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the backend, whatever the environment says.
    pub fn backend(mut self, backend: Backend) -> Builder {
        self.backend = Some(backend);
        self
    }

    /// Polls tasks on several threads.
    pub fn multi_thread(mut self) -> Builder {
        self.options.flavor = Some(Flavor::MultiThread);
        self
    }

    /// Polls everything on the calling thread.
    pub fn current_thread(mut self) -> Builder {
        self.options.flavor = Some(Flavor::CurrentThread);
        self
    }

    /// Sets the number of threads that poll tasks.
    pub fn worker_threads(mut self, threads: usize) -> Builder {
        self.options.worker_threads = Some(threads);
        self
    }

    /// Names the threads that the run starts.
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.options.thread_name = Some(name.into());
        self
    }

    /// Runs a future to its end.
    ///
    /// # Errors
    ///
    /// - No backend is enabled, or not the one that was asked for; the message names the feature.
    /// - `ANYRT_BACKEND` names no backend; the message lists those that there are.
    /// - The backend cannot do what was asked for.
    /// - This thread is inside a run already.
    /// - The operating system refuses a thread.
    ///
    /// # Panics
    ///
    /// If the future panics.
    ///
    /// # Blocking
    ///
    /// Blocks the thread until the future and every task that it started have ended.
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        self.run_with(RunOptions::new(), future)
    }

    /// Runs a future to its end, with options that are the same on every backend.
    ///
    /// # Errors
    ///
    /// As [`run`](Builder::run).
    ///
    /// # Panics
    ///
    /// If the future panics.
    ///
    /// # Blocking
    ///
    /// Blocks the thread until the future and every task that it started have ended.
    #[track_caller]
    pub fn run_with<F: Future>(
        &self,
        options: RunOptions,
        future: F,
    ) -> Result<F::Output, RunError> {
        let mut output = None;
        let main = Box::pin(async { output = Some(future.await) });
        self.run_boxed(options, main)?;
        Ok(output.expect("the run has ended, and so the future has"))
    }

    /// What a run needs of every backend is compiled here, and not again for each future.
    #[track_caller]
    fn run_boxed(
        &self,
        options: RunOptions,
        main: Pin<Box<dyn Future<Output = ()> + '_>>,
    ) -> Result<(), RunError> {
        let entry = self.entry();
        let entry = entry.map_err(|error| RunError::options(error.to_string()))?;
        anyrt_core::run(&entry, options, main)
    }

    fn entry(&self) -> io::Result<Entry> {
        Entry::new(self.choose()?, &self.options)
    }

    fn choose(&self) -> io::Result<Backend> {
        if let Some(backend) = self.backend {
            return Ok(backend);
        }
        match env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => {
                let name = name.to_string_lossy();
                let backend = name.parse();
                backend.map_err(|error| invalid(format!("{VARIABLE}: {error}")))
            }
            _ => ENABLED.first().copied().ok_or_else(|| {
                invalid("no runtime: enable one of the features `tokio`, `smol`, `async-std` of `anyrt`")
            }),
        }
    }
}

impl Enter for Builder {
    type Runtime = Ambient;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        self.entry()?.block_on(future)
    }
}

/// The environment variable that chooses where the program does not.
const VARIABLE: &str = "ANYRT_BACKEND";
