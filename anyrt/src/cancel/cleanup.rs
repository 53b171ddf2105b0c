//! Shields, and clean-up that runs however the code before it has ended.

use anyrt_core::cancel::{self, Leased};

use crate::futures::{Finally, Shield};

/// Runs a future to its end, even if enclosing scopes are cancelled.
///
/// Cancelled scopes around the shield wait for it. The shield does not protect from the cancellation of
/// a scope inside it. If the future may take long, put a limit inside:
/// `shield(move_on_after(limit, future))`.
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it. A shield holds off cancellation; it cannot hold
/// off a drop from outside.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let mut saved = false;
///     let ended = anyrt::move_on_after(Duration::ZERO, async {
///         anyrt::shield(async {
///             anyrt::sleep(Duration::from_millis(5)).await;
///             saved = true;
///         })
///         .await;
///         anyrt::checkpoint().await; // interrupted here, and not before
///     });
///     assert!(ended.await.is_none());
///     assert!(saved);
/// });
/// ```
#[inline]
pub fn shield<F: Future>(future: F) -> Shield<F> {
    cancel::shield(future)
}

/// Runs `body`, and then `cleanup`, shielded from cancellation, however `body` ended.
///
/// The clean-up runs after a value, after an interruption by cancellation, and after a panic, which
/// continues afterwards. Enclosing scopes that are cancelled wait for it. To limit its time, put a limit
/// inside: `finally(body, || move_on_after(limit, tidy()))`.
///
/// # Cancel safety
///
/// If the returned future is dropped from outside, as `select!` does with a loser, `body` and `cleanup`
/// are dropped where they are: Rust has no `await` in a drop.
///
/// # Panics
///
/// Panics if it was interrupted and is then polled outside of the cancelled scope, which is possible for
/// a future that was lent to a scope. If both the body and the clean-up panic, the panic of the clean-up
/// continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::cell::Cell;
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let tidy = Cell::new(false);
///     let work = anyrt::finally(anyrt::sleep_forever(), async || {
///         anyrt::sleep(Duration::from_millis(5)).await; // clean-up may wait
///         tidy.set(true);
///     });
///     assert!(anyrt::move_on_after(Duration::from_millis(5), work).await.is_none());
///     assert!(tidy.get());
/// });
/// ```
#[inline]
pub fn finally<B, C, CF>(body: B, cleanup: C) -> Finally<B, C, CF>
where
    B: Future,
    C: FnOnce() -> CF,
    CF: Future<Output = ()>,
{
    cancel::finally(body, cleanup)
}

/// Lends a resource to `body`, and passes it to `cleanup` however the body ended.
///
/// It works like [`finally`], for a value that both need: the body gets a guard that derefs to it, and
/// the clean-up gets the value back.
///
/// # Cancel safety
///
/// As for [`finally`]: if the future is dropped from outside, the resource is dropped without `cleanup`.
///
/// # Panics
///
/// As for [`finally`]. Also panics if the guard is still alive elsewhere when the body has ended, for
/// instance in a child task: then there is no resource for the clean-up. Keep the guard in the body.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// struct Connection(Vec<&'static str>);
///
/// let length = anyrt::run(anyrt::with_resource(
///     Connection(Vec::new()),
///     async |mut connection| {
///         connection.0.push("hello");
///         connection.0.len()
///     },
///     async |mut connection| connection.0.push("goodbye"),
/// ));
/// assert_eq!(length, 1);
/// ```
#[inline]
pub fn with_resource<T, U, B, BF, C, CF>(
    resource: T,
    body: B,
    cleanup: C,
) -> impl Future<Output = U> + use<T, U, B, BF, C, CF>
where
    B: FnOnce(Leased<T>) -> BF,
    BF: Future<Output = U>,
    C: FnOnce(T) -> CF,
    CF: Future<Output = ()>,
{
    cancel::with_resource(resource, body, cleanup)
}
