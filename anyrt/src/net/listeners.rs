//! Listeners and serving: the types and functions of `anyrt_core::net` for the ambient runtime.

use std::io;

use anyrt_core::net::{self, ListenOptions, Listener, MultiListener};
use anyrt_core::task::TaskOutput;

use crate::{Ambient, TaskGroup};

/// A socket that accepts connections: TCP, or a Unix socket.
pub type SocketListener<K> = net::SocketListener<Ambient, K>;

/// A socket that accepts TCP connections.
///
/// It can be shared, but one task at a time accepts. Dropping it closes it; accepted connections stay
/// open.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::TcpListener;
/// use std::net::{Ipv4Addr, TcpStream};
///
/// anyrt::run(async {
///     let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
///     let client = TcpStream::connect(listener.local_addr()?)?;
///     let (_stream, from) = listener.accept().await?;
///     assert_eq!(from, client.local_addr()?);
///     Ok::<_, std::io::Error>(())
/// })
/// .unwrap();
/// ```
///
/// A listener that was closed cannot accept:
///
/// ```compile_fail,E0382
/// # async fn example(listener: anyrt::net::TcpListener) {
/// listener.close();
/// let _ = listener.accept().await;
/// # }
/// ```
pub type TcpListener = net::TcpListener<Ambient>;

/// The future of [`SocketListener::accept`](net::SocketListener::accept).
pub type Accept<'a, K> = net::Accept<'a, Ambient, K>;

/// Listens at all addresses of a host, or on all interfaces if there is no host, with one listener each.
///
/// All listeners have the same port, also if the system chooses it, as it does for port 0. Address
/// families that this machine does not have are left out.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, there is no listener.
///
/// # Errors
///
/// Returns the error of the lookup. If an address cannot be listened at, returns one error for all
/// addresses, with the kind of the first, and there is no listener.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::{LocalPort, listen_tcp};
/// use anyrt::stream::AttributesExt;
///
/// let port = anyrt::run(async {
///     let listener = listen_tcp(Some("localhost"), 0).await?;
///     Ok::<_, std::io::Error>(listener.attribute::<LocalPort>()?)
/// });
/// assert_ne!(port.unwrap(), 0);
/// ```
pub async fn listen_tcp(host: Option<&str>, port: u16) -> io::Result<MultiListener<TcpListener>> {
    net::listen_tcp::<Ambient>(host, port).await
}

/// Listens at all addresses of a host, or on all interfaces, with options.
///
/// See [`listen_tcp`].
///
/// # Cancel safety
///
/// As for [`listen_tcp`].
///
/// # Errors
///
/// As for [`listen_tcp`].
///
/// # Examples
///
/// ```
/// use anyrt::net::{ListenOptions, listen_tcp_with};
///
/// # if anyrt::Backend::available().is_empty() { return }
/// # anyrt::run(async {
/// let shared = ListenOptions::new().reuse_port(true);
/// let first = listen_tcp_with(Some("127.0.0.1"), 0, &shared).await?;
/// let port = first.local_addr()?.port();
/// assert!(listen_tcp_with(Some("127.0.0.1"), port, &shared).await.is_ok());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn listen_tcp_with(
    host: Option<&str>,
    port: u16,
    options: &ListenOptions,
) -> io::Result<MultiListener<TcpListener>> {
    net::listen_tcp_with::<Ambient>(host, port, options).await
}

/// Serving the connections that a listener accepts.
pub trait ListenerExt: Listener {
    /// Serves each connection with a handler in a separate task, until it is cancelled.
    ///
    /// A connection is closed when its handler drops it. Handlers must handle their own errors. A panic
    /// of a handler cancels the others, and continues here when they have ended. Of the errors of
    /// accepting, only a broken listener ends the call; see [`ServeOptions`].
    ///
    /// A handler with state clones it for each connection:
    /// `move |stream| { let state = state.clone(); async move { … } }`.
    ///
    /// # Cancel safety
    ///
    /// If an enclosing scope is cancelled, it stops accepting, cancels the handlers, and waits for them.
    /// If the future is dropped from outside, the handlers are cancelled at once; the enclosing group,
    /// or the run, waits for them. No connection is lost before it is accepted.
    ///
    /// # Errors
    ///
    /// Returns the error of the listener. It never returns `Ok`.
    ///
    /// # Panics
    ///
    /// Panics if a handler panics, or if there is no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// use anyrt::net::{ListenerExt, TcpListener, TcpStream};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use std::io::{self, Read, Write};
    /// use std::net::Ipv4Addr;
    ///
    /// async fn echo(mut stream: TcpStream) {
    ///     while let Ok(bytes) = stream.receive(4096).await {
    ///         if stream.send(&bytes).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    ///
    /// let answer = anyrt::run(anyrt::task_group(async |tg| -> io::Result<_> {
    ///     let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    ///     let address = listener.local_addr()?;
    ///     tg.spawn(async move { listener.serve(echo).await });
    ///     let answer = anyrt::to_thread::run(move || {
    ///         let mut client = std::net::TcpStream::connect(address)?;
    ///         client.write_all(b"hello")?;
    ///         let mut answer = [0; 5];
    ///         client.read_exact(&mut answer)?;
    ///         Ok::<_, io::Error>(answer)
    ///     });
    ///     let answer = answer.await?;
    ///     tg.cancel();
    ///     Ok(answer)
    /// }));
    /// assert_eq!(&answer.unwrap(), b"hello");
    /// ```
    #[track_caller]
    fn serve<H, Fut>(&self, handler: H) -> impl Future<Output = io::Result<()>> + Send
    where
        H: FnMut(Self::Stream) -> Fut + Send,
        Fut: Future<Output = ()> + Send + 'static,
    {
        net::ServeOptions::new().serve::<Ambient, _, _, _>(self, handler)
    }

    /// Serves each connection with a handler in the given group, where handlers continue after this
    /// ends.
    ///
    /// To shut down gracefully, first cancel this call alone: then no connection is accepted, and the
    /// open ones are served to their ends. Errors and panics of handlers belong to the group.
    ///
    /// # Cancel safety
    ///
    /// Cancelling or dropping it stops accepting. No connection is lost before it is accepted.
    ///
    /// # Errors
    ///
    /// Returns the error of the listener. It never returns `Ok`.
    ///
    /// # Panics
    ///
    /// Panics if a connection is accepted after the group has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenerExt, TcpListener, TcpStream, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use std::io;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let answer = anyrt::task_group(async |tg| -> io::Result<_> {
    ///     let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    ///     let port = listener.local_addr()?.port();
    ///     let handlers = tg.clone();
    ///     let accepting = tg.spawn(async move {
    ///         // An error of a handler is an error of the group.
    ///         listener.serve_in(&handlers, async |mut stream: TcpStream| stream.send(b"hello").await).await
    ///     });
    ///     let answer = connect_tcp("127.0.0.1", port).await?.receive(100).await?;
    ///     accepting.cancel(); // Handlers go on to their ends.
    ///     Ok(answer)
    /// });
    /// assert_eq!(answer.await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    fn serve_in<E, H, Fut>(
        &self,
        group: &TaskGroup<E>,
        handler: H,
    ) -> impl Future<Output = io::Result<()>> + Send
    where
        E: Send + 'static,
        H: FnMut(Self::Stream) -> Fut + Send,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        net::ServeOptions::new().serve_in(group, self, handler)
    }
}

impl<L: Listener + ?Sized> ListenerExt for L {}

/// Options of serving a listener, and functions that serve it with them.
///
/// Serving continues until it is cancelled, or until the listener itself fails:
///
/// - A connection that was aborted before it was accepted is skipped.
/// - If the system has no descriptor or memory left, accepting pauses for 100 ms and is tried again;
///   connections wait meanwhile. The first such error in a row is written to standard error as one line;
///   if [`on_accept_error`](ServeOptions::on_accept_error) is set, each of them is passed to it instead.
/// - Any other error ends serving.
#[must_use = "options do nothing until something is served with them"]
#[derive(Debug, Default)]
pub struct ServeOptions(net::ServeOptions);

impl ServeOptions {
    /// Creates the default options.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ServeOptions, TcpListener, TcpStream, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use std::io;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let answer = anyrt::task_group(async |tg| -> io::Result<_> {
    ///     let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    ///     let port = listener.local_addr()?.port();
    ///     tg.spawn(async move {
    ///         let hello = async |mut stream: TcpStream| stream.send(b"hello").await.unwrap();
    ///         ServeOptions::new().serve(&listener, hello).await
    ///     });
    ///     let answer = connect_tcp("127.0.0.1", port).await?.receive(100).await?;
    ///     tg.cancel();
    ///     Ok(answer)
    /// });
    /// assert_eq!(answer.await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> ServeOptions {
        ServeOptions::default()
    }

    /// Sets a function that is called with each error that serving survives: the error of each pause,
    /// and the errors that a listener reports for single connections. Listeners of sockets do not report
    /// connections that were aborted before they were accepted. The accepting task calls it, so it must
    /// not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ServeOptions, TcpListener, TcpStream};
    /// use std::time::Duration;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let logged = ServeOptions::new().on_accept_error(|error| eprintln!("accepting: {error}"));
    /// let serving = logged.serve(&listener, async |_stream: TcpStream| {});
    /// assert!(anyrt::move_on_after(Duration::from_millis(5), serving).await.is_none());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn on_accept_error(self, hook: impl FnMut(&io::Error) + Send + 'static) -> ServeOptions {
        ServeOptions(self.0.on_accept_error(hook))
    }

    /// Serves with handlers in a new group; see [`ListenerExt::serve`].
    ///
    /// # Cancel safety
    ///
    /// As for [`ListenerExt::serve`].
    ///
    /// # Errors
    ///
    /// As for [`ListenerExt::serve`].
    ///
    /// # Panics
    ///
    /// As for [`ListenerExt::serve`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ServeOptions, TcpListener, TcpStream, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use std::io;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let answer = anyrt::task_group(async |tg| -> io::Result<_> {
    ///     let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    ///     let port = listener.local_addr()?.port();
    ///     tg.spawn(async move {
    ///         let hello = async |mut stream: TcpStream| stream.send(b"hello").await.unwrap();
    ///         ServeOptions::new().serve(&listener, hello).await
    ///     });
    ///     let answer = connect_tcp("127.0.0.1", port).await?.receive(100).await?;
    ///     tg.cancel();
    ///     Ok(answer)
    /// });
    /// assert_eq!(answer.await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn serve<L, H, Fut>(
        self,
        listener: &L,
        handler: H,
    ) -> impl Future<Output = io::Result<()>> + Send
    where
        L: Listener + ?Sized,
        H: FnMut(L::Stream) -> Fut + Send,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.serve::<Ambient, _, _, _>(listener, handler)
    }

    /// Serves with handlers in the given group; see [`ListenerExt::serve_in`].
    ///
    /// # Cancel safety
    ///
    /// As for [`ListenerExt::serve_in`].
    ///
    /// # Errors
    ///
    /// As for [`ListenerExt::serve_in`].
    ///
    /// # Panics
    ///
    /// As for [`ListenerExt::serve_in`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ServeOptions, TcpListener, TcpStream, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use std::io;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let answer = anyrt::task_group(async |tg| -> io::Result<_> {
    ///     let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    ///     let port = listener.local_addr()?.port();
    ///     let handlers = tg.clone();
    ///     let accepting = tg.spawn(async move {
    ///         let hello = async |mut stream: TcpStream| stream.send(b"hello").await;
    ///         ServeOptions::new().serve_in(&handlers, &listener, hello).await
    ///     });
    ///     let answer = connect_tcp("127.0.0.1", port).await?.receive(100).await?;
    ///     accepting.cancel();
    ///     Ok(answer)
    /// });
    /// assert_eq!(answer.await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn serve_in<E, L, H, Fut>(
        self,
        group: &TaskGroup<E>,
        listener: &L,
        handler: H,
    ) -> impl Future<Output = io::Result<()>> + Send
    where
        E: Send + 'static,
        L: Listener + ?Sized,
        H: FnMut(L::Stream) -> Fut + Send,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        self.0.serve_in(group, listener, handler)
    }
}
