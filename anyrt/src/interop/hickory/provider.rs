//! The runtime provider of hickory: its handle and its clock.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hickory_net::runtime::{RuntimeProvider, Spawn, Time};

use super::{HickoryTcpStream, HickoryUdpSocket};
use crate::TaskGroup;
use crate::net::TcpConnector;

/// A future in a box.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A runtime provider for hickory that starts tasks in a group.
///
/// The tasks are named `hickory` in [`task::tree`](crate::task::tree). If the group has ended, a new task is dropped at
/// once, and the request that needs it fails.
///
/// # Examples
///
/// See [the module](super).
pub struct HickoryProvider<E> {
    group: TaskGroup<E>,
}

impl<E> HickoryProvider<E> {
    /// Creates a provider that starts tasks in this group.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// use anyrt::interop::hickory::HickoryProvider;
    /// use hickory_resolver::Resolver;
    /// use hickory_resolver::config::ResolverConfig;
    ///
    /// let group = anyrt::task_group(async |tg| {
    ///     let config = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    ///     let provider = HickoryProvider::new(tg.clone());
    ///     let resolver = Resolver::builder_with_config(config, provider).build()?;
    ///     Ok::<_, hickory_resolver::net::NetError>(resolver.options().timeout)
    /// });
    /// assert_eq!(anyrt::run(group).unwrap().as_secs(), 5);
    /// ```
    pub const fn new(group: TaskGroup<E>) -> HickoryProvider<E> {
        HickoryProvider { group }
    }
}

/// The time limit of a connection attempt for which hickory sets none; the same as that of hickory on tokio.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl<E: Send + 'static> RuntimeProvider for HickoryProvider<E> {
    type Handle = HickoryHandle<E>;
    type Timer = HickoryTime;
    type Udp = HickoryUdpSocket;
    type Tcp = HickoryTcpStream;

    fn create_handle(&self) -> HickoryHandle<E> {
        HickoryHandle {
            group: self.group.clone(),
        }
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> BoxFuture<'static, io::Result<HickoryTcpStream>> {
        Box::pin(async move {
            let mut connector = TcpConnector::new();
            if let Some(address) = bind {
                connector = connector.local_address(address);
            }
            let connecting = connector.connect_addresses(&[server]);
            let stream =
                crate::fail_after(timeout.unwrap_or(CONNECT_TIMEOUT), connecting).await??;
            Ok(HickoryTcpStream(stream))
        })
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        _server: SocketAddr,
    ) -> BoxFuture<'static, io::Result<HickoryUdpSocket>> {
        Box::pin(async move { HickoryUdpSocket::bind(local) })
    }
}

impl<E> Clone for HickoryProvider<E> {
    fn clone(&self) -> Self {
        HickoryProvider {
            group: self.group.clone(),
        }
    }
}

impl<E> fmt::Debug for HickoryProvider<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HickoryProvider").field(&self.group).finish()
    }
}

/// The handle of a [`HickoryProvider`], with which hickory starts tasks.
pub struct HickoryHandle<E> {
    group: TaskGroup<E>,
}

impl<E: Send + 'static> Spawn for HickoryHandle<E> {
    fn spawn_bg(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        // hickory does not need the result: it notices that the task's end of its channels is dropped.
        drop(self.group.task().name("hickory").try_spawn(future));
    }
}

impl<E> Clone for HickoryHandle<E> {
    fn clone(&self) -> Self {
        HickoryHandle {
            group: self.group.clone(),
        }
    }
}

impl<E> fmt::Debug for HickoryHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HickoryHandle").field(&self.group).finish()
    }
}

/// The clock of the run, for the time limits of hickory.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HickoryTime;

// As `async_trait` writes these functions, without its macro.
impl Time for HickoryTime {
    fn delay_for<'a>(duration: Duration) -> BoxFuture<'a, ()> {
        Box::pin(crate::sleep(duration))
    }

    fn timeout<'a, F>(duration: Duration, future: F) -> BoxFuture<'a, Result<F::Output, io::Error>>
    where
        F: Future + Send + 'static + 'a,
        Self: 'a,
    {
        Box::pin(async move { Ok(crate::fail_after(duration, future).await?) })
    }
}
