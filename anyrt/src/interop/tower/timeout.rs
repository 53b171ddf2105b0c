use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::futures::{Fail, Scope};

/// Gives each request a limited time; see [`Timeout`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use anyrt::interop::tower::TimeoutLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// anyrt::run(async {
///     let service = ServiceBuilder::new()
///         .layer(TimeoutLayer::new(Duration::from_millis(5)))
///         .service(service_fn(async |delay: Duration| {
///             anyrt::sleep(delay).await;
///             Ok::<_, Infallible>("done")
///         }));
///     assert_eq!(service.clone().oneshot(Duration::ZERO).await.unwrap(), "done");
///     let error = service.oneshot(Duration::from_secs(3600)).await.unwrap_err();
///     assert!(error.is::<anyrt::Elapsed>());
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TimeoutLayer {
    limit: Duration,
}

impl TimeoutLayer {
    /// Allows this much time for each request.
    pub const fn new(limit: Duration) -> TimeoutLayer {
        TimeoutLayer { limit }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout::new(inner, self.limit)
    }
}

/// A service whose requests have a limited time each, counted from the call.
///
/// It works as [`fail_at`](crate::fail_at): what runs too long is cancelled, and its clean-up code
/// runs before the answer comes. The error is [`Elapsed`](crate::Elapsed) in a box, as tower has it.
/// Waiting until the service is ready is not limited.
///
/// # Cancel safety
///
/// Dropping the future of a request drops what runs in it, without clean-up code.
///
/// # Panics
///
/// Calls panic where no runtime is at hand; the message names the fix.
///
/// # Examples
///
/// See [`TimeoutLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Timeout<S> {
    inner: S,
    limit: Duration,
}

impl<S> Timeout<S> {
    /// Allows this much time for each request.
    pub const fn new(inner: S, limit: Duration) -> Timeout<S> {
        Timeout { inner, limit }
    }

    /// The service itself.
    pub const fn as_inner(&self) -> &S {
        &self.inner
    }

    /// The service itself, to be changed.
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the service out.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, Request> Service<Request> for Timeout<S>
where
    S: Service<Request, Error: Into<BoxError>>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Limited<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[track_caller]
    fn call(&mut self, request: Request) -> Limited<S::Future> {
        let deadline = crate::now() + self.limit;
        Limited(crate::fail_at(deadline, self.inner.call(request)))
    }
}

/// The future of a request to a [`Timeout`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Limited<F: Future>(#[pin] Scope<F, Fail>);

impl<F, T, E> Future for Limited<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, BoxError>> {
        let outcome = ready!(self.project().0.poll(cx))?;
        Poll::Ready(outcome.map_err(Into::into))
    }
}

impl<F: Future> fmt::Debug for Limited<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited").finish_non_exhaustive()
    }
}

/// What errors become where layers add their own.
type BoxError = Box<dyn Error + Send + Sync>;
