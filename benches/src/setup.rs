//! The runtimes that are measured, each entered through anyrt and natively, with the same settings.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::runtime::{Enter, Runtime};
use anyrt_core::task::task_group;
use futures_util::future::BoxFuture;
use smol::Executor;

/// The implementation that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

impl Side {
    /// Returns the name on command lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Ours => "ours",
            Side::Theirs => "theirs",
        }
    }
}

/// A runtime in one configuration.
///
/// The measured code runs in a task on both sides. If there are worker threads, programs usually spawn
/// from one of them, which costs less than spawning from outside.
pub(crate) trait Setup: 'static {
    /// The name in the table.
    const NAME: &'static str;
    /// The marker type of the backend.
    type Runtime: Runtime;
    type Native: Native;

    /// Creates a new runtime of anyrt.
    fn backend() -> impl Enter<Runtime = Self::Runtime>;

    /// Runs the main future on a new native runtime, and ends the runtime.
    fn enter_native<Fut: Future>(main: impl FnOnce(Self::Native) -> Fut) -> Fut::Output;
}

/// Runs `measured` in a task of anyrt.
pub(crate) fn ours<L: Setup, T: Send + 'static>(
    measured: impl Future<Output = T> + Send + 'static,
) -> T {
    ours_boxed::<L, T>(Box::pin(measured))
}

/// Runs a boxed future, so that there is one copy of the code for each runtime and not for each case.
fn ours_boxed<L: Setup, T: Send + 'static>(measured: BoxFuture<'static, T>) -> T {
    let main = task_group::<L::Runtime, Infallible, T, _>(|group| async move {
        Ok(group.spawn(async { Ok(measured.await) }).value().await)
    });
    anyrt_core::run(&L::backend(), RunOptions::new(), main)
        .expect("the runtime starts")
        .expect("nothing cancels the group")
}

/// Runs the future that `measured` returns in a native task.
pub(crate) fn native<L: Setup, T: Send + 'static, Fut>(measured: impl FnOnce(L::Native) -> Fut) -> T
where
    Fut: Future<Output = T> + Send + 'static,
{
    native_boxed::<L, T>(Box::new(|native| Box::pin(measured(native))))
}

type Measured<'a, N, T> = Box<dyn FnOnce(N) -> BoxFuture<'static, T> + 'a>;

fn native_boxed<L: Setup, T: Send + 'static>(measured: Measured<'_, L::Native, T>) -> T {
    L::enter_native(async |native| native.spawn(measured(native.clone())).await)
}

/// The common operations of native runtimes, as their users call them.
pub(crate) trait Native: Clone + Send + Sync + 'static {
    /// The type that spawning returns.
    type Task<T: Send + 'static>: Future<Output = T> + Send + 'static;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Spawns a detached task.
    fn detach<F>(&self, future: F)
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Cancels tasks and waits until they have ended.
    fn cancel_all<T: Send + 'static>(tasks: Vec<Self::Task<T>>) -> impl Future<Output = ()> + Send;

    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send;

    fn spawn_blocking<F, T>(f: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;
}

// ---- tokio ----

/// Tokio, all on the calling thread.
pub(crate) struct TokioCurrent;

/// Tokio with two worker threads.
pub(crate) struct TokioTwo;

impl Setup for TokioCurrent {
    const NAME: &'static str = "tokio, current-thread";
    type Runtime = anyrt_tokio::Tokio;
    type Native = Tokio;

    fn backend() -> impl Enter<Runtime = anyrt_tokio::Tokio> {
        anyrt_tokio::Builder::current_thread()
    }

    fn enter_native<Fut: Future>(main: impl FnOnce(Tokio) -> Fut) -> Fut::Output {
        enter_tokio(&mut tokio::runtime::Builder::new_current_thread(), main)
    }
}

impl Setup for TokioTwo {
    const NAME: &'static str = "tokio, two workers";
    type Runtime = anyrt_tokio::Tokio;
    type Native = Tokio;

    fn backend() -> impl Enter<Runtime = anyrt_tokio::Tokio> {
        anyrt_tokio::Builder::multi_thread().worker_threads(2)
    }

    fn enter_native<Fut: Future>(main: impl FnOnce(Tokio) -> Fut) -> Fut::Output {
        enter_tokio(
            tokio::runtime::Builder::new_multi_thread().worker_threads(2),
            main,
        )
    }
}

fn enter_tokio<Fut: Future>(
    builder: &mut tokio::runtime::Builder,
    main: impl FnOnce(Tokio) -> Fut,
) -> Fut::Output {
    let runtime = builder.enable_all().build().expect("the runtime starts");
    runtime.block_on(async { main(Tokio).await })
}

#[derive(Clone)]
pub(crate) struct Tokio;

/// A `JoinHandle` of tokio that panics on errors.
pub(crate) struct TokioTask<T>(tokio::task::JoinHandle<T>);

impl<T> Future for TokioTask<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let joined = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(joined.expect("nothing cancels the task"))
    }
}

impl Native for Tokio {
    type Task<T: Send + 'static> = TokioTask<T>;

    #[inline]
    fn spawn<F>(&self, future: F) -> TokioTask<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        TokioTask(tokio::spawn(future))
    }

    #[inline]
    fn detach<F>(&self, future: F)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        drop(tokio::spawn(future));
    }

    async fn cancel_all<T: Send + 'static>(tasks: Vec<TokioTask<T>>) {
        for task in &tasks {
            task.0.abort();
        }
        for task in tasks {
            // It ends with the error of a cancelled task.
            drop(task.0.await);
        }
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        tokio::time::timeout(limit, future).await.ok()
    }

    async fn spawn_blocking<F, T>(f: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let call = tokio::task::spawn_blocking(f);
        call.await.expect("the function does not panic")
    }
}

// ---- smol ----

/// Smol's executor on the calling thread.
pub(crate) struct SmolOne;

/// Smol's executor on the calling thread and one more.
pub(crate) struct SmolTwo;

impl Setup for SmolOne {
    const NAME: &'static str = "smol, one thread";
    type Runtime = anyrt_smol::Smol;
    type Native = Smol;

    fn backend() -> impl Enter<Runtime = anyrt_smol::Smol> {
        anyrt_smol::Builder::new()
    }

    fn enter_native<Fut: Future>(main: impl FnOnce(Smol) -> Fut) -> Fut::Output {
        enter_smol(1, main)
    }
}

impl Setup for SmolTwo {
    const NAME: &'static str = "smol, two threads";
    type Runtime = anyrt_smol::Smol;
    type Native = Smol;

    fn backend() -> impl Enter<Runtime = anyrt_smol::Smol> {
        anyrt_smol::Builder::new().threads(2)
    }

    fn enter_native<Fut: Future>(main: impl FnOnce(Smol) -> Fut) -> Fut::Output {
        enter_smol(2, main)
    }
}

fn enter_smol<Fut: Future>(threads: usize, main: impl FnOnce(Smol) -> Fut) -> Fut::Output {
    let executor = Arc::new(Executor::new());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    thread::scope(|scope| {
        let _stop = stop;
        for _ in 1..threads {
            scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
        }
        let main = main(Smol(executor.clone()));
        smol::block_on(executor.run(main))
    })
}

#[derive(Clone)]
pub(crate) struct Smol(Arc<Executor<'static>>);

impl Native for Smol {
    type Task<T: Send + 'static> = smol::Task<T>;

    #[inline]
    fn spawn<F>(&self, future: F) -> smol::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.spawn(future)
    }

    #[inline]
    fn detach<F>(&self, future: F)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.spawn(future).detach();
    }

    async fn cancel_all<T: Send + 'static>(tasks: Vec<smol::Task<T>>) {
        for task in tasks {
            task.cancel().await;
        }
    }

    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        race_with_timer(limit, future)
    }

    fn spawn_blocking<F, T>(f: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        smol::unblock(f)
    }
}

/// Limits a future with a timeout as in the book of smol.
async fn race_with_timer<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let value = async { Some(future.await) };
    let timer = async {
        async_io::Timer::after(limit).await;
        None
    };
    smol::future::or(value, timer).await
}

// ---- async-std ----

/// Async-std's executor, which the process shares.
pub(crate) struct AsyncStdShared;

impl Setup for AsyncStdShared {
    const NAME: &'static str = "async-std";
    type Runtime = anyrt_async_std::AsyncStd;
    type Native = AsyncStd;

    fn backend() -> impl Enter<Runtime = anyrt_async_std::AsyncStd> {
        anyrt_async_std::Builder::new()
    }

    fn enter_native<Fut: Future>(main: impl FnOnce(AsyncStd) -> Fut) -> Fut::Output {
        async_std::task::block_on(async { main(AsyncStd).await })
    }
}

#[derive(Clone)]
pub(crate) struct AsyncStd;

impl Native for AsyncStd {
    type Task<T: Send + 'static> = async_std::task::JoinHandle<T>;

    #[inline]
    fn spawn<F>(&self, future: F) -> async_std::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        async_std::task::spawn(future)
    }

    #[inline]
    fn detach<F>(&self, future: F)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        drop(async_std::task::spawn(future));
    }

    async fn cancel_all<T: Send + 'static>(tasks: Vec<async_std::task::JoinHandle<T>>) {
        for task in tasks {
            task.cancel().await;
        }
    }

    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        race_with_timer(limit, future)
    }

    fn spawn_blocking<F, T>(f: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        async_std::task::spawn_blocking(f)
    }
}
