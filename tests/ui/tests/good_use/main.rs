//! Programs that have to compile: they check which futures stay `Send` in spawned tasks, and which types
//! are inferred. Each is run, too.

#![allow(clippy::unwrap_used, reason = "a program says where it failed")]
#![allow(
    clippy::drop_non_drop,
    dropping_references,
    reason = "dropping is the use that has to compile"
)]

/// Declares one program per file, and a test that runs it.
macro_rules! programs {
    ($($program:ident,)*) => { $(
        mod $program;

        #[test]
        fn $program() {
            $program::main();
        }
    )* };
}

programs! {
    borrowing_in_the_right_group,
    error_conversions,
    error_type_four_ways,
    group_handle_cloned_into_a_child,
    handles_need_no_use,
    never_in_groups,
    send_combinators,
    send_elsewhere,
    send_generic_error,
    send_map_concurrent,
    send_nested_groups,
    send_recursive,
    send_scoped_groups,
    send_start,
    send_streams,
}
