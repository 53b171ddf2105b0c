//! What a program gets from its caller.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt_core::runtime::Launch;
use anyrt_core::signals::Signal;
use anyrt_core::stream::{Attributes, MemoryObjectReceiveStream};
use futures_io::AsyncRead;

use super::output::ProgramOutput;
use super::state::ProgramState;

/// What a [program](crate::Simulation::program) gets from its caller: arguments, environment, standard streams and
/// signals.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProgramIo {
    /// The process id.
    pub id: u32,
    /// The name by which it was called, or the one that the command sets instead.
    pub arg0: OsString,
    /// The arguments, without the name.
    pub args: Vec<OsString>,
    /// The variables that the command sets.
    pub env: BTreeMap<OsString, OsString>,
    /// The working directory, if the command sets it.
    pub current_dir: Option<PathBuf>,
    /// The standard input. It is at its end at once if it is not a pipe.
    pub stdin: ProgramInput,
    /// The standard output. Dropping it closes it.
    pub stdout: ProgramOutput,
    /// The standard error. It stays open until the end of the program, which may write its error to it.
    pub stderr: ProgramOutput,
    /// The signals that are sent to the program.
    pub signals: ProgramSignals,
}

impl ProgramIo {
    pub(super) fn new(
        launch: Launch,
        state: Arc<ProgramState>,
        signals: MemoryObjectReceiveStream<Signal>,
    ) -> ProgramIo {
        let mut env = BTreeMap::new();
        for (name, value) in launch.env {
            match value {
                Some(value) => env.insert(name, value),
                None => env.remove(&name),
            };
        }
        let [stdout, stderr] = ProgramOutput::pair(launch.stdout, launch.stderr);
        ProgramIo {
            id: state.host,
            arg0: launch.arg0.unwrap_or(launch.program),
            args: launch.args,
            env,
            current_dir: launch.current_dir,
            stdin: ProgramInput(launch.stdin),
            stdout,
            stderr,
            signals: ProgramSignals { state, signals },
        }
    }
}

/// The standard input of a [program](crate::Simulation::program): a byte stream to receive from.
pub struct ProgramInput(Option<Box<dyn AsyncRead + Send + Sync + Unpin>>);

impl AsyncRead for ProgramInput {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Some(stream) => Pin::new(stream).poll_read(cx, buffer),
            None => Poll::Ready(Ok(0)),
        }
    }
}

impl Attributes for ProgramInput {}

impl fmt::Debug for ProgramInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_pipe = self.0.is_some();
        f.debug_struct("ProgramInput")
            .field("pipe", &is_pipe)
            .finish()
    }
}

/// The signals that are sent to a [program](crate::Simulation::program).
///
/// A signal that is not caught has its default action, which mostly ends the program.
#[derive(Debug)]
pub struct ProgramSignals {
    state: Arc<ProgramState>,
    signals: MemoryObjectReceiveStream<Signal>,
}

impl ProgramSignals {
    /// Catches a signal for the rest of the program's life: it has no default action any more, and
    /// [`receive`](ProgramSignals::receive) returns it. A program that does not receive it ignores it.
    ///
    /// # Panics
    ///
    /// For SIGKILL and SIGSTOP, which cannot be caught.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::sim::{Config, Simulation};
    /// use anyrt::signals::Signal;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     sim.program("server", async |mut io| {
    ///         io.signals.catch(Signal::TERM);
    ///         assert_eq!(io.signals.receive().await, Signal::TERM);
    ///         3 // the exit code, after cleaning up
    ///     });
    ///     let server = open_process(["server"]).await.unwrap();
    ///     anyrt::testing::wait_all_tasks_blocked().await;
    ///     server.terminate().unwrap();
    ///     assert_eq!(server.wait().await.unwrap().code(), Some(3));
    /// }).unwrap();
    /// ```
    pub fn catch(&mut self, signal: Signal) {
        assert!(
            signal != Signal::KILL && signal != Signal::STOP,
            "{signal} cannot be caught: leave it out"
        );
        self.state.catch(signal);
    }

    /// Waits for the next signal that is caught.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, no signal is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::sim::{Config, Simulation};
    /// use anyrt::signals::Signal;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     sim.program("server", async |mut io| {
    ///         io.signals.catch(Signal::TERM);
    ///         assert_eq!(io.signals.receive().await, Signal::TERM);
    ///         3 // the exit code, after cleaning up
    ///     });
    ///     let server = open_process(["server"]).await.unwrap();
    ///     anyrt::testing::wait_all_tasks_blocked().await;
    ///     server.terminate().unwrap();
    ///     assert_eq!(server.wait().await.unwrap().code(), Some(3));
    /// }).unwrap();
    /// ```
    pub async fn receive(&mut self) -> Signal {
        match self.signals.receive().await {
            Ok(signal) => signal,
            // Not reachable: the state has the other end.
            Err(_) => std::future::pending().await,
        }
    }
}
