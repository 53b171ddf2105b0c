//! The program `serve`, with TLS.

#![cfg(unix)]

mod support;

use std::process::Command;

use self::support::clients::{curl, is_curl_there, is_openssl_there, request, s_client};
use self::support::service::Service;
use self::support::{BACKENDS, Folder, SERVE, text};

fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let mut command = SERVE.command(
        folder,
        ["--backend", backend, "--listen", "127.0.0.1:0", "."],
    );
    command.args(args);
    Service::start(command)
}

#[test]
fn a_given_certificate_is_shown_and_trusted() {
    if !is_curl_there() {
        return;
    }
    let folder = Folder::new();
    folder.file("file", "secret");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let cert = folder.file("cert.pem", made.cert.pem());
    folder.file("key.pem", made.signing_key.serialize_pem());
    for backend in BACKENDS {
        let server = serve(
            &folder,
            backend,
            &["--cert", "cert.pem", "--key", "key.pem"],
        );
        let url = format!("{}file", server.url());
        let response = request(&["--cacert", cert.to_str().unwrap(), &url]);
        assert_eq!(response.text(), "secret");
        let refused = curl(&[&url]).output().unwrap();
        assert_eq!(
            refused.status.code(),
            Some(60),
            "nobody knows this certificate"
        );
        server.stop();
    }
}

#[test]
fn openssl_sees_what_was_said() {
    if !is_openssl_there() {
        return;
    }
    let folder = Folder::new();
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--self-signed"]);
        let fingerprint = server.printed[0]
            .strip_prefix("certificate SHA-256 fingerprint ")
            .unwrap();
        let address = server.address().to_string();
        for version in ["-tls1_2", "-tls1_3"] {
            let output = s_client(&["-connect", &address, version, "-alpn", "h2,http/1.1"]);
            // It shows the server's settings of HTTP/2, too, which are not text.
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(shown.contains("ALPN protocol: h2"), "{shown}");
            let script = format!(
                "openssl s_client -connect {address} {version} </dev/null 2>/dev/null |
                 openssl x509 -noout -fingerprint -sha256"
            );
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            let shown = text(&output.stdout).trim_end();
            let shown = shown.split_once('=').unwrap().1;
            assert_eq!(shown, fingerprint);
        }
        let output = s_client(&["-connect", &address, "-alpn", "gopher"]);
        assert!(!output.status.success(), "no protocol in common");
        server.stop();
    }
}
