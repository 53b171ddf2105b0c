//! A replicated key-value store: `kv serve`, and its client, `kv get`, `kv put` and `kv delete`.
//!
//! The store is a library, [`anyrt_examples::kv`], which also runs in simulations. `README.md` describes how it is
//! tested.
//!
//! | file | contents |
//! | --- | --- |
//! | `main`, `options` | the command line |
//! | `commands` | serving, and one request |

mod commands;
mod options;

use std::process::ExitCode;

use anyrt_examples::Messages;

use self::options::Command;

const HELP: &str = "\
Keeps values under keys on several machines, of which a majority has to work.

Usage: kv serve  --nodes ADDRESSES --node N [OPTIONS] DIR
       kv get    --nodes ADDRESSES [OPTIONS] KEY
       kv put    --nodes ADDRESSES [OPTIONS] KEY VALUE
       kv delete --nodes ADDRESSES [OPTIONS] KEY

`serve` runs a node, with its journal in DIR, which is created if it is missing. The nodes elect a
primary. A write is acknowledged when the disks of a majority have it. If the primary does not
answer, another node takes over after 1 to 2 seconds. `get` writes the value to standard output, as
it is. `put` reads the value from standard input if VALUE is `-`. A value has at most 1 MiB.

Options:
  -n, --nodes ADDRESSES          the addresses of all nodes, each as HOST:PORT, with a comma in
                                 between; the same for each node and client
      --node N                   serve: the position of this node in the list, from 1 on
  -l, --listen ADDRESS:PORT      serve: where to listen, if not at the address in the list
      --timeout SECONDS          get, put, delete: how long to try, 10 by default
  -b, --backend NAME             tokio, smol or async-std; by default the one that the environment
                                 variable ANYRT_BACKEND names, else tokio
  -h, --help                     this text

`serve` says on standard output where it listens. Each node also answers HTTP requests of other
clients, GET, PUT and DELETE of /kv/KEY; a backup redirects them to the primary:

  curl -L -T FILE http://127.0.0.1:7001/kv/KEY
  curl -L http://127.0.0.1:7001/kv/KEY
  curl http://127.0.0.1:7001/status

Ctrl-C and SIGTERM end a node.

Exit status: 0 if it was done, or told to end; 1 if not, or if there is no such key; 2 for a wrong
command line; 130 if a client was interrupted. A `put` or `delete` that was not done in time may
have happened.
";

fn main() -> ExitCode {
    let messages = Messages::new("kv");
    let options = match anyrt_examples::command_line(HELP, options::read, &messages) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let backend = options.backend;
    match options.command {
        Command::Serve(options) => {
            let service = |stop| commands::serve(options, stop, messages.clone());
            anyrt_examples::run_service(backend, service, &messages)
        }
        Command::Request(options) => {
            let service = |stop| commands::request(options, stop, &messages);
            anyrt_examples::run_service(backend, service, &messages)
        }
    }
}
