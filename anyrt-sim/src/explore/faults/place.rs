//! The places where a fault can occur.

use std::backtrace::Backtrace;
use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::choices::{Choices, Purpose};
use crate::config::Config;
use crate::disk;
use crate::explore::site;
use crate::host::HostId;
use crate::lock::lock;
use crate::shared::Shared;
use crate::threads;

/// A place where a fault can occur.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultPlace {
    /// The number of earlier places in the run.
    pub number: u64,
    /// The kind of fault.
    pub kind: FaultKind,
    /// The packet, the connection or the operation of a disk that it concerns.
    pub subject: String,
    /// The name of the task that runs there. `None` if a worker thread runs, or the network itself.
    pub task: Option<String>,
    /// The virtual time since the start.
    pub at: Duration,
    /// The draws that lead to the fault, for [`Config::inject_faults`].
    pub choices: Choices,
}

impl FaultPlace {
    /// Returns options for a run with the fault of this place, from those that were explored.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, Simulation, explore};
    /// use std::time::Duration;
    ///
    /// async fn test() {
    ///     let server = Simulation::current().unwrap().host("server").start(anyrt::sleep_forever);
    ///     let socket = UdpSocket::bind(([0, 0, 0, 0], 0)).unwrap();
    ///     socket.send_to(b"ping", (server.ip(), 9)).await.unwrap();
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    /// }
    ///
    /// let config = Config::new(1);
    /// let report = explore::faults(&config, test);
    /// // The run with the first of the faults, once more.
    /// assert!(report.places[0].config(&config).run(test()).result.is_ok());
    /// ```
    pub fn config(&self, explored: &Config) -> Config {
        explored.clone().inject_faults(self.choices.clone())
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A packet between hosts is lost; one of a stream is sent again later.
    Loss,
    /// A datagram between hosts arrives twice.
    Duplication,
    /// A call on a stream or a file transfers a single byte.
    ShortTransfer,
    /// An operation of a disk fails.
    DiskError,
    /// A rule about packets draws the highest number.
    Rule,
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FaultKind::Loss => "lost",
            FaultKind::Duplication => "duplicated",
            FaultKind::ShortTransfer => "a single byte",
            FaultKind::DiskError => "failed",
            FaultKind::Rule => "the highest number",
        };
        let FaultPlace {
            number,
            subject,
            at,
            ..
        } = self;
        write!(f, "place {number}, {at:?}, {subject}: {kind}")?;
        match &self.task {
            Some(task) => write!(f, ", in task `{task}`"),
            None => Ok(()),
        }
    }
}

/// What a fault can concern, for the text of a place.
pub(crate) enum Subject {
    /// A packet, with its kind and length.
    #[cfg(feature = "net")]
    Packet([HostId; 2], crate::events::PacketKind, usize),
    /// A transfer on a stream.
    #[cfg(feature = "net")]
    Stream,
    /// A draw of a rule.
    #[cfg(feature = "net")]
    Rule,
    /// The number of the event of an operation of a disk.
    Disk(HostId, u64),
}

impl Subject {
    fn text(&self, shared: &Shared) -> String {
        let name = |host| shared.lock().hosts.name(host);
        match *self {
            #[cfg(feature = "net")]
            Subject::Packet([from, to], kind, length) => {
                let kind = crate::events::PACKET_NAMES[kind as usize];
                let (from, to) = (name(from), name(to));
                format!("packet from `{from}` to `{to}` ({kind}, {length} bytes)")
            }
            #[cfg(feature = "net")]
            Subject::Stream => "transfer on a stream".to_owned(),
            #[cfg(feature = "net")]
            Subject::Rule => "draw of a rule".to_owned(),
            Subject::Disk(host, event) => {
                format!("{} of host `{}`", Operation(event), name(host))
            }
        }
    }
}

/// An operation of a disk, by the number of its event.
struct Operation(u64);

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        disk::describe(self.0, f)
    }
}

/// The state that a run shares with its explorer.
#[derive(Debug)]
pub(crate) struct FaultExplorer {
    /// The draw of the fault, by purpose and number, or `None` in the run that counts.
    target: Option<(Purpose, usize)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The places, in the run that counts, and the draw of each.
    places: Vec<FaultPlace>,
    /// The stack at the fault.
    stack: Option<Backtrace>,
}

/// A draw that decides about a fault.
pub(crate) struct FaultDraw {
    pub(crate) purpose: Purpose,
    pub(crate) kind: FaultKind,
    /// The bound of the draw.
    pub(crate) bound: u64,
    /// The number of bytes of a transfer.
    pub(crate) count: Option<usize>,
}

impl FaultDraw {
    /// Creates the draw for a fault whose frequency is given in thousandths.
    pub(crate) fn new(purpose: Purpose, kind: FaultKind, count: Option<usize>) -> FaultDraw {
        FaultDraw {
            purpose,
            kind,
            bound: 1000,
            count,
        }
    }
}

impl Shared {
    /// Draws whether a fault of this frequency, of a thousand, occurs.
    pub(crate) fn draw_fault(
        &self,
        draw: &FaultDraw,
        per_mille: u32,
        subject: impl FnOnce() -> Subject,
    ) -> bool {
        if per_mille == 0 {
            return false;
        }
        if let Some(explorer) = &self.config.fault_explorer {
            explorer.before_draw(self, draw, &subject());
        }
        // From the top, so that a draw of zero is not a fault.
        let drawn = self.lock().draws.below(draw.purpose, draw.bound);
        drawn >= draw.bound - u64::from(per_mille).min(draw.bound)
    }
}

impl FaultExplorer {
    pub(super) fn new(place: Option<&FaultPlace>) -> FaultExplorer {
        let target = place.and_then(|place| place.choices.first_fault());
        FaultExplorer {
            target,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Notes that a draw is about to be made.
    pub(crate) fn before_draw(&self, shared: &Shared, draw: &FaultDraw, subject: &Subject) {
        let number = {
            let state = shared.lock();
            if state.ended {
                return;
            }
            state.draws.made(draw.purpose)
        };
        let task = anyrt_core::task::current();
        if let Some(target) = self.target {
            // Elsewhere, the network sends by itself, and the stack shows nothing of the program.
            if target == (draw.purpose, number) && (task.is_some() || threads::is_lent()) {
                let stack = Backtrace::force_capture();
                self.lock().stack = Some(stack);
            }
            return;
        }
        // The highest draw is the fault; for a transfer, the next one is the number of bytes that are missing.
        let missing = draw.count.map(|count| count as u64 - 2);
        let draws = [Some(draw.bound - 1), missing].into_iter().flatten();
        let choices = Choices::of_fault(draw.purpose, number, draws);
        let subject = subject.text(shared);
        let at = Duration::from_nanos(shared.now());
        let task = task.map(|task| task.name().to_string());
        let mut state = self.lock();
        let number = state.places.len() as u64;
        state.places.push(FaultPlace {
            number,
            kind: draw.kind,
            subject,
            task,
            at,
            choices,
        });
    }

    /// Takes the places that were counted.
    pub(super) fn take_places(&self) -> Vec<FaultPlace> {
        mem::take(&mut self.lock().places)
    }

    /// Returns the place in the source at which the fault occurred, as far as the stack shows it.
    pub(super) fn site(&self) -> Option<String> {
        let stack = self.lock().stack.take()?;
        site::of(&stack.to_string())
    }
}
