//! The servers that are measured, each in a separate process.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{PLAIN, file_name};

/// A process that serves until this is dropped.
pub(super) struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts the example, which must be built.
    pub(super) fn example(backend: &str, dir: &Path) -> io::Result<Server> {
        let example = env::current_exe()?.with_file_name("serve");
        if !example.exists() {
            let hint = "the example is not built: \
                        run `cargo build --release -p anyrt-examples --bin serve` first";
            return Err(io::Error::new(ErrorKind::NotFound, hint));
        }
        let mut command = Command::new(example);
        command.args(["--quiet", "--listen", "127.0.0.1:0", "--backend", backend]);
        Server::start(command.arg(dir))
    }

    /// Starts this program as a server without anyrt.
    pub(super) fn plain(dir: &Path) -> io::Result<Server> {
        Server::start(Command::new(env::current_exe()?).arg(PLAIN).arg(dir))
    }

    /// Starts a process, and waits until it prints its address.
    fn start(command: &mut Command) -> io::Result<Server> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = Server {
            address: match line.trim_end().strip_prefix("listening at ") {
                Some(address) => address.to_owned(),
                None => String::new(),
            },
            process,
        };
        if server.address.is_empty() {
            return Err(io::Error::other("a server does not say where it listens"));
        }
        Ok(server)
    }

    pub(super) fn url(&self, file: &str) -> String {
        format!("{}{}", self.address, file_name(file))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
