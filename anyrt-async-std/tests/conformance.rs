//! Runs the shared conformance suite against this backend.

anyrt_conformance::suite! {
    runtime: anyrt_async_std::Builder::new(),
    facets: [spawn, time, blocking, files, net, descriptors],
    failures: [anyrt_conformance::failures::ENGINE],
}
