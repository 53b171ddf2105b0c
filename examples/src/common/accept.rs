//! Accepting connections, no more at a time than there is room for.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyrt::TaskGroup;
use anyrt::net::{Listener, ListenerExt, MultiListener, SocketOption, TcpListener, TcpStream};
use anyrt::stream::{Attributes, Demand};
use anyrt::sync::Semaphore;

/// Listens at all of these addresses.
///
/// # Errors
///
/// With the address that it cannot listen at.
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

/// How much the system may hold back of what is sent through a connection, in bytes.
const SEND_BUFFER: usize = 128 * 1024;

/// Makes it show sooner that a slow peer takes something: the system tells of room only when a third
/// of the buffer is free, and left to itself it makes that several megabytes large.
pub fn limit_send_buffer(stream: &TcpStream) {
    // Without it, the limits of idleness are only less exact.
    drop(stream.set_option(SocketOption::SendBuffer(SEND_BUFFER)));
}

/// Accepts connections, and starts a task of the group with the handler for each; with `max` of
/// them open, the next one waits where it is until one has ended.
///
/// # Cancel safety
///
/// Cancelling it stops accepting. The group goes on with what was accepted.
///
/// # Errors
///
/// If the listener fails. It is never `Ok`.
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
    let room = Arc::new(Semaphore::new(max.get()));
    let limited = Limited {
        listener,
        room: room.clone(),
    };
    let handler = |stream| {
        let (handled, room) = (handler(stream), room.clone());
        async move {
            handled.await;
            let released = room.release();
            debug_assert!(released.is_ok(), "it has no maximum");
        }
    };
    limited.serve_in(group, handler).await
}

/// A listener that accepts when there is room for one more connection.
struct Limited<L> {
    listener: L,
    room: Arc<Semaphore>,
}

impl<L: Listener> Listener for Limited<L> {
    type Stream = L::Stream;

    async fn accept(&self) -> io::Result<L::Stream> {
        let permit = self.room.acquire().await;
        let stream = self.listener.accept().await?;
        // Released when the connection has ended.
        permit.forget();
        Ok(stream)
    }
}

impl<L: Attributes> Attributes for Limited<L> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.listener.provide(demand);
    }
}
