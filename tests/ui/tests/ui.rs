//! Compiles each file of `fail` and `pass` on its own. Files in `fail` hold one misuse each, and
//! the `.stderr` beside them is what a user reads. `TRYBUILD=overwrite` writes those anew.

/// What the types rule out, and what the messages say about likely mistakes.
#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}

/// What stays `Send` in spawned tasks, and what is inferred.
#[test]
fn good_use_compiles() {
    trybuild::TestCases::new().pass("pass/*.rs");
}
