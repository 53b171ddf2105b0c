//! The runtime of quinn: a group that its tasks are started in, and the clock of the run.

use std::fmt;
use std::io;
use std::net::UdpSocket as StdUdpSocket;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant as StdInstant;

use pin_project::pin_project;
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime};

use super::super::clock::StdClock;
use super::QuinnSocket;
use crate::TaskGroup;

/// A runtime for quinn that starts tasks in a group.
///
/// The tasks are named `quinn` in [`task::tree`](crate::task::tree). If the group has ended, a new task is dropped at
/// once, and the endpoint or connection that needs it fails. [The module](super) describes when tasks end.
///
/// quinn uses instants of the standard library. Those of this runtime start at its creation, and advance with the run's
/// clock, also if that is paused or simulated.
///
/// # Examples
///
/// See [the module](super).
pub struct QuinnRuntime<E> {
    group: TaskGroup<E>,
    clock: StdClock,
}

impl<E> QuinnRuntime<E> {
    /// Creates a runtime that starts tasks in this group.
    ///
    /// # Panics
    ///
    /// Panics if there is no runtime; the message names the fix.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// use anyrt::interop::quinn::{QuinnRuntime, QuinnSocket};
    /// use quinn::{Endpoint, EndpointConfig};
    /// use std::sync::Arc;
    ///
    /// let group = anyrt::task_group::<std::io::Error, _, _>(async |tg| {
    ///     let runtime = Arc::new(QuinnRuntime::new(tg.clone()));
    ///     let socket = Arc::new(QuinnSocket::bind(([127, 0, 0, 1], 0))?);
    ///     let config = EndpointConfig::default();
    ///     let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)?;
    ///     assert_eq!(endpoint.open_connections(), 0);
    ///     Ok(())
    /// });
    /// anyrt::run(group).unwrap();
    /// ```
    #[track_caller]
    pub fn new(group: TaskGroup<E>) -> QuinnRuntime<E> {
        QuinnRuntime {
            group,
            clock: StdClock::new(),
        }
    }
}

impl<E: Send + 'static> Runtime for QuinnRuntime<E> {
    fn new_timer(&self, deadline: StdInstant) -> Pin<Box<dyn AsyncTimer>> {
        let clock = self.clock;
        let sleep = crate::sleep_until(clock.on_the_run(deadline));
        Box::pin(QuinnTimer { clock, sleep })
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        // quinn does not need the result: it notices that the task's end of its channels is dropped.
        drop(self.group.task().name("quinn").try_spawn(future));
    }

    /// Adopts the socket; an error in a simulation.
    fn wrap_udp_socket(&self, socket: StdUdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(QuinnSocket::adopt(socket)?))
    }

    fn now(&self) -> StdInstant {
        // A connection reads the clock when it is dropped, which can be on any thread.
        self.clock.now_anywhere()
    }
}

impl<E> Clone for QuinnRuntime<E> {
    fn clone(&self) -> Self {
        QuinnRuntime {
            group: self.group.clone(),
            clock: self.clock,
        }
    }
}

impl<E> fmt::Debug for QuinnRuntime<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QuinnRuntime").field(&self.group).finish()
    }
}

#[pin_project]
#[derive(Debug)]
struct QuinnTimer {
    clock: StdClock,
    #[pin]
    sleep: crate::futures::Sleep,
}

impl AsyncTimer for QuinnTimer {
    fn reset(self: Pin<&mut Self>, deadline: StdInstant) {
        let mut this = self.project();
        let deadline = this.clock.on_the_run(deadline);
        this.sleep.set(crate::sleep_until(deadline));
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}
