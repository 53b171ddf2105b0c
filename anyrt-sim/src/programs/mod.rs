//! Programs of a simulation: functions that run in place of the programs of the system.
//!
//! A program runs as a host with a run of its own; its end, a signal and a crash are those of the host.
//!
//! ```text
//!   open_process ──▶ ProgramHost::start ──▶ a new host `name#id` ──▶ the function
//!        ▲                                                              │ exit code
//!        └────── status ◀── the host is down ◀── end, signal, crash ◀───┘
//! ```
//!
//! | file | contents |
//! | --- | --- |
//! | `host` | starting a program as a host, and what happens when one goes down |
//! | `state` | the status of a program, and the signals that are sent to it |
//! | `io` | what a program gets: arguments, environment, standard streams, signals |
//! | `output` | the standard output and the standard error |
//! | `exit_code` | what the function may return |

mod exit_code;
mod host;
mod io;
mod output;
mod state;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub use self::exit_code::IntoExitCode;
pub use self::host::NoDescriptor;
pub use self::io::{ProgramInput, ProgramIo, ProgramSignals};
pub use self::output::ProgramOutput;
pub(crate) use self::state::ProgramState;
use crate::lock::lock;
use crate::spawn::Simulation;

/// The future of a program: its exit code, or the text of its error.
type Running = Pin<Box<dyn Future<Output = Result<i32, String>>>>;

/// The function of a program.
type Function = Arc<dyn Fn(ProgramIo) -> Running + Send + Sync>;

/// The programs that are registered in a run, by name.
#[derive(Default)]
pub(crate) struct Programs(Mutex<BTreeMap<OsString, Function>>);

impl Programs {
    fn find(&self, name: &std::ffi::OsStr) -> Option<Function> {
        lock(&self.0).get(name).cloned()
    }

    /// Removes all programs, since the run is over.
    pub(crate) fn clear(&self) {
        let programs = std::mem::take(&mut *lock(&self.0));
        drop(programs);
    }
}

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(lock(&self.0).keys()).finish()
    }
}

impl Simulation {
    /// Registers a program: from now on, commands with this name run the function. The name is that of the
    /// program without its folder: `git` also stands for `/usr/bin/git`, and `sh` for command lines of a shell. A
    /// later registration of the same name replaces this one.
    ///
    /// The function gets the arguments, the environment, the standard streams and the signals of the program. It
    /// returns the exit code: an `i32`, `()` for 0, or a `Result` of these, whose error is written to the standard
    /// error and gives 1.
    ///
    /// A program that is not registered does not exist: starting it fails with
    /// [`NotFound`](std::io::ErrorKind::NotFound). Programs of the system are never started.
    ///
    /// # How a program runs
    ///
    /// - It is a host, with a run of its own. The name of the host is that of the program with the process id, as in
    ///   `git#3`. Its clock is that of the host that started it; its addresses are its own.
    /// - It ends when the function has returned and its tasks have ended. A panic of it ends the simulation.
    /// - SIGKILL [crashes](crate::Host::crash) it. SIGTERM and most other signals do the same, unless the program
    ///   [catches](ProgramSignals::catch) them. SIGSTOP pauses it, and SIGCONT resumes it.
    /// - It is killed when the program or host that has started it ends or crashes. A [pause](crate::Host::pause) of
    ///   that host does not pause it.
    /// - Pipes hold 64 KiB, and bytes arrive without delay.
    /// - The environment has only the variables that the command sets: nothing is inherited.
    /// - Options that only the system has are refused: files and descriptors as standard streams, an inherited
    ///   standard input, `session`, `uid`, `gid` and `umask`. Inherited outputs are printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(1).run(async {
    ///     let sim = Simulation::current().expect("this is a simulation");
    ///     sim.program("shout", async |mut io| {
    ///         if io.args.is_empty() {
    ///             return Err("an argument is missing".to_owned());
    ///         }
    ///         while let Ok(bytes) = io.stdin.receive(1024).await {
    ///             let bytes = bytes.to_ascii_uppercase();
    ///             io.stdout.send(&bytes).await.map_err(|error| error.to_string())?;
    ///         }
    ///         Ok(0)
    ///     });
    ///
    ///     let shouted = run_process(Command::new("shout").arg("now").input("hello")).await;
    ///     assert_eq!(shouted.unwrap().stdout.as_deref(), Some(&b"HELLO"[..]));
    ///     run_process(["/usr/bin/shout"]).await.unwrap_err().to_string()
    /// });
    /// assert_eq!(
    ///     outcome.unwrap(),
    ///     "/usr/bin/shout: exit status 1: shout: an argument is missing"
    /// );
    /// ```
    pub fn program<F, T>(&self, name: impl Into<OsString>, function: F)
    where
        F: AsyncFn(ProgramIo) -> T + Send + Sync + 'static,
        T: IntoExitCode + 'static,
    {
        let function = Arc::new(function);
        let function: Function = Arc::new(move |io| {
            let function = function.clone();
            Box::pin(async move { function(io).await.into_exit_code() })
        });
        let replaced = lock(&self.0.shared.programs.0).insert(name.into(), function);
        // Foreign values: after the unlock.
        drop(replaced);
    }

    /// Returns the names of the hosts of all programs that are running, as in `git#3`, in the order in which they
    /// were started.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     sim.program("server", async |_io| anyrt::sleep(Duration::from_secs(60)).await);
    ///     let process = open_process(["server"]).await.unwrap();
    ///     assert_eq!(sim.running_programs().len(), 1);
    ///     process.kill().unwrap();
    ///     process.wait().await.unwrap();
    ///     assert!(sim.running_programs().is_empty());
    /// }).unwrap();
    /// ```
    pub fn running_programs(&self) -> Vec<String> {
        self.0.shared.lock().hosts.running_programs()
    }
}
