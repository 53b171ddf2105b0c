//! Compiles each file of `fail`, which holds one misuse. The `.stderr` file with the same name has the
//! messages that a user reads; `TRYBUILD=overwrite` writes those files again.

/// Checks that the types rule out each misuse, with messages that explain likely mistakes.
#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
