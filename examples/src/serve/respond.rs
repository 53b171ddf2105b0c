//! From a request to a response.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use anyrt::stream::FileReadStream;
use anyrt::to_thread;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPECT, LAST_MODIFIED,
    LOCATION, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::response::Builder;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};

use crate::body::{Body, Content, FilePart};
use crate::connection::Client;
use crate::mime::content_type;
use crate::name;
use crate::place::{self, Found, Nothing, Place};
use crate::range::{Part, part};
use crate::version::{FileVersion, text};

/// How much of a request's body is received. More is not worth an answer.
const DISCARDED: usize = 1024 * 1024;

const PAGE: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers a request.
///
/// # Cancel safety
///
/// Cancelling it waits for the worker thread that looks for the file, if one does.
pub(crate) async fn respond(
    mut request: Request<Incoming>,
    client: Arc<Client>,
) -> Result<Response<Body>, Infallible> {
    client.is_active();
    discard_body(&mut request).await;
    let mut entry = Entry::new(&request, client);
    let (head, mut content) = answer(&request, &entry.client).await.into_parts();
    if *request.method() == Method::HEAD {
        content = Content::Nothing;
    }
    entry.status = head.status;
    Ok(Response::from_parts(head, Body::new(content, entry)))
}

/// Receives the body, for which there is no use: a client that is still sending when its connection
/// is closed misses the answer.
async fn discard_body(request: &mut Request<Incoming>) {
    if request.version() < Version::HTTP_2 && request.headers().contains_key(EXPECT) {
        return; // It waits for the answer before it sends.
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
}

async fn answer(request: &Request<Incoming>, client: &Client) -> Response<Content> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allowed = with_status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "GET, HEAD");
        return whole(allowed, TEXT, "405 Method Not Allowed\n");
    }
    let path = request.uri().path();
    let Some(names) = name::decode(path) else {
        return error(StatusCode::NOT_FOUND);
    };
    let (root, with_slash) = (client.server.root.clone(), path.ends_with('/'));
    let found = to_thread::run(move || place::find(&root, &names, with_slash)).await;
    match found {
        Ok(Place::File(found)) => match file(found, request).await {
            Ok(response) => response,
            Err(trouble) => unavailable(&trouble, client),
        },
        Ok(Place::List(page)) => whole(with_status(StatusCode::OK), PAGE, page),
        Ok(Place::Moved(to)) => {
            let moved = with_status(StatusCode::MOVED_PERMANENTLY).header(LOCATION, to);
            whole(moved, TEXT, "301 Moved Permanently\n")
        }
        Err(Nothing::Missing) => error(StatusCode::NOT_FOUND),
        Err(Nothing::Forbidden) => error(StatusCode::FORBIDDEN),
        Err(Nothing::Trouble(trouble)) => unavailable(&trouble, client),
    }
}

/// Answers with a file, or a part of it, or by saying that the client has it.
async fn file(found: Found, request: &Request<Incoming>) -> io::Result<Response<Content>> {
    let Found {
        mut file,
        metadata,
        path,
    } = found;
    let (headers, size) = (request.headers(), metadata.len());
    let version = FileVersion::of(&metadata);
    let with_status = |status| versioned(with_status(status), version.as_ref());

    if version
        .as_ref()
        .is_some_and(|version| version.is_known(headers))
    {
        let response = with_status(StatusCode::NOT_MODIFIED);
        return Ok(finish(response, Content::Nothing));
    }
    let (status, range) = match wanted(request, version.as_ref(), size) {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Bytes(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Outside => {
            let response = with_status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(whole(response, TEXT, "416 Range Not Satisfiable\n"));
        }
    };
    let mut response = with_status(status)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_TYPE, content_type(&path))
        .header(CONTENT_LENGTH, range.end - range.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let (first, last) = (range.start, range.end - 1);
        response = response.header(CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
    }
    // This does not touch the disk.
    file.seek(SeekFrom::Start(range.start))?;
    let part = FilePart::new(FileReadStream::from_std(file), range.end - range.start);
    Ok(finish(response, Content::File(part.into())))
}

/// What of a file of this size is wanted. Ranges are for `GET` alone.
fn wanted(request: &Request<Incoming>, version: Option<&FileVersion>, size: u64) -> Part {
    let headers: &HeaderMap = request.headers();
    let may_be = version.is_none_or(|version| version.may_be_in_parts(headers));
    match text(headers, &RANGE) {
        Some(value) if may_be && *request.method() == Method::GET => part(value, size),
        _ => Part::Whole,
    }
}

fn with_status(status: StatusCode) -> Builder {
    Response::builder()
        .status(status)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
}

fn versioned(mut response: Builder, version: Option<&FileVersion>) -> Builder {
    if let Some(version) = version {
        response = response.header(ETAG, &version.tag);
        if let Some(date) = version.date() {
            response = response.header(LAST_MODIFIED, date);
        }
    }
    response
}

/// A response that is all there.
fn whole(response: Builder, kind: &str, text: impl Into<Bytes>) -> Response<Content> {
    let text = text.into();
    let response = response
        .header(CONTENT_TYPE, kind)
        .header(CONTENT_LENGTH, text.len());
    finish(response, Content::Text(text))
}

fn error(status: StatusCode) -> Response<Content> {
    whole(with_status(status), TEXT, format!("{status}\n"))
}

fn unavailable(trouble: &io::Error, client: &Client) -> Response<Content> {
    client
        .server
        .log(format_args!("cannot read a file: {trouble}"));
    error(StatusCode::SERVICE_UNAVAILABLE)
}

fn finish(response: Builder, content: Content) -> Response<Content> {
    let response = response.body(content);
    response.expect("every value is made of visible characters")
}

/// What is said about a request in the end.
pub(crate) struct Entry {
    client: Arc<Client>,
    request: String,
    status: StatusCode,
    sent: u64,
    begun: Instant,
}

impl Entry {
    fn new(request: &Request<Incoming>, client: Arc<Client>) -> Entry {
        let (method, version) = (request.method(), request.version());
        Entry {
            client,
            // What a client sends is not to be trusted: this escapes it.
            request: format!("{:?}", format!("{method} {} {version:?}", request.uri())),
            status: StatusCode::OK,
            sent: 0,
            begun: Instant::now(),
        }
    }

    /// A chunk is on its way.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        self.client.is_active();
    }

    /// The response is over.
    pub(crate) fn say(&self, complete: bool) {
        let Entry {
            client,
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
