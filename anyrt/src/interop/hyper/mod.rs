//! Adapters for hyper 1; feature `hyper`.
//!
//! hyper has no runtime. It needs a connection ([`HyperIo`]), a clock ([`HyperTimer`]), and, for HTTP/2,
//! an executor ([`HyperExecutor`]). These work on every backend. The protocols, and whether there is a
//! client or a server, depend on the features of `hyper` itself.
//!
//! A connection is a future, and belongs in a task of a group. So it ends before the group does, and
//! cancelling the group cuts it off; `graceful_shutdown` of hyper lets it finish first.
//!
//! # Examples
//!
//! A request and its response over a connection in memory. Over a network, `near` and `far` are two
//! `TcpStream`s, one from a connector and one from a listener.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use anyrt::interop::hyper::{HyperIo, HyperTimer};
//! # use anyrt::interop::tokio_io::FromTokio;
//! use hyper::body::Incoming;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new(String::from("hello")))
//! }
//!
//! # let (near, far) = tokio::io::duplex(1024);
//! # let (near, far) = (FromTokio::new(near), FromTokio::new(far));
//! let status = anyrt::run(anyrt::task_group(async |tg| {
//!     let server = hyper::server::conn::http1::Builder::new()
//!         .timer(HyperTimer::new())
//!         .header_read_timeout(Duration::from_secs(10))
//!         .serve_connection(HyperIo::new(near), service_fn(hello));
//!     tg.spawn(server);
//!
//!     let (mut client, connection) =
//!         hyper::client::conn::http1::handshake(HyperIo::new(far)).await?;
//!     tg.spawn(connection);
//!     let response = client.send_request(Request::new(String::new())).await?;
//!     Ok::<_, hyper::Error>(response.status())
//! }));
//! assert_eq!(status.unwrap(), 200);
//! ```

mod executor;
mod io;
mod timer;

pub use self::executor::HyperExecutor;
pub use self::io::HyperIo;
pub use self::timer::HyperTimer;
