//! A tower service that connects.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt_core::net::Connectable;
use tower_service::Service;

/// A future in a box.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A service that connects to its [`Connectable`], regardless of the request.
///
/// Clones share the `Connectable`. To wrap the stream for a client, use
/// `tower::ServiceExt::map_response`, for instance with
/// [`HyperIo::new`](crate::interop::hyper::HyperIo::new).
///
/// If the request determines the target, use `tower::service_fn` with a function that connects.
///
/// # Cancel safety
///
/// Dropping the future of a call drops the connection attempt.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::pin::Pin;
///
/// use anyrt::interop::tower::Connector;
/// use anyrt::net::Connectable;
/// use anyrt::stream::{
///     ByteReceiveStreamExt, ByteSendStreamExt, MemoryByteStream, memory_byte_stream,
/// };
/// use tower::ServiceExt;
///
/// /// Connections to a service in this process.
/// struct Greetings;
///
/// impl Connectable for Greetings {
///     type Stream = MemoryByteStream;
///
///     fn connect(
///         &self,
///     ) -> Pin<Box<dyn Future<Output = std::io::Result<MemoryByteStream>> + Send + '_>> {
///         Box::pin(async {
///             let (near, mut far) = memory_byte_stream(64);
///             far.send(b"hello").await?;
///             Ok(near)
///         })
///     }
/// }
///
/// let greeting = anyrt::run(async {
///     let mut stream = Connector::new(Greetings).oneshot("whatever").await?;
///     stream.receive(64).await
/// });
/// assert_eq!(greeting.unwrap(), b"hello");
/// ```
pub struct Connector<C> {
    connectable: Arc<C>,
}

impl<C> Connector<C> {
    /// Creates a service that connects to `connectable`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Connector;
    /// use anyrt::net::{TcpConnectable, TcpListener};
    /// use tower::ServiceExt;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0)).unwrap();
    /// let port = listener.local_addr().unwrap().port();
    /// let connector = Connector::new(TcpConnectable::new("127.0.0.1", port));
    /// let stream = connector.oneshot("any request").await.unwrap();
    /// assert_eq!(stream.peer_addr().unwrap().port(), port);
    /// # });
    /// ```
    pub fn new(connectable: C) -> Connector<C> {
        Connector {
            connectable: Arc::new(connectable),
        }
    }

    /// Returns a reference to the connectable.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tower::Connector;
    /// use anyrt::net::TcpConnectable;
    ///
    /// let connector = Connector::new(TcpConnectable::new("localhost", 80));
    /// assert_eq!(connector.as_inner().host(), "localhost");
    /// ```
    pub fn as_inner(&self) -> &C {
        &self.connectable
    }
}

impl<C: Connectable + 'static, Target> Service<Target> for Connector<C> {
    type Response = C::Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<C::Stream>>;

    /// Returns `Ready` always.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _target: Target) -> Self::Future {
        let connectable = self.connectable.clone();
        Box::pin(async move { connectable.connect().await })
    }
}

impl<C> Clone for Connector<C> {
    fn clone(&self) -> Self {
        Connector {
            connectable: self.connectable.clone(),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Connector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.connectable).finish()
    }
}
