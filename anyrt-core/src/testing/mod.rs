//! Help for testing asynchronous code.
//!
//! | item | what it is for |
//! | --- | --- |
//! | [`wait_all_tasks_blocked`] | lets other tasks reach the point where they wait |
//! | [`assert_checkpoints`], [`assert_no_checkpoints`] | whether a block observes cancellation and lets other tasks run |
//! | [`Sequencer`] | steps of several tasks, in a fixed order |
//! | [`free_tcp_port`], [`free_udp_port`] | ports of the system that are not in use |
//! | `free_tcp_port_of`, `free_udp_port_of` | the same on a runtime with its own network (with the feature `net`) |

mod blocked;
mod checkpoints;
mod ports;
mod sequencer;

pub use self::blocked::wait_all_tasks_blocked;
pub use self::checkpoints::{assert_checkpoints, assert_no_checkpoints};
pub use self::ports::{free_tcp_port, free_udp_port};
#[cfg(feature = "net")]
pub use self::ports::{free_tcp_port_of, free_udp_port_of};
pub use self::sequencer::{Sequencer, SequencerError};
