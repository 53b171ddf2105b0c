//! One connection, from the handshake to its end.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyrt::interop::hyper::{HyperExecutor, HyperIo, HyperTimer};
use anyrt::net::{Address, RemoteAddress, TcpStream};
use anyrt::stream::{AttributesExt, ByteStream};
use anyrt::tls::{AlpnProtocol, TlsServerConfig, TlsStream};
use anyrt::{CancelHandle, CancelScope, GroupError};
use hyper::service::service_fn;
use hyper_util::server::conn::auto;

use crate::respond::respond;
use crate::server::Server;

/// How long saying goodbye may take to a client that was idle.
const GOODBYE: Duration = Duration::from_secs(1);

/// How much of a response is in memory at a time, here and once more in hyper.
pub(crate) const CHUNK: usize = 64 * 1024;

/// How many requests a connection can have running.
const MAX_REQUESTS: u32 = 32;

/// What the requests of a connection share.
pub(crate) struct Client {
    pub(crate) server: Arc<Server>,
    pub(crate) peer: String,
    /// Ends when the client has been idle for too long.
    idle: CancelHandle,
}

impl Client {
    /// Something was asked for, or taken.
    pub(crate) fn is_active(&self) {
        self.idle
            .set_deadline(anyrt::now() + self.server.limits.idle);
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, server: Arc<Server>) {
    let peer = stream.attribute::<RemoteAddress>();
    let peer = peer.map_or_else(
        |_| "a client".to_owned(),
        |address: Address| address.to_string(),
    );
    let result = match &server.tls {
        None => speak(stream, &peer, &server).await,
        Some(config) => match handshake(stream, config, &server).await {
            Ok(Some(stream)) => speak(stream, &peer, &server).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        },
    };
    if let Err(error) = result {
        server.log(format_args!("{peer}: {}", Chain(&error)));
    }
}

/// Gives nothing if the server is to stop: no request would be lost.
async fn handshake(
    stream: TcpStream,
    config: &TlsServerConfig,
    server: &Server,
) -> io::Result<Option<TlsStream<TcpStream>>> {
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

/// Speaks HTTP until the client leaves, is idle for too long, or the server is to stop.
async fn speak<S: ByteStream + 'static>(
    stream: S,
    peer: &str,
    server: &Arc<Server>,
) -> io::Result<()> {
    let limits = &server.limits;
    let (idle, whole) = (CancelScope::new().within(limits.idle), CancelScope::new());
    let end = whole.handle();
    let client = Arc::new(Client {
        server: server.clone(),
        peer: peer.to_owned(),
        idle: idle.handle(),
    });
    let until = async {
        let idle = async { drop(idle.run(anyrt::sleep_forever()).await) };
        anyrt::race((server.stop.wait(), idle)).await;
        if !server.stop.is_set() {
            end.set_deadline(anyrt::now() + GOODBYE);
        }
    };
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
            .max_send_buf_size(CHUNK);
        http = match protocol.as_deref() {
            Some(b"h2") => http.http2_only(),
            Some(_) => http.http1_only(),
            None => http,
        };
        let service = service_fn(|request| respond(request, client.clone()));
        let connection = http.serve_connection(HyperIo::new(stream), service);

        let (mut connection, mut until) = (pin!(connection), pin!(until));
        let mut is_told = false;
        poll_fn(|cx| {
            if !is_told && until.as_mut().poll(cx).is_ready() {
                is_told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        })
        .await
        .map_err(io::Error::other)
    });
    match whole.run(spoken).await {
        Ok(Err(GroupError::Failed(errors))) => Err(errors.into_first()),
        Ok(spoken) => Ok(spoken?),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "took nothing for too long",
        )),
    }
}

/// An error with what led to it.
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
