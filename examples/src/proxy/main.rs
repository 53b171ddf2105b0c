//! Forwards TCP connections: `proxy --listen ADDRESS:PORT --to HOST:PORT`.
//!
//! Read the files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `main`, `options` | the command line |
//! | `proxy` | the tasks: listening, and one for each connection |
//! | `forward` | forwarding bytes in both directions, between any streams |
//! | `report` | the line about a connection at its end |
//!
//! The parts that it shares with the other programs are in `common`: above all the run, signals and the
//! limit of connections.

mod forward;
mod options;
mod proxy;
mod report;

use std::process::ExitCode;

use anyrt_examples::Messages;

use self::proxy::proxy;

const HELP: &str = "\
Forwards TCP connections.

Usage: proxy [OPTIONS] --listen ADDRESS:PORT --to HOST:PORT

Each side can end what it sends, and still receive. One line on standard error tells of each
connection when it has ended.

Options:
  -l, --listen ADDRESS:PORT      where to listen; can be given several times. Port 0 stands for
                                 any that is free
  -t, --to HOST:PORT             where to connect to, for each connection anew
      --max-connections N        how many connections to forward at a time, 1000 by default; more
                                 have to wait
      --idle-timeout SECONDS     how long nothing may be received or taken at either end; for ever by
                                 default. That a slow end takes something shows once in 256 KiB
      --connect-timeout SECONDS  how long looking up HOST may take, and then connecting; 10 by
                                 default
  -b, --backend NAME             tokio, smol or async-std; by default the one that the environment
                                 variable ANYRT_BACKEND names, else tokio
  -h, --help                     this text

If it runs out of descriptors, clients have to wait as well: it accepts none without a descriptor for
the connection to HOST.

It says on standard output where it listens. Ctrl-C and SIGTERM end it, and its connections.

Exit status: 0 if it was told to end, 1 if it could not start, 2 for a wrong command line.
";

fn main() -> ExitCode {
    let messages = Messages::new("proxy");
    let options = match anyrt_examples::command_line(HELP, options::read, &messages) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let backend = options.backend;
    let service = |stop| proxy(options, stop, messages.clone());
    anyrt_examples::run_service(backend, service, &messages)
}
