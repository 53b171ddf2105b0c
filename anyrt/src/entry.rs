//! Entry points: functions that start a run, and the builder with its options.

use std::env;
use std::io;
use std::pin::Pin;

use anyrt_core::runtime::Enter;
use anyrt_core::{RunError, RunOptions};

use crate::Backend;
#[cfg(feature = "sim")]
use crate::ambient::simulation;
use crate::ambient::{Ambient, ENABLED, Entry, Flavor, NO_BACKEND, Options, invalid};
use crate::monitor;

/// Runs a future to its end, on the enabled backend.
///
/// If several are enabled, the environment variable `ANYRT_BACKEND` names the backend; without it, the
/// first of tokio, smol and async-std is used, and a simulation only if it is alone. To set options, or to get errors instead of panics, use a
/// [`Builder`].
///
/// # Panics
///
/// Panics if the future panics, or with the message of the error of [`Builder::run`].
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

/// Runs a future to its end, on the given backend.
///
/// # Panics
///
/// Panics if the future panics, or with the message of the error of [`Builder::run`].
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

/// Options of a run: its backend and its threads.
///
/// An option that the backend does not support is an error; it is not ignored.
///
/// | | tokio | smol | async-std | sim |
/// | --- | --- | --- | --- | --- |
/// | default | a worker per processor | the calling thread | threads of the whole process | the calling thread |
/// | [`multi_thread`](Builder::multi_thread) | a worker per processor | a thread per processor | the same | error |
/// | [`current_thread`](Builder::current_thread) | the calling thread | the calling thread | error | the calling thread |
/// | [`worker_threads`](Builder::worker_threads) | besides the calling thread | the calling thread included | error | error |
/// | [`thread_name`](Builder::thread_name) | all threads | threads that poll tasks | error | error |
///
/// With the feature `sim`, a `Config` of the module `anyrt::sim` converts into a builder that simulates runs with
/// its options. A builder without one simulates with the seed in the environment variable `ANYRT_SIM_SEED`, or 0, and
/// writes the timeline of the run, a page for a browser, to the file or folder in `ANYRT_SIM_TRACE`, if that is set.
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
    /// Creates a builder for the backend that [`run`] chooses, with its default options.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let answer = anyrt::Builder::new().run(async { 6 * 7 });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the backend, regardless of the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Backend, Builder};
    ///
    /// for backend in Backend::available() {
    ///     let found = Builder::new().backend(*backend).run(async { Backend::current() });
    ///     assert_eq!(found.unwrap(), Some(*backend));
    /// }
    /// ```
    pub fn backend(mut self, backend: Backend) -> Builder {
        self.backend = Some(backend);
        self
    }

    /// Polls tasks on several threads.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// match anyrt::Builder::new().multi_thread().worker_threads(2).run(async { 6 * 7 }) {
    ///     Ok(answer) => assert_eq!(answer, 42),
    ///     Err(error) => println!("{error}"), // Not every backend has such options.
    /// }
    /// ```
    pub fn multi_thread(mut self) -> Builder {
        self.options.flavor = Some(Flavor::MultiThread);
        self
    }

    /// Polls everything on the calling thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let here = thread::current().id();
    /// let group = anyrt::task_group(async |tg| {
    ///     let there = tg.spawn(async { Ok::<_, std::io::Error>(thread::current().id()) });
    ///     Ok(there.value().await)
    /// });
    /// match anyrt::Builder::new().current_thread().run(group) {
    ///     Ok(there) => assert_eq!(there.unwrap(), here),
    ///     Err(error) => println!("{error}"), // Not every backend has such an option.
    /// }
    /// ```
    pub fn current_thread(mut self) -> Builder {
        self.options.flavor = Some(Flavor::CurrentThread);
        self
    }

    /// Sets the number of threads that poll tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let error = anyrt::Builder::new().worker_threads(0).run(async {}).unwrap_err();
    /// assert!(!error.is_nested(), "{error}");
    /// ```
    pub fn worker_threads(mut self, threads: usize) -> Builder {
        self.options.worker_threads = Some(threads);
        self
    }

    /// Sets the name of the threads that the run starts.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// match anyrt::Builder::new().thread_name("server").run(async { 6 * 7 }) {
    ///     Ok(answer) => assert_eq!(answer, 42),
    ///     Err(error) => println!("{error}"), // Not every backend has such an option.
    /// }
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.options.thread_name = Some(name.into());
        self
    }

    /// Runs a future to its end.
    ///
    /// # Errors
    ///
    /// - No backend is enabled, or not the requested one. The message names the feature.
    /// - `ANYRT_BACKEND` does not name a backend. The message lists the known ones.
    /// - `ANYRT_SIM_SEED` is not a seed, and the run is simulated.
    /// - The backend does not support an option.
    /// - This thread is already inside a run.
    /// - The operating system cannot start a thread.
    ///
    /// # Panics
    ///
    /// Panics if the future panics.
    ///
    /// # Blocking
    ///
    /// Blocks the thread until the future and every task that it started have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let nested = anyrt::run(async { anyrt::Builder::new().run(async {}) });
    /// assert!(nested.unwrap_err().is_nested());
    /// ```
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        self.run_with(RunOptions::new(), future)
    }

    /// Runs a future to its end, with options that are the same on every backend.
    ///
    /// # Errors
    ///
    /// As for [`run`](Builder::run).
    ///
    /// # Panics
    ///
    /// Panics if the future panics.
    ///
    /// # Blocking
    ///
    /// Blocks the thread until the future and every task that it started have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions};
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let options = RunOptions::new().name("server");
    /// let name = Builder::new().run_with(options, async { anyrt::task::current().unwrap().name() });
    /// assert_eq!(&*name.unwrap(), "server");
    /// ```
    #[track_caller]
    pub fn run_with<F: Future>(
        &self,
        options: RunOptions,
        future: F,
    ) -> Result<F::Output, RunError> {
        let mut output = None;
        let main = Box::pin(async {
            monitor::start();
            output = Some(future.await);
        });
        self.run_boxed(options, main)?;
        Ok(output.expect("the run has ended, and so the future has"))
    }

    /// Runs a boxed future, so that the code of every backend is compiled once and not for each future
    /// type.
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

    /// Returns the options with which this builder simulates.
    #[cfg(feature = "sim")]
    pub(crate) fn simulation(&self) -> io::Result<anyrt_sim::Config> {
        simulation(&self.options)
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
            _ => ENABLED.first().copied().ok_or_else(|| invalid(NO_BACKEND)),
        }
    }
}

/// Simulates runs with these options.
#[cfg(feature = "sim")]
impl From<anyrt_sim::Config> for Builder {
    fn from(config: anyrt_sim::Config) -> Builder {
        Builder {
            backend: Some(Backend::Sim),
            options: Options {
                simulation: Some(config),
                ..Options::default()
            },
        }
    }
}

impl Enter for Builder {
    type Runtime = Ambient;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        self.entry()?.block_on(future)
    }
}

/// The environment variable that chooses the backend if the program does not.
const VARIABLE: &str = "ANYRT_BACKEND";
