//! Cancel scopes, shields and clean-up: the functions of `anyrt_core::cancel` for the ambient runtime.

use std::time::Duration;

use anyrt_core::cancel::{self, Cancelled, Leased};

use crate::futures::{Checkpoint, Fail, Finally, MoveOn, Scope, Shield, WaitFor};
use crate::{Ambient, Instant};

/// A cancel scope. Cancelling it interrupts the code inside it, and nothing else.
///
/// A scope is for one future: [`run`](CancelScope::run) consumes it. With its
/// [`handle`](CancelScope::handle), any task or thread can cancel it, move its deadline, or switch its
/// shield, before and while it runs.
///
/// Where no handle is needed, [`move_on_after`] and [`fail_after`] do the same without allocating.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     let handle = scope.handle();
///     let ended = scope.run(async {
///         handle.cancel_with("enough");
///         anyrt::sleep_forever().await;
///     });
///     assert_eq!(ended.await.unwrap_err().reason(), Some("enough"));
/// });
/// ```
pub type CancelScope = cancel::CancelScope<Ambient>;

/// Runs a future for at most `limit`, counted from its first poll. Returns `None` if it was interrupted.
///
/// A limit of zero interrupts the future at its first wait. If an enclosing scope is cancelled, the call
/// does not return: the cancellation propagates outwards.
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let limit = Duration::from_millis(5);
///     assert_eq!(anyrt::move_on_after(limit, async { 1 }).await, Some(1));
///     assert!(anyrt::move_on_after(limit, anyrt::sleep_forever()).await.is_none());
/// });
/// ```
#[inline]
pub fn move_on_after<F: Future>(limit: Duration, future: F) -> Scope<F, MoveOn> {
    cancel::move_on_after::<Ambient, F>(limit, future)
}

/// Runs a future until `deadline` at most. Returns `None` if it was interrupted. See [`move_on_after`].
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     // A deadline in the past cancels on entry.
///     assert!(anyrt::move_on_at(anyrt::now(), anyrt::checkpoint()).await.is_none());
/// });
/// ```
#[inline]
pub fn move_on_at<F: Future>(deadline: Instant, future: F) -> Scope<F, MoveOn> {
    cancel::move_on_at::<Ambient, F>(deadline, future)
}

/// Runs a future for at most `limit`, counted from its first poll. Returns an error if it was
/// interrupted.
///
/// It works like [`move_on_after`], apart from its output.
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future was interrupted.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let limit = Duration::from_millis(5);
///     let call = anyrt::fail_after(limit, anyrt::sleep_forever()).reason("no answer");
///     assert_eq!(call.await.unwrap_err().to_string(), "the time limit passed: no answer");
/// });
/// ```
#[inline]
pub fn fail_after<F: Future>(limit: Duration, future: F) -> Scope<F, Fail> {
    cancel::fail_after::<Ambient, F>(limit, future)
}

/// Runs a future until `deadline` at most. Returns an error if it was interrupted. See [`fail_after`].
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future was interrupted.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let deadline = anyrt::now() + Duration::from_secs(10);
///     assert_eq!(anyrt::fail_at(deadline, async { "in time" }).await, Ok("in time"));
/// });
/// ```
#[inline]
pub fn fail_at<F: Future>(deadline: Instant, future: F) -> Scope<F, Fail> {
    cancel::fail_at::<Ambient, F>(deadline, future)
}

/// Waits for a future for at most `limit`, and leaves it untouched if it is still pending then.
///
/// Unlike [`fail_after`] it interrupts nothing: the future can be awaited again.
///
/// # Cancel safety
///
/// Cancel safe: dropping the returned future leaves `future` as it is.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future is still pending at the limit. A limit of zero
/// polls it once.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// let group = anyrt::run(anyrt::task_group(async |tg| {
///     let mut slow = tg.spawn(anyrt::sleep(Duration::from_millis(20)));
///     while anyrt::wait_for(Duration::from_millis(5), &mut slow).await.is_err() {
///         // Still running: report it, and go on waiting.
///     }
///     assert!(slow.is_finished());
/// }));
/// assert!(group.is_ok());
/// ```
#[inline]
pub fn wait_for<F: Future + Unpin>(limit: Duration, future: &mut F) -> WaitFor<'_, F> {
    cancel::wait_for::<Ambient, F>(limit, future)
}

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

/// Lets other tasks run, and observes cancellation.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     for block in [[0_u8; 64]; 3] {
///         let _sum: u32 = block.iter().copied().map(u32::from).sum();
///         anyrt::checkpoint().await; // lets other tasks run during a long computation
///     }
/// });
/// ```
#[inline]
pub fn checkpoint() -> Checkpoint {
    cancel::checkpoint()
}

/// Observes cancellation without yielding.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert!(scope.run(anyrt::checkpoint_if_cancelled()).await.is_err());
/// });
/// ```
#[inline]
pub fn checkpoint_if_cancelled() -> Checkpoint {
    cancel::checkpoint_if_cancelled()
}

/// Lets other tasks run, and ignores the cancellation of enclosing scopes.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert!(scope.run(anyrt::cancel_shielded_checkpoint()).await.is_ok());
/// });
/// ```
#[inline]
pub fn cancel_shielded_checkpoint() -> Shield<Checkpoint> {
    cancel::cancel_shielded_checkpoint()
}

/// Returns the earliest deadline that applies to the calling code.
///
/// It is [`Instant::FAR_FUTURE`] if there is none, and [`Instant::FAR_PAST`] if the code is
/// cancelled already. Scopes outside of a shield do not count.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::Instant;
/// use std::time::Duration;
///
/// anyrt::run(async {
///     assert_eq!(anyrt::current_effective_deadline(), Instant::FAR_FUTURE);
///     let deadline = anyrt::now() + Duration::from_secs(10);
///     let inside = async { anyrt::current_effective_deadline() };
///     assert_eq!(anyrt::move_on_at(deadline, inside).await, Some(deadline));
/// });
/// ```
#[inline]
pub fn current_effective_deadline() -> Instant {
    cancel::current_effective_deadline()
}

/// Returns whether an operation that is started here would be cancelled at once, because an enclosing
/// scope is cancelled.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert_eq!(scope.run(async { anyrt::has_pending_cancellation() }).await, Ok(true));
/// });
/// ```
#[inline]
pub fn has_pending_cancellation() -> bool {
    cancel::has_pending_cancellation()
}

/// Returns why the calling code is cancelled, or `None` if it is not.
///
/// Code inside a clean-up or another shield is not cancelled: call this before it.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     assert!(anyrt::current_cancellation().is_none());
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel_with("shutting down");
///     let why = scope.run(async { anyrt::current_cancellation() }).await;
///     assert_eq!(why.unwrap().unwrap().reason(), Some("shutting down"));
/// });
/// ```
#[inline]
pub fn current_cancellation() -> Option<Cancelled> {
    cancel::current_cancellation()
}
