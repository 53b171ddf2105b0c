//! Runs the shared conformance suite in simulations.

use std::time::Duration;

/// Returns the simulation of the seed that the environment names. A step takes longer than by default, since
/// some cases wait for a time limit around a loop that is always ready.
fn simulation() -> anyrt_sim::Config {
    let seed = std::env::var("ANYRT_SIM_SEED");
    let seed = seed.map_or(1, |seed| seed.parse().expect("a seed is a number"));
    anyrt_sim::Config::new(seed).poll_cost(Duration::from_micros(100))
}

/// Returns a hostile world in which disks do not fail, since no case expects that.
fn short_transfers_of_all_kinds() -> anyrt_sim::Faults {
    let mut faults = anyrt_sim::Faults::hostile();
    faults.disk_errors = 0;
    faults
}

/// Mounts the suite in a module, with the facets that the features give.
macro_rules! mount {
    ($(#[$documentation:meta])* $module:ident, $runtime:expr, lacks: [$($lack:ident),*]) => {
        $(#[$documentation])*
        #[cfg(feature = "net")]
        mod $module {
            anyrt_conformance::suite! {
                runtime: $runtime,
                facets: [spawn, time, blocking, files, net],
                lacks: [real_time, os_threads, foreign_wakes, nested_runs, portal_runs, os_files, os_sockets,
                    socket_table, ordered_datagrams, dual_stack, reuse_port, full_queues $(, $lack)*],
            }
        }

        $(#[$documentation])*
        #[cfg(not(feature = "net"))]
        mod $module {
            anyrt_conformance::suite! {
                runtime: $runtime,
                facets: [spawn, time, blocking, files],
                lacks: [real_time, os_threads, foreign_wakes, nested_runs, portal_runs, os_files, os_sockets $(, $lack)*],
            }
        }
    };
}

mount! { random, super::simulation(), lacks: [] }

mount! { fifo, super::simulation().policy(anyrt_sim::Policy::Fifo), lacks: [] }

mount! {
    /// Calls on streams and files transfer less than they could, at random.
    short_transfers, super::simulation().faults(super::short_transfers_of_all_kinds()), lacks: [whole_transfers]
}
