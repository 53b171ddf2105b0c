//! Cases that fail on several backends, because core does not keep the rule yet.

use crate::harness::Failures;

/// Faults of the engine, which polls tasks and scopes and carries cancellation. The numbers are those
/// of the behaviours.
pub const ENGINE: Failures = Failures {
    known: &[
        (
            "engine_threads::block_on_is_refused_in_destructors",
            "EN-22: it blocks",
        ),
        (
            "engine_threads::destructors_see_their_task_and_its_context",
            "EN-22: no task is known there",
        ),
        (
            "engine_threads::nothing_hangs_in_the_destructor_of_an_unpolled_task",
            "EN-22: it blocks",
        ),
        (
            "engine_threads::portal_calls_are_refused_in_destructors",
            "EN-22: it blocks",
        ),
    ],
    flaky: &[
        (
            "engine_granted::cancelled_streams_of_objects_report_no_end",
            "EN-03: an end that a sibling caused is reported",
        ),
        (
            "engine_granted::cancelled_streams_of_bytes_report_no_end",
            "EN-03: an end that a sibling caused is reported",
        ),
        (
            "engine_granted::cancelled_streams_of_bytes_do_not_report_that_they_are_broken",
            "EN-03: an end that a sibling caused is reported",
        ),
        (
            "engine_sockets::cancelled_connections_report_no_end",
            "EN-03: an end that a sibling caused is reported",
        ),
        (
            "engine_sockets_unix::cancelled_unix_connections_report_no_end",
            "EN-03: an end that a sibling caused is reported",
        ),
        (
            "engine_threads::a_portal_call_of_a_native_task_is_no_deadlock",
            "EN-28: deadlock",
        ),
    ],
};
