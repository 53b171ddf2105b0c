//! The capabilities of a backend: what a case may need that the contract of no facet promises.
//!
//! Every backend is taken to have all of them. A backend that runs in memory, on virtual time, or one
//! thread at a time lists those that it lacks where it mounts the suite, and the cases that need one of them
//! are skipped. The list at the end of each file of cases states the needs.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::Case;

/// Defines the capabilities, and a constant with the name of each.
macro_rules! capabilities {
    ($($(#[$docs:meta])* $name:ident: $variant:ident,)*) => {
        /// Something that a case may need of a backend, besides its facets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Capability {
            $($(#[$docs])* $variant,)*
        }

        impl Capability {
            /// All capabilities.
            pub const ALL: &[Capability] = &[$(Capability::$variant),*];

            /// Returns the name by which lists of cases and `suite!` refer to the capability.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Capability::$variant => stringify!($name),)*
                }
            }
        }

        /// The capabilities under the names that lists of cases and `suite!` use. A name that is not among
        /// them does not compile.
        #[expect(non_upper_case_globals, reason = "the names are those that `suite!` is given")]
        pub mod names {
            $($(#[$docs])* pub const $name: super::Capability = super::Capability::$variant;)*
        }
    };
}

capabilities! {
    /// Time passes while code runs: after a poll that was busy, or slept by `std::thread::sleep`, the run's
    /// clock has advanced.
    real_time: RealTime,
    /// Time passes while tasks that wake themselves are polled again and again.
    busy_time: BusyTime,
    /// A function on a worker thread may block by other means than core's, by a `Condvar` of the standard
    /// library for instance, until a task goes on; and threads that no runtime knows may use the clock.
    os_threads: OsThreads,
    /// Threads outside of the run may wake its tasks, cancel its scopes, and call into it.
    foreign_wakes: ForeignWakes,
    /// A function on a worker thread may enter a separate run.
    nested_runs: NestedRuns,
    /// A portal may start a thread with a separate run.
    portal_runs: PortalRuns,
    /// The files of the backend are those of the operating system.
    os_files: OsFiles,
    /// Sockets of the operating system reach those of the backend, which have its limits and its errors.
    os_sockets: OsSockets,
    /// The operating system lists the backend's sockets with their states.
    socket_table: SocketTable,
    /// Datagrams arrive, once, and in the order in which they were sent.
    ordered_datagrams: OrderedDatagrams,
    /// Few bytes that were sent by one call on a socket are received by one call.
    whole_transfers: WholeTransfers,
    /// A stream accepts 100 kB that the peer does not read.
    big_buffers: BigBuffers,
    /// Addresses of IPv6 work, and one listener can accept connections of both families.
    dual_stack: DualStack,
    /// Several sockets can bind one port, if they allow it.
    reuse_port: ReusePort,
    /// A listener whose queue is full leaves further connections without an answer, as on Linux.
    full_queues: FullQueues,
    /// A connection that lingers on a port blocks it for listeners that do not allow that.
    lingering_ports: LingeringPorts,
    /// Paths are bytes, files have modes and owners and can be symbolic links, and there are the special files of
    /// Unix.
    unix_files: UnixFiles,
    /// The system measures the processor time of a thread to the microsecond.
    processor_time: ProcessorTime,
}

/// The capabilities that no backend has on this system.
pub const LACKED_BY_SYSTEM: &[Capability] = if cfg!(windows) {
    &[
        Capability::SocketTable,
        Capability::ReusePort,
        Capability::FullQueues,
        Capability::LingeringPorts,
        Capability::UnixFiles,
        Capability::ProcessorTime,
    ]
} else {
    &[]
};

impl Capability {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The capabilities that the mounted backend lacks, a bit for each. Set before a case runs, read by cases
/// and their tools. A program mounts one runtime, so it has one set of capabilities.
static LACKING: AtomicU32 = AtomicU32::new(0);

/// Declares the capabilities that the mounted backend lacks.
pub(crate) fn declare(lacks: &[Capability]) {
    let lacks = lacks.iter().chain(LACKED_BY_SYSTEM);
    let bits = lacks.fold(0, |bits, lack| bits | lack.bit());
    LACKING.fetch_or(bits, Ordering::Relaxed);
}

/// Returns whether the mounted backend has a capability.
///
/// For tools that wait or choose numbers, and must do so in another way without it. A case must not assert
/// less where a capability is missing; it declares the need instead.
#[must_use]
pub fn has(capability: Capability) -> bool {
    LACKING.load(Ordering::Relaxed) & capability.bit() == 0
}

/// A case with its needs: the entry of the list that ends each file.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the lists of cases make it")]
pub struct Needs {
    /// The name of the case: `module::function`.
    pub case: &'static str,
    /// The capabilities that the whole file needs.
    pub of_file: &'static [Capability],
    /// The capabilities that this case needs besides.
    pub of_case: &'static [Capability],
}

impl Needs {
    /// Returns all capabilities that the case needs.
    pub fn all(&self) -> impl Iterator<Item = Capability> + use<> {
        self.of_file.iter().chain(self.of_case).copied()
    }

    /// Returns the line that reports the case as skipped, or `None` if the backend has all that it needs.
    #[must_use]
    pub fn skipped(&self, lacks: &[Capability]) -> Option<String> {
        let missing: Vec<_> = self
            .all()
            .filter(|need| lacks.contains(need) || LACKED_BY_SYSTEM.contains(need))
            .collect();
        if missing.is_empty() {
            return None;
        }
        let names: Vec<_> = missing.iter().map(|need| need.name()).collect();
        Some(format!(
            "{}: skipped, the backend lacks {}",
            self.case,
            names.join(", ")
        ))
    }
}

/// Prints a line for a case that needs a capability that the backend lacks, and returns whether it does.
#[expect(clippy::print_stdout, reason = "it is output of a test")]
pub(crate) fn skips<B>(case: &Case<B>, lacks: &[Capability]) -> bool {
    let skipped = case.needs.skipped(lacks);
    if let Some(line) = &skipped {
        println!("{line}");
    }
    skipped.is_some()
}
