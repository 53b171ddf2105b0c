//! Serving: accepting connections, and a task for each of them.

use std::fmt;
use std::io;
use std::panic::Location;
use std::time::Duration;

use super::Listener;
use super::accept_error::AcceptError;
use crate::error::GroupError;
use crate::runtime::{Runtime, Time};
use crate::task::{GroupOptions, Never, TaskGroup, TaskOutput};
use crate::time::sleep;

/// The pause of accepting after descriptors or memory have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// A callback for errors that do not end serving.
type Hook = Box<dyn FnMut(&io::Error) + Send>;

/// Options of serving a listener; [`serve`](ServeOptions::serve) and [`serve_in`](ServeOptions::serve_in)
/// serve it.
///
/// Serving starts a task with the handler for each connection. It continues until it is cancelled, or until
/// the listener itself fails:
///
/// - A connection that broke off before it was accepted is skipped.
/// - If descriptors or memory have run out, accepting pauses for 100 ms and is retried; connections wait
///   meanwhile. Of several such errors in a row, the first is printed to standard error in one line, or each
///   is passed to [`on_accept_error`](ServeOptions::on_accept_error).
/// - Any other error ends serving.
#[must_use = "options do nothing until something is served with them"]
#[derive(Default)]
pub struct ServeOptions {
    hook: Option<Hook>,
}

impl ServeOptions {
    /// Creates options with their defaults.
    pub fn new() -> ServeOptions {
        ServeOptions::default()
    }

    /// Sets a callback for each error that does not end serving: for each pause, and for each error of a single
    /// connection that the listener reports. Listeners of sockets do not report connections that broke off
    /// before they were accepted. The callback is called by the accepting task, and must not block.
    pub fn on_accept_error(mut self, hook: impl FnMut(&io::Error) + Send + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Serves a listener, with the handlers in a group that ends with the call.
    ///
    /// A connection is closed when its handler drops it. Handlers must handle their own errors. If one panics,
    /// the others are cancelled, and the panic is resumed here when they have ended (rule [G4](crate::rules#g4)).
    /// If the listener fails, the handlers are cancelled and waited for, as by any error in a group (rule
    /// [G3](crate::rules#g3)).
    ///
    /// # Cancel safety
    ///
    /// Cancelling an enclosing scope stops accepting, cancels the handlers, and waits for them. Dropping the
    /// future from outside cancels the handlers at once; the enclosing group, or the run, waits for them (rule
    /// [C10](crate::rules#c10)). Connections that were not accepted are not lost.
    ///
    /// # Errors
    ///
    /// The error with which the listener failed. The result is never `Ok`.
    ///
    /// # Panics
    ///
    /// If a handler panics, or if there is no runtime.
    #[track_caller]
    pub fn serve<R, L, H, Fut>(
        self,
        listener: &L,
        mut handler: H,
    ) -> impl Future<Output = io::Result<()>> + Send
    where
        R: Runtime,
        L: Listener + ?Sized,
        H: FnMut(L::Stream) -> Fut + Send,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let location = Location::caller();
        let group = GroupOptions::new().run(
            async move |group: TaskGroup<R, io::Error>| -> Result<Never, io::Error> {
                let spawn = |stream| drop(group.spawn_at(location, handler(stream)));
                Err(self.accept_all::<R, L>(listener, spawn).await)
            },
        );
        async move {
            match group.await {
                Ok(never) => never,
                Err(GroupError::Failed(errors)) => Err(errors.into_first()),
                Err(cancelled) => Err(cancelled.into()),
            }
        }
    }

    /// Serves a listener, with the handlers in the given group, where they continue when serving ends.
    ///
    /// Cancelling this call alone begins a graceful shutdown: no new connections are accepted, and the
    /// open ones are served to their end. Errors and panics of handlers go to the group.
    ///
    /// # Cancel safety
    ///
    /// Cancelling or dropping the call stops accepting. Connections that were not accepted are not lost.
    ///
    /// # Errors
    ///
    /// The error with which the listener failed. The result is never `Ok`.
    ///
    /// # Panics
    ///
    /// If a connection is accepted after the group has ended.
    #[track_caller]
    pub fn serve_in<R, E, L, H, Fut>(
        self,
        group: &TaskGroup<R, E>,
        listener: &L,
        mut handler: H,
    ) -> impl Future<Output = io::Result<()>> + Send
    where
        R: Runtime,
        E: Send + 'static,
        L: Listener + ?Sized,
        H: FnMut(L::Stream) -> Fut + Send,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        let location = Location::caller();
        async move {
            let spawn = |stream| drop(group.spawn_at(location, handler(stream)));
            Err(self.accept_all::<R, L>(listener, spawn).await)
        }
    }

    /// Accepts connections until the listener fails, and returns its error.
    async fn accept_all<R: Time, L: Listener + ?Sized>(
        mut self,
        listener: &L,
        mut take: impl FnMut(L::Stream) + Send,
    ) -> io::Error {
        // Whether the last result was a lack of resources, which is printed once in a row.
        let mut paused = false;
        loop {
            let error = match listener.accept().await {
                Ok(stream) => {
                    paused = false;
                    take(stream);
                    continue;
                }
                Err(error) => error,
            };
            match AcceptError::of(&error) {
                AcceptError::Connection => {
                    if let Some(hook) = &mut self.hook {
                        hook(&error);
                    }
                }
                AcceptError::Resources => {
                    match &mut self.hook {
                        Some(hook) => hook(&error),
                        None if paused => {}
                        None => eprintln!("anyrt: no connection can be accepted for now: {error}"),
                    }
                    paused = true;
                    sleep::<R>(PAUSE).await;
                }
                AcceptError::Listener => return error,
            }
        }
    }
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions").finish_non_exhaustive()
    }
}
