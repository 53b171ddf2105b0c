//! The service of the example `serve`, written with hyper and tokio alone.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyrt_examples::site::{self, Content, Search};
use futures_util::TryStreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::io::ReaderStream;

/// The number of bytes that the example reads at a time.
const CHUNK: usize = 64 * 1024;

/// The time that the example waits for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Serves the files of a directory until the process is killed, with one thread per processor.
pub(crate) fn run(dir: &Path) -> io::Result<()> {
    let root: Arc<Path> = dir.canonicalize()?.into();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listening at http://{}/", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream, root.clone()));
        }
    })
}

async fn serve(stream: TcpStream, root: Arc<Path>) {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .half_close(true)
        .max_buf_size(CHUNK);
    let service = service_fn(|request| respond(request, root.clone()));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        eprintln!("plain-serve: {error}");
    }
}

type Body = BoxBody<Bytes, io::Error>;

async fn respond(
    request: Request<Incoming>,
    root: Arc<Path>,
) -> Result<Response<Body>, Infallible> {
    let response = match Search::of(&request) {
        Ok(search) => {
            let finding = tokio::task::spawn_blocking(move || search.find(&root));
            let finding = finding.await.expect("finding does not panic");
            site::answer(&request, finding).unwrap_or_else(|_| site::unavailable())
        }
        Err(response) => *response,
    };
    Ok(response.map(body))
}

fn body(content: Content) -> Body {
    match content {
        Content::Nothing => BodyExt::boxed(Empty::new().map_err(|never| match never {})),
        Content::Text(text) => BodyExt::boxed(Full::new(text).map_err(|never| match never {})),
        Content::File(file, length) => {
            let chunks = ReaderStream::with_capacity(File::from_std(file).take(length), CHUNK);
            BodyExt::boxed(StreamBody::new(chunks.map_ok(Frame::data)))
        }
    }
}
