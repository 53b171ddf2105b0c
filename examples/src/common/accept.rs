//! Accepting connections, with a limit on how many are open.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyrt::TaskGroup;
use anyrt::net::{Listener, ListenerExt, MultiListener, SocketOption, TcpListener, TcpStream};
use anyrt::stream::{Attributes, Request};
use anyrt::sync::Semaphore;

use crate::spare::{Reserve, Spare};

/// Listens at all of these addresses.
///
/// # Errors
///
/// Returns the error with the address that it cannot listen at.
pub fn listen(addresses: &[SocketAddr]) -> io::Result<MultiListener<TcpListener>> {
    let listeners: io::Result<Vec<_>> = addresses
        .iter()
        .map(|address| {
            let wrong = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot listen at {address}: {error}"))
            };
            TcpListener::bind(*address).map_err(wrong)
        })
        .collect();
    Ok(MultiListener::new(listeners?))
}

/// The size of the system's send buffer of a connection, in bytes.
const SEND_BUFFER: usize = 128 * 1024;

/// Limits the system's send buffer, so that it is noticed earlier that a slow peer receives.
///
/// The system reports space only when a third of the buffer is free, and by default the buffer grows to
/// several megabytes.
pub fn limit_send_buffer(stream: &TcpStream) {
    // Without it, the idle limits are only less exact.
    drop(stream.set_option(SocketOption::SendBuffer(SEND_BUFFER)));
}

/// Accepts connections, and starts a task of the group with the handler for each. While `max`
/// connections are open, the next one waits in the backlog.
///
/// # Cancel safety
///
/// Cancelling it stops accepting. Accepted connections continue in the group.
///
/// # Errors
///
/// Returns the error of the listener. It never returns `Ok`.
pub async fn accept<E, H, Fut>(
    listener: MultiListener<TcpListener>,
    max: NonZeroUsize,
    group: &TaskGroup<E>,
    mut handler: H,
) -> io::Result<()>
where
    E: Send + 'static,
    H: FnMut(TcpStream) -> Fut + Send,
    Fut: Future<Output = ()> + Send + 'static,
{
    let handler = |stream, ()| handler(stream);
    accept_with(listener, max, || Ok(()), group, handler).await
}

/// Accepts connections like [`accept`], each together with a spare descriptor for an outgoing
/// connection. If there is no spare descriptor, clients wait in the backlog.
///
/// # Cancel safety
///
/// As for [`accept`].
///
/// # Errors
///
/// As for [`accept`].
pub async fn accept_to_connect<E, H, Fut>(
    listener: MultiListener<TcpListener>,
    max: NonZeroUsize,
    group: &TaskGroup<E>,
    handler: H,
) -> io::Result<()>
where
    E: Send + 'static,
    H: FnMut(TcpStream, Spare) -> Fut + Send,
    Fut: Future<Output = ()> + Send + 'static,
{
    let reserve = Reserve::new();
    accept_with(listener, max, || reserve.spare(), group, handler).await
}

/// Calls `prepare` before each connection is accepted, and passes its value to the handler.
async fn accept_with<E, T, H, Fut>(
    listener: MultiListener<TcpListener>,
    max: NonZeroUsize,
    prepare: impl Fn() -> io::Result<T> + Send + Sync,
    group: &TaskGroup<E>,
    mut handler: H,
) -> io::Result<()>
where
    E: Send + 'static,
    T: Send,
    H: FnMut(TcpStream, T) -> Fut + Send,
    Fut: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(max.get()));
    let prepared = Arc::new(Mutex::new(None));
    let limited = Limited {
        listener,
        room: room.clone(),
        prepare,
        prepared: prepared.clone(),
    };
    let handler = |stream| {
        let prepared = lock(&prepared).take();
        let prepared = prepared.expect("a connection is handled before the next one is accepted");
        let (handled, room) = (handler(stream, prepared), room.clone());
        async move {
            handled.await;
            let released = room.release();
            debug_assert!(released.is_ok(), "it has no maximum");
        }
    };
    limited.serve_in(group, handler).await
}

/// A listener that accepts only while the number of open connections is below the limit.
struct Limited<L, P, T> {
    listener: L,
    room: Arc<Semaphore>,
    prepare: P,
    /// The value for the last accepted connection.
    prepared: Arc<Mutex<Option<T>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<L, P, T> Listener for Limited<L, P, T>
where
    L: Listener,
    P: Fn() -> io::Result<T> + Send + Sync,
    T: Send,
{
    type Stream = L::Stream;

    async fn accept(&self) -> io::Result<L::Stream> {
        let permit = self.room.acquire().await;
        let prepared = (self.prepare)()?;
        let stream = self.listener.accept().await?;
        // Released when the connection has ended.
        permit.forget();
        *lock(&self.prepared) = Some(prepared);
        Ok(stream)
    }
}

impl<L: Attributes, P, T> Attributes for Limited<L, P, T> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.listener.provide(demand);
    }
}
