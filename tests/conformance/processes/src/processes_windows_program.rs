//! The program that the cases for Windows start: the test program itself, with one case that acts as a program.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use anyrt_core::process::{Command, Output, Process, ProcessError, open_process, run_process};

use crate::erased::{OsBackend, OsR};

/// The variable with what the program should do. Without it the case does nothing.
const DOES: &str = "ANYRT_CASE_PROGRAM";

/// The line before the output of the program. The test harness writes before it.
const BEGIN: &str = "<the program begins>\n";

/// Returns a command that starts the program.
pub(crate) fn program(does: &str) -> Command {
    Command::new(env::current_exe().unwrap())
        .args(["processes_windows_program::acts_as_a_program"])
        .args(["--nocapture", "--test-threads=1", "--quiet"])
        .env(DOES, does)
}

/// Returns what the program has written, without what the test harness has written before.
pub(crate) fn own(written: Option<Vec<u8>>) -> Vec<u8> {
    let mut written = written.unwrap();
    let begin = BEGIN.as_bytes();
    let begins = written.windows(begin.len()).position(|part| part == begin);
    let shown = String::from_utf8_lossy(&written[..written.len().min(200)]).into_owned();
    let begins = begins.unwrap_or_else(|| panic!("the program has not begun: {shown}"));
    written.split_off(begins + begin.len())
}

pub(crate) async fn open(command: impl Into<Command>) -> Process<OsR> {
    open_process::<OsR>(command).await.unwrap()
}

pub(crate) async fn output(command: impl Into<Command>) -> Output {
    run_process::<OsR>(command).await.unwrap()
}

pub(crate) async fn text(command: impl Into<Command>) -> String {
    String::from_utf8(own(output(command).await.stdout)).unwrap()
}

pub(crate) async fn io_error(command: impl Into<Command>) -> io::Error {
    match run_process::<OsR>(command).await.unwrap_err() {
        ProcessError::Io(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A place where processes report, to find out when they have gone.
#[derive(Clone)]
pub(crate) struct Lives {
    listener: Arc<TcpListener>,
    port: u16,
}

impl Lives {
    pub(crate) fn new() -> Lives {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = Arc::new(listener);
        Lives { listener, port }
    }

    /// Returns a program that reports, and runs until it is killed.
    pub(crate) fn sleeper(&self) -> Command {
        program(&format!("live {}", self.port))
    }

    /// Returns a program that leaves a sleeper behind when the end of its input comes, with the same outputs.
    pub(crate) fn leaves(&self) -> Command {
        program(&format!("leave {}", self.port))
    }

    /// Returns a program that starts a sleeper, and waits for its end.
    pub(crate) fn stays(&self) -> Command {
        program(&format!("stay {}", self.port))
    }

    /// Blocks until a process reports.
    pub(crate) fn next(&self) -> Life {
        for _ in 0..3_000 {
            match self.listener.accept() {
                Ok((connection, _)) => {
                    connection.set_nonblocking(false).unwrap();
                    return Life(connection);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("no process has reported");
    }

    /// Returns the processes that have reported, and were not taken by `next`.
    pub(crate) fn rest(&self) -> Vec<Life> {
        let accepted = std::iter::from_fn(|| self.listener.accept().ok());
        let lives = accepted.map(|(connection, _)| {
            connection.set_nonblocking(false).unwrap();
            Life(connection)
        });
        lives.collect()
    }
}

/// A process that has reported.
pub(crate) struct Life(TcpStream);

impl Life {
    /// Blocks until the process has gone.
    pub(crate) fn wait_until_gone(&mut self) {
        let patience = Duration::from_secs(20);
        assert!(self.ends_within(patience), "the process is still there");
    }

    pub(crate) fn is_there(&mut self) -> bool {
        !self.ends_within(Duration::from_millis(50))
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        self.0.set_read_timeout(Some(limit)).unwrap();
        match self.0.read(&mut [0]) {
            Ok(0) => true,
            Ok(_) => panic!("the process writes nothing"),
            Err(error) => !matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock),
        }
    }
}

/// P1, as part of other cases: does nothing, or acts as the program that they start.
pub fn acts_as_a_program(_backend: &OsBackend) {
    if let Ok(does) = env::var(DOES) {
        exit(act(&does));
    }
}

fn act(does: &str) -> i32 {
    let (verb, object) = does.split_once(' ').unwrap_or((does, ""));
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    stdout.write_all(BEGIN.as_bytes()).unwrap();
    stdout.flush().unwrap();
    match verb {
        "echo" => {
            writeln!(stdout, "{object}").unwrap();
            0
        }
        "both" => {
            writeln!(stdout, "out").unwrap();
            writeln!(stderr, "err").unwrap();
            0
        }
        "turns" => {
            for n in 1..=3 {
                writeln!(stdout, "out {n}").unwrap();
                stdout.flush().unwrap();
                writeln!(stderr, "err {n}").unwrap();
            }
            0
        }
        "fail" => {
            writeln!(stdout, "out").unwrap();
            writeln!(stderr, "first\nlast").unwrap();
            object.parse().unwrap()
        }
        "exit" => object.parse().unwrap(),
        "copy" => {
            io::copy(&mut stdin, &mut stdout).unwrap();
            stdout.flush().unwrap();
            0
        }
        "lines" => {
            for line in stdin.lines() {
                let line = line.unwrap();
                writeln!(stdout, "out {line}").unwrap();
                stdout.flush().unwrap();
                writeln!(stderr, "err {line}").unwrap();
            }
            0
        }
        "tee" => {
            let mut buffer = [0; 10_000];
            loop {
                match stdin.read(&mut buffer).unwrap() {
                    0 => break stdout.flush().map_or(1, |()| 0),
                    read => {
                        stdout.write_all(&buffer[..read]).unwrap();
                        stderr.write_all(&buffer[..read]).unwrap();
                    }
                }
            }
        }
        "zeros" => {
            stdout.write_all(&vec![0; object.parse().unwrap()]).unwrap();
            stdout.flush().unwrap();
            0
        }
        "endless" => loop {
            if stdout.write_all(&[0; 1000]).is_err() {
                break 9;
            }
        },
        "variables" => {
            for name in object.split(' ') {
                let value = env::var(name).unwrap_or_else(|_| "none".to_owned());
                writeln!(stdout, "{value}").unwrap();
            }
            0
        }
        "directory" => {
            writeln!(stdout, "{}", env::current_dir().unwrap().display()).unwrap();
            0
        }
        "arguments" => {
            for argument in env::args().skip_while(|arg| arg != "--").skip(1) {
                writeln!(stdout, "{argument}").unwrap();
            }
            0
        }
        "live" => live(object),
        "leave" | "stay" => {
            let mut left = std::process::Command::new(env::current_exe().unwrap())
                .args(env::args().skip(1))
                .env(DOES, format!("live {object}"))
                .stdin(std::process::Stdio::null())
                .spawn()
                .unwrap();
            if verb == "stay" {
                drop(left.wait());
            }
            io::copy(&mut stdin, &mut io::sink()).unwrap();
            drop(left.try_wait());
            0
        }
        _ => panic!("{does}"),
    }
}

/// Reports, and runs until it is killed.
fn live(port: &str) -> i32 {
    let mut connection = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    // The other end never writes.
    drop(connection.read(&mut [0]));
    thread::sleep(Duration::from_secs(60));
    1
}

anyrt_conformance_kit::cases! { processes_windows_program: descriptors,
    acts_as_a_program,
}
