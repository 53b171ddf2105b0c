//! From a request to a response.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use anyrt::to_thread;
use anyrt_examples::site::{self, Content, Search};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::EXPECT;
use hyper::{Request, Response, StatusCode, Version};

use crate::body::Body;
use crate::client::{Client, Receiving, Running};
use crate::connection::{CHUNK, HTTP_2_CHUNK};

/// The number of bytes of a request's body that are received before the response. The rest of a longer
/// body is not received.
const DISCARDED: usize = 1024 * 1024;

/// Responds to a request.
///
/// # Cancel safety
///
/// Cancelling it waits for the worker thread that looks for the file, if there is one.
pub(crate) async fn respond(
    mut request: Request<Incoming>,
    client: Arc<Client>,
) -> Result<Response<Body>, Infallible> {
    let running = Running::new(client);
    discard_body(&mut request, &running.client).await;
    let mut entry = Entry::new(&request, running);
    let response = answer(&request, &entry.running.client).await;
    entry.status = response.status();
    let chunk = chunk(request.version());
    Ok(response.map(|content| Body::new(content, chunk, entry)))
}

/// Returns the chunk size of a response. HTTP/2 has several responses at once.
fn chunk(version: Version) -> usize {
    match version {
        Version::HTTP_2 => HTTP_2_CHUNK,
        _ => CHUNK,
    }
}

/// Receives and discards the body: a client that is still sending when its connection is closed would
/// not read the response.
async fn discard_body(request: &mut Request<Incoming>, client: &Client) {
    let receiving = Receiving::new(client);
    if request.version() < Version::HTTP_2 && request.headers().contains_key(EXPECT) {
        return; // It waits for the response before it sends.
    }
    let mut rest = DISCARDED;
    let body = request.body_mut();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match rest.checked_sub(length) {
            Some(less) => rest = less,
            None => return,
        }
    }
    receiving.finish();
}

async fn answer(request: &Request<Incoming>, client: &Client) -> Response<Content> {
    let search = match Search::of(request) {
        Ok(search) => search,
        Err(response) => return *response,
    };
    let root = client.server.root.clone();
    let finding = to_thread::run(move || search.find(&root)).await;
    site::answer(request, finding).unwrap_or_else(|trouble| {
        client
            .server
            .log(format_args!("cannot read a file: {trouble}"));
        site::unavailable()
    })
}

/// The log line of a request.
pub(crate) struct Entry {
    running: Running,
    request: String,
    status: StatusCode,
    sent: u64,
    begun: Instant,
}

impl Entry {
    fn new(request: &Request<Incoming>, running: Running) -> Entry {
        let (method, version) = (request.method(), request.version());
        Entry {
            running,
            // Data of a client is not trusted: this escapes it.
            request: format!("{:?}", format!("{method} {} {version:?}", request.uri())),
            status: StatusCode::OK,
            sent: 0,
            begun: Instant::now(),
        }
    }

    /// Counts a chunk that goes to hyper.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        self.running.client.has_more(bytes);
    }

    /// Logs the request, when the response has ended.
    pub(crate) fn say(&self, complete: bool) {
        let Entry {
            running: Running { client },
            request,
            status,
            sent,
            begun,
        } = self;
        let milliseconds = begun.elapsed().as_millis();
        let end = if complete { "" } else { ", cut off" };
        client.server.log(format_args!(
            "{} {request} {} {sent} bytes, {milliseconds} ms{end}",
            client.peer,
            status.as_str(),
        ));
    }
}
