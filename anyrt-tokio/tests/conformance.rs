//! Runs the shared conformance suite on both of tokio's schedulers.

mod multi_thread {
    anyrt_conformance::suite! {
        runtime: anyrt_tokio::Builder::multi_thread().worker_threads(4),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod current_thread {
    anyrt_conformance::suite! {
        runtime: anyrt_tokio::Builder::current_thread(),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}
