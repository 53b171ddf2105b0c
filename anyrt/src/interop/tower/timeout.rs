//! A time limit for each request of a tower service.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::futures::{Fail, Scope};

/// A layer that gives each request a time limit; see [`Timeout`].
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
    /// Creates a layer with a time limit for each request.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::TimeoutLayer;
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let echo = service_fn(async |text: &'static str| Ok::<_, Infallible>(text));
    /// let limited = TimeoutLayer::new(Duration::from_secs(5)).layer(echo);
    /// assert_eq!(limited.oneshot("hello").await.unwrap(), "hello");
    /// # });
    /// ```
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

/// A service with a time limit for each request, counted from the call.
///
/// It works like [`fail_at`](crate::fail_at): a request that takes too long is cancelled, and its
/// clean-up code runs before the response is returned. The error is a boxed [`Elapsed`](crate::Elapsed),
/// as is usual in tower. Waiting until the service is ready is not limited.
///
/// # Cancel safety
///
/// Dropping the future of a request drops the inner future, without clean-up code.
///
/// # Panics
///
/// Calls panic if there is no runtime; the message names the fix.
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
    /// Creates a service with a time limit for each request.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Timeout;
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    /// use tower::{ServiceExt, service_fn};
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let slow = service_fn(async |(): ()| {
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     Ok::<_, Infallible>(())
    /// });
    /// let error = Timeout::new(slow, Duration::from_millis(5)).oneshot(()).await.unwrap_err();
    /// assert!(error.is::<anyrt::Elapsed>());
    /// # });
    /// ```
    pub const fn new(inner: S, limit: Duration) -> Timeout<S> {
        Timeout { inner, limit }
    }

    /// Returns a reference to the inner service.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Timeout;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Timeout::new("service", Duration::from_secs(5)).as_inner(), &"service");
    /// ```
    pub const fn as_inner(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Timeout;
    /// use std::time::Duration;
    ///
    /// let mut limited = Timeout::new(1, Duration::from_secs(5));
    /// *limited.as_inner_mut() += 1;
    /// assert_eq!(limited.into_inner(), 2);
    /// ```
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Timeout;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Timeout::new("service", Duration::from_secs(5)).into_inner(), "service");
    /// ```
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

/// A boxed error, as in tower: a layer adds its own errors to those of the service.
type BoxError = Box<dyn Error + Send + Sync>;
