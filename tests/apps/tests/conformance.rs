//! Runs the shared conformance suite on the ambient runtime, with every backend compiled in.

mod tokio {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::Tokio),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod smol {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::Smol),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod async_std {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::AsyncStd),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod sim {
    use std::time::Duration;

    /// Returns a simulation. A step takes longer than by default, since some cases wait for a time limit around a
    /// loop that is always ready.
    fn simulation() -> anyrt::Builder {
        let config = anyrt::sim::Config::new(1).poll_cost(Duration::from_micros(100));
        anyrt::Builder::from(config)
    }

    anyrt_conformance::suite! {
        runtime: simulation(),
        facets: [spawn, time, blocking, files, net],
        lacks: [real_time, os_threads, foreign_wakes, nested_runs, portal_runs, os_files, os_sockets, socket_table,
            ordered_datagrams, dual_stack, reuse_port, full_queues],
    }
}
