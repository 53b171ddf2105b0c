//! The attributes, in a crate of a user.

// Without a backend each of these fails, and names the features to enable.
#![cfg(any(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
))]

use std::num::ParseIntError;

use anyrt::Backend;

fn helper() -> Option<Backend> {
    Backend::current()
}

#[anyrt::test]
async fn finds_the_backend() {
    assert!(helper().is_some());
}

#[anyrt::test]
async fn may_return_a_result() -> Result<(), ParseIntError> {
    "12".parse::<u8>()?;
    Ok(())
}

#[anyrt::test(backends = ["tokio", "smol"], flavor = "multi_thread", worker_threads = 2)]
async fn may_choose_backends() {
    let expected = [Some(Backend::Tokio), Some(Backend::Smol)];
    assert!(expected.contains(&helper()));
}

/// Has documentation, and causes no warning about unused items.
#[anyrt::test(backends = ["smol"])]
#[expect(unused_variables, reason = "attributes have to arrive at the body")]
async fn keeps_attributes() {
    let unused = 1;
}

#[anyrt::test]
#[should_panic(expected = "as it should")]
async fn may_panic() {
    panic!("as it should");
}

#[anyrt::test]
#[ignore = "to see that it is"]
async fn may_be_ignored() {
    unreachable!("ignored");
}

#[anyrt::test]
#[cfg(any())]
async fn may_be_left_out() {
    does_not_exist();
}

#[anyrt::test]
#[cfg_attr(all(), ignore = "to see that it is")]
async fn may_be_ignored_under_a_condition() {
    unreachable!("ignored");
}

mod renamed {
    use anyrt as other_name;

    #[other_name::test(crate = "crate::renamed::other_name")]
    async fn may_be_found_elsewhere() {}
}

#[anyrt::main(worker_threads = 2)]
async fn not_main() -> Result<u8, ParseIntError> {
    "12".parse()
}

#[test]
fn main_gives_what_the_function_gives() {
    if Backend::available()
        .first()
        .is_some_and(|first| [Backend::Tokio, Backend::Smol].contains(first))
    {
        assert_eq!(not_main(), Ok(12));
    }
}

#[anyrt::main(backend = "tokio", flavor = "current_thread")]
async fn on_tokio() -> Option<Backend> {
    helper()
}

#[test]
fn main_may_choose_a_backend() {
    if Backend::available().contains(&Backend::Tokio) {
        assert_eq!(on_tokio(), Some(Backend::Tokio));
    }
}

mod beside_a_glob_import {
    /// A prelude that makes a bare `#[test]` ambiguous.
    #[allow(unused_imports, reason = "it is there to be in the way")]
    pub(crate) mod prelude {
        pub(crate) use anyrt::test;
    }

    #[allow(unused_imports, reason = "it is there to be in the way")]
    use self::prelude::*;

    #[anyrt::test]
    async fn test_stays_unambiguous() {}
}
