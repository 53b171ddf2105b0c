//! Runs the shared conformance suite on one executor thread and on several.

mod one_thread {
    anyrt_conformance::suite! {
        runtime: anyrt_smol::Builder::new(),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod four_threads {
    anyrt_conformance::suite! {
        runtime: anyrt_smol::Builder::new().threads(4),
        facets: [spawn, time, blocking, files, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}
