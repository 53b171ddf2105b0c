//! Starting a program as a host, and what happens when one goes down.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyrt_core::runtime::{
    Attempt, Descriptors, Direction, Launch, ProgramHost, RunningProgram, Source,
};
use anyrt_core::signals::Signal;
use anyrt_core::stream::{ByteSendStreamExt, UNBOUNDED, memory_object_stream};

use super::Function;
use super::io::ProgramIo;
use super::state::{Action, ProgramState};
use crate::Sim;
use crate::current::current;
use crate::host::{Command, Factory, HostId, Incarnation};
use crate::shared::Shared;

impl Descriptors for Sim {
    type Source = NoDescriptor;

    fn check() -> io::Result<()> {
        Err(no_descriptors())
    }

    fn programs() -> Option<Arc<dyn ProgramHost>> {
        current().map(|host| host as _)
    }
}

impl ProgramHost for Incarnation {
    fn start(&self, launch: Launch, ended: Waker) -> io::Result<Box<dyn RunningProgram>> {
        if !self.is_alive() {
            return Err(io::Error::other("the host has crashed"));
        }
        let path = Path::new(&launch.program);
        let name = path.file_name().unwrap_or(&launch.program).to_owned();
        let Some(function) = self.shared.programs.find(&name) else {
            return Err(not_registered(&name));
        };
        let (sender, signals) = memory_object_stream(UNBOUNDED);
        let name = name.to_string_lossy().into_owned();
        // Its number, until it is added: threads of a run take turns.
        let host = self.shared.lock().hosts.next_id();
        let state = ProgramState::new(host, self.host, sender, ended);
        let io = ProgramIo::new(launch, state.clone(), signals);
        let host_name = format!("{name}#{host}").into();
        let factory = factory(name, function, io, state.clone());
        {
            let mut run = self.shared.lock();
            let added = run
                .hosts
                .add(host_name, None, self.clock, factory, &self.disk);
            added.map_err(io::Error::other)?;
            run.hosts.set_program(state.clone());
        }
        self.shared.enqueue(Command::Start(host), None);
        let shared = self.shared.clone();
        Ok(Box::new(Started { shared, state }))
    }
}

/// Returns the factory of the main future of a program, which is called once.
fn factory(name: String, function: Function, io: ProgramIo, program: Arc<ProgramState>) -> Factory {
    let mut start = Some((name, function, io, program));
    Box::new(move || {
        let start = start.take();
        Box::pin(async move {
            let (name, function, io, program) = start.expect("a program is started once");
            let mut stderr = io.stderr.duplicate();
            let code = match function(io).await {
                Ok(code) => code,
                Err(error) => {
                    let line = format!("{name}: {error}\n");
                    // The reader may be gone.
                    drop(stderr.send(line.as_bytes()).await);
                    1
                }
            };
            program.set_code(code);
        })
    })
}

impl Shared {
    /// Reports the end of a program whose host is down, and kills the programs that a host has left behind.
    pub(crate) fn end_programs(&self, host: HostId, has_crashed: bool) {
        let (program, left) = self.lock().hosts.end_programs(host);
        for program in left {
            self.signal_program(&program, Signal::KILL);
        }
        if let Some(program) = program {
            program.finish(has_crashed);
        }
    }

    fn signal_program(&self, program: &ProgramState, signal: Signal) {
        match program.signal(signal) {
            Action::Ignore => {}
            Action::Kill => self.enqueue(Command::Crash(program.host), None),
            Action::Pause => self.pause(program.host),
            Action::Resume => self.resume(program.host),
        }
    }
}

/// A program that was started.
struct Started {
    shared: Arc<Shared>,
    state: Arc<ProgramState>,
}

impl RunningProgram for Started {
    fn id(&self) -> u32 {
        self.state.host
    }

    fn status(&self) -> Option<ExitStatus> {
        self.state.status()
    }

    fn signal(&self, number: i32) -> io::Result<()> {
        let signal = Signal::from_raw(number).ok_or(io::ErrorKind::InvalidInput)?;
        self.shared.signal_program(&self.state, signal);
        Ok(())
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

fn not_registered(name: &OsStr) -> io::Error {
    let name = Path::new(name).display();
    io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "no program `{name}` is registered in this simulation, which starts none of the system: register \
             one with `Simulation::program(\"{name}\", async |io| 0)`"
        ),
    )
}

/// The error for descriptors.
fn no_descriptors() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "a simulation has no descriptors, worker processes or signals of the system: use sockets and streams \
         that are opened inside the run, or another backend",
    )
}

/// A descriptor of a simulation: there is none.
#[derive(Debug)]
pub struct NoDescriptor(Infallible);

impl Source for NoDescriptor {
    fn register(_: OwnedFd) -> io::Result<NoDescriptor> {
        Err(no_descriptors())
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        match self.0 {}
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self.0 {}
    }

    fn poll_io<T>(
        &self,
        _: &mut Context<'_>,
        _: Direction,
        _: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        match self.0 {}
    }
}
