//! Runs the shared conformance suite on the ambient runtime, with every backend compiled in.

mod tokio {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::Tokio),
        facets: [spawn, time, blocking, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod smol {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::Smol),
        facets: [spawn, time, blocking, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

mod async_std {
    anyrt_conformance::suite! {
        runtime: anyrt::Builder::new().backend(anyrt::Backend::AsyncStd),
        facets: [spawn, time, blocking, net, descriptors],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}
