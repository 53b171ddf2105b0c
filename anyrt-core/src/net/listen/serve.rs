//! Serving: a task for each connection.

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

/// How long accepting rests when descriptors or memory have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Who is told of errors that serving survives.
type Hook = Box<dyn FnMut(&io::Error) + Send>;

/// How to serve a listener, and what serves it.
///
/// A server starts a task with the handler for each connection. It goes on until it is cancelled, or
/// until the listener itself fails:
///
/// - A connection that broke off before it was accepted is passed over.
/// - When the system has no descriptor or memory left, accepting pauses for 100 ms and is tried
///   again; connections wait meanwhile. The first such error in a row goes to standard error as one
///   line, or each of them to [`on_accept_error`](ServeOptions::on_accept_error).
/// - Any other error ends serving.
#[must_use = "options do nothing until something is served with them"]
#[derive(Default)]
pub struct ServeOptions {
    hook: Option<Hook>,
}

impl ServeOptions {
    /// The defaults.
    pub fn new() -> ServeOptions {
        ServeOptions::default()
    }

    /// Tells this function of each error that serving survives: of each pause, and of what a listener
    /// says of single connections. Listeners of sockets say nothing of those that broke off before they
    /// were accepted. It is called by the accepting task, and must not block.
    pub fn on_accept_error(mut self, hook: impl FnMut(&io::Error) + Send + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Serves with handlers in a group of their own.
    ///
    /// A connection is closed when its handler drops it. Handlers take care of their errors
    /// themselves; a panic of one cancels the others, and continues here when they have ended (rule
    /// G4). If the listener fails, the handlers are cancelled and waited for, as by any error in a
    /// group (rule G3).
    ///
    /// # Cancel safety
    ///
    /// Cancelling a scope around it stops accepting, cancels the handlers, and waits for them.
    /// Dropping it from outside cancels the handlers at once; the group around, or the run, waits for
    /// them (rule C10). No connection is lost that was not accepted.
    ///
    /// # Errors
    ///
    /// What the listener fails with. It is never `Ok`.
    ///
    /// # Panics
    ///
    /// If a handler panics, and where no runtime is at hand.
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

    /// Serves with handlers in this group, where they live on when serving ends.
    ///
    /// Cancelling it alone is the beginning of a shutdown in good order: no new connections, and
    /// the ones that are there are served to their ends. Errors and panics of handlers are the
    /// group's.
    ///
    /// # Cancel safety
    ///
    /// Cancelling or dropping it stops accepting. No connection is lost that was not accepted.
    ///
    /// # Errors
    ///
    /// What the listener fails with. It is never `Ok`.
    ///
    /// # Panics
    ///
    /// If there is a connection when the group has ended.
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

    /// Accepts until the listener fails.
    async fn accept_all<R: Time, L: Listener + ?Sized>(
        mut self,
        listener: &L,
        mut take: impl FnMut(L::Stream) + Send,
    ) -> io::Error {
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
