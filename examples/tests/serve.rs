//! The program `serve`, as clients see it.

#![cfg(unix)]

mod support;

use self::support::clients::{Response, curl, is_curl_there, request};
use self::support::service::Service;
use self::support::{BACKENDS, Folder, SERVE, text};

const ANY_PORT: &str = "127.0.0.1:0";

fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let mut command = SERVE.command(folder, ["--backend", backend, "--listen", ANY_PORT, "."]);
    command.args(args);
    Service::start(command)
}

/// The versions of HTTP: the name, the server's option for TLS, and curl's options.
const PROTOCOLS: [(&str, &str, &[&str]); 4] = [
    ("HTTP/1.1", "", &["--http1.1"]),
    ("HTTP/2", "", &["--http2-prior-knowledge"]),
    ("HTTP/1.1", "--self-signed", &["--insecure", "--http1.1"]),
    ("HTTP/2", "--self-signed", &["--insecure", "--http2"]),
];

/// Calls `check` with a server on each backend and for each protocol, with a function that requests a path,
/// and the protocol.
fn everywhere(folder: &Folder, check: impl Fn(&dyn Fn(&str, &[&str]) -> Response, &str)) {
    if !is_curl_there() {
        return;
    }
    for backend in BACKENDS {
        for (protocol, tls, with) in PROTOCOLS {
            let tls: Vec<_> = [tls].into_iter().filter(|arg| !arg.is_empty()).collect();
            let server = serve(folder, backend, &tls);
            let get = |path: &str, args: &[&str]| {
                let url = server.url().trim_end_matches('/').to_owned() + path;
                request(&[with, args, &[url.as_str()]].concat())
            };
            check(&get, protocol);
            let errors = server.stop();
            assert!(
                errors.ends_with("serve: stopped: every request was finished\n"),
                "{errors}"
            );
        }
    }
}

#[test]
fn files_are_served_over_every_protocol() {
    let folder = Folder::new();
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    folder.file("large.bin", &large);
    folder.file("empty.txt", "");
    folder.file("below/a b&ü.html", "<p>hello");
    everywhere(&folder, |get, protocol| {
        let response = get("/large.bin", &[]);
        assert_eq!(
            response.status,
            format!(
                "{protocol} 200{}",
                if protocol == "HTTP/2" { "" } else { " OK" }
            )
        );
        assert_eq!(response.header("content-length"), Some("12000000"));
        assert_eq!(
            response.header("content-type"),
            Some("application/octet-stream")
        );
        assert_eq!(response.header("accept-ranges"), Some("bytes"));
        assert!(response.body == large, "every byte is there");

        let response = get("/empty.txt", &[]);
        assert_eq!(response.header("content-length"), Some("0"));
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(response.text(), "");

        let response = get("/below/a%20b&%C3%BC.html?query#fragment", &[]);
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(response.text(), "<p>hello");
    });
}

#[test]
fn head_is_get_without_the_content() {
    let folder = Folder::new();
    folder.file("file", "0123456789");
    everywhere(&folder, |get, protocol| {
        for path in ["/file", "/", "/missing"] {
            let (head, whole) = (get(path, &["--head"]), get(path, &[]));
            assert_eq!(head.status, whole.status, "{protocol} {path}");
            assert_eq!(head.text(), "");
            for header in ["content-length", "content-type", "etag", "last-modified"] {
                assert_eq!(
                    head.header(header),
                    whole.header(header),
                    "{protocol} {path} {header}"
                );
            }
        }
        let head = get("/file", &["--head", "--header", "Range: bytes=2-3"]);
        assert!(head.status.contains(" 200"), "ranges are for GET");
    });
}

#[test]
fn ranges_are_served() {
    let folder = Folder::new();
    folder.file("file", "0123456789");
    everywhere(&folder, |get, _| {
        for (range, content, header) in [
            ("2-5", "2345", "bytes 2-5/10"),
            ("7-", "789", "bytes 7-9/10"),
            ("-3", "789", "bytes 7-9/10"),
            ("0-99", "0123456789", "bytes 0-9/10"),
        ] {
            let response = get("/file", &["--range", range]);
            assert!(response.status.contains(" 206"), "{response:?}");
            assert_eq!(response.text(), content);
            assert_eq!(response.header("content-range"), Some(header));
            assert_eq!(
                response.header("content-length"),
                Some(&*content.len().to_string())
            );
        }
        let response = get("/file", &["--range", "10-"]);
        assert!(response.status.contains(" 416"), "{response:?}");
        assert_eq!(response.header("content-range"), Some("bytes */10"));

        let several = get("/file", &["--range", "0-1,3-4"]);
        assert!(several.status.contains(" 200"), "{several:?}");
        assert_eq!(several.text(), "0123456789");
    });
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let folder = Folder::new();
    folder.file("file", "0123456789");
    everywhere(&folder, |get, _| {
        let first = get("/file", &[]);
        let (tag, date) = (
            first.header("etag").unwrap(),
            first.header("last-modified").unwrap(),
        );
        for header in [
            format!("If-None-Match: {tag}"),
            format!("If-Modified-Since: {date}"),
        ] {
            let response = get("/file", &["--header", &header]);
            assert!(response.status.contains(" 304"), "{header}: {response:?}");
            assert_eq!(response.header("etag"), Some(tag));
            assert_eq!(response.text(), "");
        }
        let other = get("/file", &["--header", "If-None-Match: \"other\""]);
        assert_eq!(other.text(), "0123456789");

        let range = ["--range", "0-1", "--header"];
        let part = get(
            "/file",
            &[&range[..], &[&format!("If-Range: {tag}")]].concat(),
        );
        assert_eq!(part.text(), "01");
        let whole = get("/file", &[&range[..], &["If-Range: \"other\""]].concat());
        assert_eq!(whole.text(), "0123456789");
    });
}

#[test]
fn directories_are_listed() {
    let folder = Folder::new();
    folder.file("top/<b>&'\".txt", "");
    folder.file("top/a:b #?%/index.html", "the index");
    folder.file("top/z", "");
    everywhere(&folder, |get, _| {
        let moved = get("/top", &[]);
        assert!(moved.status.contains(" 301"), "{moved:?}");
        assert_eq!(moved.header("location"), Some("/top/"));
        let elsewhere = get("//top", &["--path-as-is"]);
        assert_eq!(
            elsewhere.header("location"),
            Some("/top/"),
            "on this server"
        );

        let list = get("/top/", &[]);
        assert_eq!(
            list.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let links: Vec<_> = list
            .text()
            .lines()
            .filter(|line| line.starts_with("<li>"))
            .collect();
        assert_eq!(
            links,
            [
                "<li><a href=\"../\">../</a></li>",
                "<li><a href=\"./%3Cb%3E%26%27%22.txt\">&lt;b&gt;&amp;&#39;&quot;.txt</a></li>",
                "<li><a href=\"./a%3Ab%20%23%3F%25/\">a:b #?%/</a></li>",
                "<li><a href=\"./z\">z</a></li>",
            ]
        );
        assert_eq!(
            get("/top/%3Cb%3E%26%27%22.txt", &[]).header("content-length"),
            Some("0")
        );
        assert_eq!(get("/top/a%3Ab%20%23%3F%25/", &[]).text(), "the index");
        assert!(
            get("/top/z/", &[]).status.contains(" 404"),
            "a file is no directory"
        );
    });
}

#[test]
fn other_methods_are_refused() {
    let folder = Folder::new();
    folder.file("file", "content");
    everywhere(&folder, |get, protocol| {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "ODD"] {
            let response = get("/file", &["--request", method]);
            assert!(response.status.contains(" 405"), "{response:?}");
            assert_eq!(response.header("allow"), Some("GET, HEAD"));
            assert_eq!(response.text(), "405 Method Not Allowed\n");
        }
        let large = "x".repeat(100_000);
        for expect in ["Expect:", "Expect: 100-continue"] {
            let posted = get("/file", &["--data", &large, "--header", expect]);
            assert!(
                posted.status.contains(" 405"),
                "{protocol}: {}",
                posted.status
            );
        }
        let missing = get("/missing", &[]);
        assert!(missing.status.contains(" 404"));
        assert_eq!(missing.text(), "404 Not Found\n");
        assert_eq!(
            missing.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    });
}

#[test]
fn many_requests_share_a_connection() {
    if !is_curl_there() {
        return;
    }
    let folder = Folder::new();
    for number in 0..100 {
        folder.file(
            number.to_string(),
            format!("number {number};").repeat(number * 100),
        );
    }
    let expected: String = (0..100)
        .map(|number| format!("number {number};").repeat(number * 100))
        .collect();
    for backend in BACKENDS {
        // curl 7.88 uses a connection with prior knowledge once only (curl/curl#10634).
        for (protocol, tls, with) in [PROTOCOLS[0], PROTOCOLS[2], PROTOCOLS[3]] {
            let tls: Vec<_> = [tls].into_iter().filter(|arg| !arg.is_empty()).collect();
            let server = serve(&folder, backend, &tls);
            let url = format!("{}[0-99]", server.url());
            let args = [with, &["--write-out", "%{stderr}%{num_connects}", &url]].concat();
            let output = curl(&args).output().unwrap();
            assert!(text(&output.stdout) == expected, "{protocol}");
            let connects = format!("1{}", "0".repeat(99));
            assert_eq!(text(&output.stderr), connects, "one connection is enough");
            let errors = server.stop();
            let lines = errors
                .lines()
                .filter(|line| line.contains("\" 200 "))
                .count();
            assert_eq!(lines, 100, "a line for each: {errors}");
        }
    }
}

/// Sends many concurrent requests on one connection, as browsers do.
#[test]
fn requests_of_http_2_run_side_by_side() {
    if !is_curl_there() {
        return;
    }
    let folder = Folder::new();
    let content = "x".repeat(300_000);
    for number in 0..60 {
        folder.file(number.to_string(), &content);
    }
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--self-signed"]);
        let url = format!("{}[0-59]", server.url());
        let args = [
            "--insecure",
            "--http2",
            "--no-progress-meter",
            "--parallel",
            "--parallel-max",
            "60",
            &url,
        ];
        let output = curl(&args).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(output.stdout.len(), 60 * content.len());
        server.stop();
    }
}
