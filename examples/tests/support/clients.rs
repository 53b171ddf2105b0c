//! Clients that most systems have installed.

use std::env;
use std::process::{Command, Output, Stdio};

/// Returns whether a client is installed, with the required feature. Otherwise the test is skipped; with
/// `ANYRT_REQUIRE_SERVICES=1` it fails.
#[track_caller]
pub(crate) fn is_there(client: &str, version: &str, needed: &str) -> bool {
    let output = Command::new(client).arg(version).output();
    if output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(needed)) {
        return true;
    }
    assert!(
        env::var_os("ANYRT_REQUIRE_SERVICES").is_none_or(|value| value != "1"),
        "there is no `{client}` with {needed}"
    );
    eprintln!("skipped: there is no `{client}` with {needed}");
    false
}

#[track_caller]
pub(crate) fn is_curl_there() -> bool {
    is_there("curl", "--version", "HTTP2")
}

#[track_caller]
pub(crate) fn is_openssl_there() -> bool {
    is_there("openssl", "version", "OpenSSL")
}

pub(crate) fn curl(args: &[&str]) -> Command {
    let mut curl = Command::new("curl");
    // No configuration file of the user, and no proxy from the environment.
    curl.args(["--disable", "--noproxy", "*", "--silent", "--show-error"])
        .args(["--max-time", "120"])
        .args(args)
        .stdin(Stdio::null());
    curl
}

/// A response, as `curl --include` shows it.
#[derive(Debug)]
pub(crate) struct Response {
    /// The version of the protocol, and the status.
    pub(crate) status: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Response {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let mut lines = str::from_utf8(&bytes[..end]).unwrap().lines();
        let status = lines.next().unwrap().trim_end().to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Response {
            status,
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }
}

/// Runs `curl --include` with these arguments.
#[track_caller]
pub(crate) fn request(args: &[&str]) -> Response {
    let output = curl(args).arg("--include").output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    Response::parse(&output.stdout)
}

/// Runs `openssl s_client` against an address, with an empty standard input.
#[track_caller]
pub(crate) fn s_client(args: &[&str]) -> Output {
    let mut openssl = Command::new("openssl");
    openssl.arg("s_client").args(args).stdin(Stdio::null());
    openssl.output().unwrap()
}
