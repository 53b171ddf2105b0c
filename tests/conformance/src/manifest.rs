//! The list of cases, and the macros that make tests of it. Each file of cases ends with the list of its
//! cases; here are the names of the files, by facet.

#[cfg(any(unix, windows))]
use anyrt_core::runtime::Descriptors;
use anyrt_core::runtime::{Enter, Net};

use crate::capability::{Capability, Needs};
use crate::harness::{Case, Failures};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// Mounts the suite: one test for each case of the facets that are listed.
///
/// `runtime` is an expression that makes a backend; it is evaluated anew for each case. Several suites in
/// one file are in separate modules; they may configure one runtime differently, but another runtime needs
/// another file.
///
/// `lacks` lists the capabilities that the backend does not have; a case that needs one of them is skipped. A
/// name that is not among [`capability::names`](crate::capability::names) is an error of the compiler:
///
/// ```compile_fail
/// # use anyrt_conformance::capability::names;
/// let lacks = [names::no_such_capability];
/// ```
#[macro_export]
macro_rules! suite {
    (
        runtime: $runtime:expr,
        facets: [$($facet:ident),* $(,)?]
        $(, lacks: [$($lack:ident),* $(,)?])?
        $(, failures: [$($list:path),* $(,)?])?
        $(, known_failures: [$($name:literal => $why:literal),* $(,)?])?
        $(, flaky_failures: [$($flaky:literal => $reason:literal),* $(,)?])? $(,)?
    ) => {
        use $crate as __anyrt;

        const EXPECTED: $crate::harness::Deviations = $crate::harness::Deviations {
            lacks: &[$($($crate::capability::names::$lack),*)?],
            failures: &[
                $crate::harness::Failures {
                    known: &[$($(($name, $why)),*)?],
                    flaky: &[$($(($flaky, $reason)),*)?],
                },
                $($($list),*)?
            ],
        };

        fn backend() -> impl $crate::Enter<Runtime: $($crate::facets::$facet +)*> {
            let backend = $runtime;
            $( $crate::facets::mount::$facet(&backend); )*
            backend
        }

        #[::core::prelude::v1::test]
        fn known_failures_are_cases() {
            $crate::check_known_failures(EXPECTED.failures);
        }

        /// Prints a line for each case that is skipped; `--nocapture` shows them.
        #[::core::prelude::v1::test]
        fn skipped_cases() {
            $crate::print_skipped(EXPECTED.lacks, &[$($crate::needs::$facet()),*]);
        }

        $( $crate::__modules! { $facet, [$crate::__tests], () } )*
    };
}

/// Passes the names of the files with the cases of one facet to another macro.
///
/// A case is listed under the facet that it is about. Core requires spawning, time and blocking calls, so a
/// case of any facet may use all three.
#[doc(hidden)]
#[macro_export]
macro_rules! __modules {
    (spawn, [$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            buffered_streams,
            byte_streams,
            byte_streams_everywhere,
            combine,
            combine_races,
            context,
            context_run,
            engine_depth,
            engine_fairness,
            engine_granted,
            engine_granted_races,
            engine_left,
            engine_left_carried,
            engine_left_forgotten,
            engine_memory,
            engine_shared,
            engine_starting,
            engine_state,
            engine_stranded,
            engine_wakers,
            entry,
            entry_outside,
            everywhere,
            groups,
            groups_cancel,
            groups_combine,
            groups_failures,
            groups_handles,
            groups_handles_cancel,
            groups_handles_values,
            groups_in_place,
            groups_panics,
            groups_scope,
            groups_start,
            groups_start_kinds,
            groups_start_scopes,
            holds,
            holds_abort,
            holds_adoption,
            holds_groups,
            holds_memory,
            holds_moved,
            holds_wake_ups,
            introspection,
            introspection_tree,
            introspection_waiting,
            low_level,
            memory_streams,
            memory_streams_end,
            memory_streams_everywhere,
            memory_streams_hand_over,
            memory_streams_left,
            memory_streams_stress,
            operations,
            operations_outcomes,
            options,
            scopes,
            scopes_clean_up,
            scopes_nested,
            scopes_operations,
            scopes_shield,
            stress,
            sync_conditions,
            sync_events,
            sync_limiters,
            sync_locks,
            sync_semaphores,
            sync_stress,
            testing,
            text_streams,
            uniform,
            tls,
            tls_close,
            tls_end,
            tls_everywhere,
            tls_listener,
            tls_split,
            tls_tickets,
            tls_trust,
            tls_unwrap,
        }
    };
    (time, [$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            scopes_deadline,
            scopes_effective_deadline,
            time,
            timeouts,
        }
    };
    (blocking, [$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            blocking,
            engine_threads,
            file_streams,
            file_streams_everywhere,
            portals_calls,
            portals_end,
            portals_everywhere,
            portals_runs,
            threads_back,
            threads_calls,
            threads_cancelled,
            threads_everywhere,
            threads_limited,
        }
    };
    (net, [$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            engine_sockets,
            net_connect,
            net_connectables,
            net_contract,
            net_datagrams,
            net_eyeballs,
            net_listeners,
            net_lookup,
            net_serve,
            net_serve_failures,
            net_streams,
        }
    };
    // Of the facet for blocking calls, too.
    (files, [$($then:tt)*], $arguments:tt) => {
        $crate::__files! { [$($then)*], $arguments }
    };
    (descriptors, [$($then:tt)*], $arguments:tt) => {
        $crate::__descriptors! { [$($then)*], $arguments }
    };
}

/// Expands to the tests of each file.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (() $($module:ident,)*) => { $( $crate::cases::$module! {} )* };
}

/// Adds the cases of each file, or their names, to a list.
macro_rules! extend {
    (($list:ident, needs) $($module:ident,)*) => { $(
        $list.extend_from_slice(crate::cases::$module::listed::ALL);
    )* };
    (($list:ident, cases) $($module:ident,)*) => { $(
        $list.extend(crate::cases::$module::list());
    )* };
}

/// Returns every case that needs no sockets, to be run by a program.
///
/// # Examples
///
/// ```
/// use anyrt_conformance::all;
/// use anyrt_core::runtime::Enter;
///
/// /// Runs the cases one after the other, in a program without a test harness.
/// fn check<B: Enter>(backend: &B) {
///     for case in all::<B>() {
///         case.run(backend);
///     }
/// }
/// ```
#[must_use]
pub fn all<B: Enter>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__modules! { spawn, [extend], (list, cases) }
    crate::__modules! { time, [extend], (list, cases) }
    crate::__modules! { blocking, [extend], (list, cases) }
    list
}

/// Returns every case about sockets.
///
/// # Examples
///
/// ```
/// use anyrt_core::runtime::{Enter, Net};
///
/// fn check<B: Enter<Runtime: Net>>(backend: &B) {
///     for case in anyrt_conformance::net::<B>() {
///         case.run(backend);
///     }
/// }
/// ```
#[must_use]
pub fn net<B: Enter<Runtime: Net>>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__modules! { net, [extend], (list, cases) }
    list
}

/// Returns every case about files.
///
/// # Examples
///
/// ```
/// use anyrt_core::runtime::Enter;
///
/// fn check<B: Enter>(backend: &B) {
///     for case in anyrt_conformance::files::<B>() {
///         case.run(backend);
///     }
/// }
/// ```
#[cfg(any(unix, windows))]
#[must_use]
pub fn files<B: Enter>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__modules! { files, [extend], (list, cases) }
    list
}

/// Returns every case about sockets of the operating system, and its descriptors.
///
/// # Examples
///
/// ```
/// use anyrt_core::runtime::{Descriptors, Enter, Net};
///
/// fn check<B: Enter<Runtime: Descriptors + Net>>(backend: &B) {
///     for case in anyrt_conformance::descriptors::<B>() {
///         case.run(backend);
///     }
/// }
/// ```
#[cfg(any(unix, windows))]
#[must_use]
pub fn descriptors<B: Enter<Runtime: Descriptors + Net>>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__modules! { descriptors, [extend], (list, cases) }
    list
}

/// The names and needs of the cases of each facet.
#[doc(hidden)]
pub mod needs {
    use super::Needs;

    /// Defines a function for each facet, with the name of the facet.
    macro_rules! of_facets {
        ($($(#[$condition:meta])? $facet:ident,)*) => { $(
            $(#[$condition])?
            pub fn $facet() -> Vec<Needs> {
                let mut list = Vec::new();
                crate::__modules! { $facet, [extend], (list, needs) }
                list
            }
        )* };
    }

    of_facets! { spawn, time, blocking, net, #[cfg(any(unix, windows))] files, #[cfg(any(unix, windows))] descriptors, }
}

/// Returns all cases, with the capabilities that each needs.
///
/// # Examples
///
/// ```
/// let needs = anyrt_conformance::all_needs();
/// let need_none = needs.iter().filter(|case| case.all().next().is_none()).count();
/// assert!(need_none > needs.len() / 2, "most cases run on every backend");
/// ```
#[must_use]
pub fn all_needs() -> Vec<Needs> {
    let mut list = [
        needs::spawn(),
        needs::time(),
        needs::blocking(),
        needs::net(),
    ]
    .concat();
    #[cfg(any(unix, windows))]
    list.extend([needs::files(), needs::descriptors()].concat());
    list
}

/// Returns the names of all cases.
///
/// # Examples
///
/// ```
/// let names = anyrt_conformance::names();
/// assert!(names.contains(&"groups::the_group_waits_for_every_child"));
/// ```
#[must_use]
pub fn names() -> Vec<&'static str> {
    all_needs().into_iter().map(|needs| needs.case).collect()
}

/// Prints a line for each case that needs a capability that the backend lacks.
///
/// # Examples
///
/// ```
/// use anyrt_conformance::capability::Capability;
///
/// let needs = anyrt_conformance::all_needs();
/// anyrt_conformance::print_skipped(&[Capability::RealTime], &[needs]);
/// ```
#[doc(hidden)]
#[expect(clippy::print_stdout, reason = "it is output of a test")]
pub fn print_skipped(lacks: &[Capability], facets: &[Vec<Needs>]) {
    let cases = facets.iter().flatten();
    for line in cases.filter_map(|needs| needs.skipped(lacks)) {
        println!("{line}");
    }
}

/// Checks that each known failure is the name of a case, so that a misspelt name is found.
///
/// # Examples
///
/// ```should_panic
/// use anyrt_conformance::harness::Failures;
///
/// let known = Failures {
///     known: &[("groups::no_such_case", "rounds down, issue 7")],
///     flaky: &[],
/// };
/// anyrt_conformance::check_known_failures(&[known]); // panics: the name is misspelt
/// ```
#[doc(hidden)]
pub fn check_known_failures(failures: &[Failures]) {
    let names = names();
    let lists = failures.iter().flat_map(|list| [list.known, list.flaky]);
    for (known, _) in lists.flatten() {
        assert!(
            names.contains(known),
            "`known_failures` or `flaky_failures` lists {known}, which is not a case"
        );
    }
}
