//! Compiles each file of `fail`, which holds one misuse. The `.stderr` beside it is what a user reads;
//! `TRYBUILD=overwrite` writes those anew.

/// What the types rule out, and what the messages say about likely mistakes.
#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
