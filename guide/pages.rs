//! The guide: `src` has its pages, and [mdBook](https://rust-lang.github.io/mdBook/) makes a book of them.
//!
//! The code of each page is a documentation test of the module that is named after the page. Code that has
//! to be in a test of its own, such as `#[anyrt::test]`, is in `tests`, and the page includes it.

macro_rules! pages {
    ($($page:ident)*) => {
        /// The pages whose code runs as tests. A test compares them with the table of contents.
        pub const PAGES: &[&str] = &[$(stringify!($page)),*];

        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("src/", stringify!($page), ".md"))]
            mod $page {}
        )*
    };
}

pages! {
    introduction
    tasks
    cancellation
    time
    threads
    files
    processes
    streams
    net
    sync
    ecosystem
    inspection
    testing
    simulation
    programs
    existing
    from_tokio
    from_tokio_io
    from_async_std
    from_anyio
    libraries
    backends
    systems
    limits
}
