//! Runs the shared conformance suite on both of tokio's schedulers.

mod multi_thread {
    anyrt_conformance::suite! {
        runtime: anyrt_tokio::Builder::multi_thread().worker_threads(4),
        facets: [spawn, time, blocking, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod current_thread {
    anyrt_conformance::suite! {
        runtime: anyrt_tokio::Builder::current_thread(),
        facets: [spawn, time, blocking, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
        known_failures: [
            "engine_fairness::a_deadline_is_seen_at_the_next_operation" =>
                "EN-19: the clock of a deadline stands still in a busy loop",
            "engine_fairness::checkpoints_let_timers_run" =>
                "EN-19: yields do not let the driver run",
        ],
    }
}
