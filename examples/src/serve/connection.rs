//! One connection, from the handshake to its end.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::iter;
use std::pin::pin;
use std::sync::Arc;

use anyrt::interop::hyper::{HyperExecutor, HyperIo, HyperTimer};
use anyrt::net::{Address, RemoteAddress, TcpStream};
use anyrt::stream::{AttributesExt, ByteStream};
use anyrt::tls::{AlpnProtocol, TlsServerConfig, TlsStream};
use anyrt::{CancelScope, GroupError};
use anyrt_examples::limit_send_buffer;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;

use crate::client::Client;
use crate::respond::respond;
use crate::server::Server;
use crate::watched::Watched;

// The memory of the program for one connection is at most 512 KiB, whatever its client does. `--help`
// states that limit; the test `serve_memory` measures it.
//
// - HTTP/1.1: one chunk in the file's stream, one on its way to hyper, and two in hyper's buffer; 64 KiB
//   for the head of a request.
// - HTTP/2: for each request three chunks, in the file's stream, on its way to hyper, and in hyper's
//   buffer, and up to 8 KiB for its head; buffers for a frame in each direction.
// - TLS: 64 KiB that the system does not accept, and 48 KiB that were received.

/// The number of bytes of a response that are read at a time with HTTP/1.1.
pub(crate) const CHUNK: usize = 64 * 1024;

/// The number of bytes of a response that are read at a time with HTTP/2.
pub(crate) const HTTP_2_CHUNK: usize = 8 * 1024;

/// The number of requests that a connection can have running with HTTP/2.
const MAX_REQUESTS: u32 = 8;

/// The largest size of the head of a request with HTTP/2.
const MAX_HEAD: u32 = 8 * 1024;

/// The number of bytes of request bodies that can be on their way with HTTP/2. They are discarded.
const WINDOW: u32 = 32 * 1024;

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, server: Arc<Server>) {
    let peer = stream.attribute::<RemoteAddress>();
    let peer = peer.map_or_else(
        |_| "a client".to_owned(),
        |address: Address| address.to_string(),
    );
    limit_send_buffer(&stream);
    let (idleness, goodbye) = (CancelScope::new(), CancelScope::new());
    let client = Client::new(server, peer, idleness.handle(), goodbye.handle());
    let client = Arc::new(client);
    let stream = Watched::new(stream, client.clone());
    let spoken = async {
        match &client.server.tls {
            None => speak(stream, &client, idleness).await,
            Some(config) => match handshake(stream, config, &client.server).await? {
                Some(stream) => speak(stream, &client, idleness).await,
                None => Ok(()),
            },
        }
    };
    let error = match goodbye.run(spoken).await {
        Ok(Ok(())) => return,
        // `Interrupted` is an error of hyper-util: it has not yet detected the protocol.
        Ok(Err(error)) if error.kind() != io::ErrorKind::Interrupted => error,
        // There was nothing to finish.
        _ if client.server.stop.is_set() => return,
        _ => io::Error::new(
            io::ErrorKind::TimedOut,
            "asked for or took nothing for too long",
        ),
    };
    let peer = &client.peer;
    client.server.log(format_args!("{peer}: {}", Chain(&error)));
}

/// Performs the TLS handshake. Returns `None` if the server is stopping: no request would be lost.
async fn handshake(
    stream: Watched,
    config: &TlsServerConfig,
    server: &Server,
) -> io::Result<Option<TlsStream<Watched>>> {
    let handshake = async {
        let accepted = TlsStream::accept(stream, config);
        let limited = anyrt::fail_after(server.limits.head, accepted).reason("TLS handshake");
        limited.await?.map(Some)
    };
    let stopped = async {
        server.stop.wait().await;
        Ok(None)
    };
    anyrt::race((stopped, handshake)).await
}

/// Serves HTTP until the client leaves, is idle for too long, or the server is stopping.
async fn speak<S: ByteStream + 'static>(
    stream: S,
    client: &Arc<Client>,
    idleness: CancelScope,
) -> io::Result<()> {
    let limits = &client.server.limits;
    // The requests of HTTP/2 are tasks of this group; those of HTTP/1.1 need none.
    let spoken = anyrt::task_group(async |requests| {
        let protocol = stream.attribute_or::<AlpnProtocol>(None);
        let mut http = auto::Builder::new(HyperExecutor::new(requests));
        http.http1()
            .timer(HyperTimer::new())
            .header_read_timeout(limits.head)
            .half_close(true)
            .max_buf_size(CHUNK);
        http.http2()
            .max_concurrent_streams(MAX_REQUESTS)
            .max_header_list_size(MAX_HEAD)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_send_buf_size(HTTP_2_CHUNK);
        http = match protocol.as_deref() {
            Some(b"h2") => http.http2_only(),
            Some(_) => http.http1_only(),
            None => http,
        };
        let service = service_fn(|request| respond(request, client.clone()));
        let connection = http.serve_connection(HyperIo::new(stream), service);

        let mut connection = pin!(connection);
        // hyper has no limit for the first request while it has not detected the protocol, and none with
        // HTTP/2. The first request replaces this limit with the idle limit.
        let mut told = pin!(told_to_end(client, idleness.within(limits.head)));
        let mut is_told = false;
        poll_fn(|cx| {
            if !is_told && told.as_mut().poll(cx).is_ready() {
                is_told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        })
        .await
        .map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        })
    });
    match spoken.await {
        Err(GroupError::Failed(errors)) => Err(errors.into_first()),
        spoken => Ok(spoken?),
    }
}

/// Waits until the client is idle or the server is stopping, and limits the time after that.
async fn told_to_end(client: &Client, idleness: CancelScope) {
    let idle = async { drop(idleness.run(anyrt::sleep_forever()).await) };
    anyrt::race((client.server.stop.wait(), idle)).await;
    client.say_goodbye();
}

/// An error with its sources.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut said = self.0.to_string();
        let causes = iter::successors(self.0.source(), |&error| error.source());
        for cause in causes.map(ToString::to_string) {
            if !said.contains(&cause) {
                write!(f, ": {cause}")?;
                said = cause;
            }
        }
        Ok(())
    }
}
