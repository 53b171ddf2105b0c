//! Serves the files of a directory over HTTP: `serve [OPTIONS] DIR`.
//!
//! HTTP/1.1 and HTTP/2, in the clear or with TLS. Read the files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `main`, `options` | the command line |
//! | `server` | the tasks: listening, serving, graceful shutdown |
//! | `connection` | one connection: TLS, the protocol |
//! | `client`, `watched` | the running requests of a client, and their time limits |
//! | `respond` | from a request to a response |
//! | `body` | sending files |
//! | `identity` | the certificate |
//!
//! The parts that it shares with the other programs are in `common`: above all the run, signals and the
//! limit of connections, and `site`, the HTTP semantics of files.

mod body;
mod client;
mod connection;
mod identity;
mod options;
mod respond;
mod server;
mod watched;

use std::process::ExitCode;

use anyrt_examples::Messages;

use self::server::serve;

const HELP: &str = "\
Serves the files of a directory over HTTP/1.1 and HTTP/2.

Usage: serve [OPTIONS] DIR

It answers GET and HEAD, with ranges and conditional requests. A directory is answered with its
index.html, or else a list of what is in it. Symbolic links are followed if they lead to
something in DIR; nothing outside of DIR can be reached. Whoever can write to DIR is trusted.

Options:
  -b, --backend NAME         tokio, smol or async-std; by default the one that the environment
                             variable ANYRT_BACKEND names, else tokio
  -l, --listen ADDRESS:PORT  where to listen, 127.0.0.1:8000 by default; can be given several
                             times. Port 0 stands for any that is free
      --cert FILE            use TLS, with this certificate: PEM, the server's own first
      --key FILE             and this private key of it
      --self-signed          use TLS, with a certificate that is made now
      --timeout SECONDS      how long a client may take for the TLS handshake, for the first request
                             after it, and with HTTP/1.1 for the head of each other; 10 by default
      --idle-timeout SECONDS how long nothing may be asked for or taken; 60 by default. A request
                             counts once it has been received as a whole, its body included. That
                             a slow client takes something shows once in 256 KiB
      --grace SECONDS        how long requests may take to finish when it is told to stop; 10 by
                             default
      --max-connections N    how many connections to serve at a time, 500 by default; more have to
                             wait. Each needs at most 512 KiB of memory, whatever its client does, so
                             that 500 need at most 250 MiB; lists of directories come on top
  -q, --quiet                no line for each request
  -h, --help                 this text

It says on standard output where it listens. Ctrl-C and SIGTERM tell it to stop: it accepts no
more, and ends when the requests that are running are finished. The second time it ends at once.

Exit status: 0 if every request was finished, 1 if not or if it could not start, 2 for a wrong
command line, 130 if it was told twice.
";

fn main() -> ExitCode {
    let messages = Messages::new("serve");
    let options = match anyrt_examples::command_line(HELP, options::read, &messages) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let backend = options.backend;
    let service = |stop| serve(options, stop, messages.clone());
    anyrt_examples::run_service(backend, service, &messages)
}
