//! From a request to a search, and from its result to a response.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    LOCATION, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::response::Builder;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::mime::content_type;
use super::name;
use super::place::{self, Found, Nothing, Place};
use super::range::{Part, part};
use super::version::{FileVersion, text};

const PAGE: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The content of a response, without its head.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "its senders have to know all of them"
)]
pub enum Content {
    /// No content.
    Nothing,
    /// Content in memory.
    Text(Bytes),
    /// A number of bytes of a file, from its position.
    File(File, u64),
}

/// A search for the file of a request.
#[derive(Debug)]
pub struct Search {
    names: Vec<OsString>,
    with_slash: bool,
}

impl Search {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// Returns the response if the request needs no search.
    pub fn of<B>(request: &Request<B>) -> Result<Search, Box<Response<Content>>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let allowed = with_status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "GET, HEAD");
            return Err(whole(allowed, TEXT, "405 Method Not Allowed\n").into());
        }
        let path = request.uri().path();
        match name::decode(path) {
            Some(names) => Ok(Search {
                names,
                with_slash: path.ends_with('/'),
            }),
            None => Err(error(StatusCode::NOT_FOUND).into()),
        }
    }

    /// Searches in this directory, whose path has no links in it. This blocks.
    pub fn find(&self, root: &Path) -> Finding {
        Finding(place::find(root, &self.names, self.with_slash))
    }
}

/// The result of a search.
#[derive(Debug)]
pub struct Finding(Result<Place, Nothing>);

/// Makes a response from the result of a search. This does not access the disk.
///
/// # Errors
///
/// Returns an error if the problem is in the server, and not in the request: see [`unavailable`].
pub fn answer<B>(request: &Request<B>, finding: Finding) -> io::Result<Response<Content>> {
    let mut response = match finding.0 {
        Ok(Place::File(found)) => file(found, request)?,
        Ok(Place::List(page)) => whole(with_status(StatusCode::OK), PAGE, page),
        Ok(Place::Moved(to)) => {
            let moved = with_status(StatusCode::MOVED_PERMANENTLY).header(LOCATION, to);
            whole(moved, TEXT, "301 Moved Permanently\n")
        }
        Err(Nothing::Missing) => error(StatusCode::NOT_FOUND),
        Err(Nothing::Forbidden) => error(StatusCode::FORBIDDEN),
        Err(Nothing::Trouble(trouble)) => return Err(trouble),
    };
    if *request.method() == Method::HEAD {
        *response.body_mut() = Content::Nothing;
    }
    Ok(response)
}

/// Returns the response of a server that cannot read its files.
pub fn unavailable() -> Response<Content> {
    error(StatusCode::SERVICE_UNAVAILABLE)
}

/// Makes a response with a file, a part of it, or the statement that the client already has it.
fn file<B>(found: Found, request: &Request<B>) -> io::Result<Response<Content>> {
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
    file.seek(SeekFrom::Start(range.start))?;
    Ok(finish(
        response,
        Content::File(file, range.end - range.start),
    ))
}

/// Returns the requested part of a file of this size. Ranges are for `GET` alone.
fn wanted<B>(request: &Request<B>, version: Option<&FileVersion>, size: u64) -> Part {
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

/// Makes a response whose content is in memory.
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

fn finish(response: Builder, content: Content) -> Response<Content> {
    let response = response.body(content);
    response.expect("every value is made of visible characters")
}
