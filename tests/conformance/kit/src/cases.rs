//! The list at the end of each file of cases.

/// Lists the cases of the file that it ends, and the parameter that they take:
///
/// - `erased`: [`Backend`](crate::erased::Backend), which stands for every backend;
/// - `descriptors`: [`OsBackend`](crate::erased::OsBackend), the same where sockets are descriptors;
/// - `generic`, or `generic(Net)`: any type of backend that has the facet. These are compiled for each
///   backend.
///
/// After the list of parameters, brackets may give the place where the cases run:
///
/// - `[Process]`: each in a separate process, in which the case may leave nothing;
/// - `[Sockets]`: while no process is started.
///
/// The list becomes a constant, a function, and a macro with the name of the file, which `suite!` calls to
/// make a test of each case.
#[macro_export]
macro_rules! cases {
    ($module:ident: $kind:ident $(($facet:ident))?, $($case:ident,)*) => {
        $crate::cases! { $module: $kind $(($facet))? [Anywhere], $($case,)* }
    };
    ($module:ident: $kind:ident $(($facet:ident))? [$place:ident], $($case:ident,)*) => {
        #[doc(hidden)]
        pub const PLACE: $crate::harness::Place = $crate::harness::Place::$place;

        #[doc(hidden)]
        pub const NAMES: &[&str] = &[$(concat!(stringify!($module), "::", stringify!($case))),*];

        #[doc(hidden)]
        #[must_use]
        pub fn list<B>() -> Vec<$crate::harness::Case<B>>
        where
            B: ::anyrt_core::runtime::Enter,
            $(B::Runtime: ::anyrt_core::runtime::$facet,)?
        {
            vec![$($crate::harness::Case::$kind(
                concat!(stringify!($module), "::", stringify!($case)),
                PLACE,
                $case,
            )),*]
        }

        // `__anyrt` is `anyrt_conformance`, under the name that `suite!` imports it by.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $module {
            () => {
                mod $module { $(
                    #[::core::prelude::v1::test]
                    fn $case() {
                        super::__anyrt::run_case(
                            super::__anyrt::harness::Case::$kind(
                                concat!(stringify!($module), "::", stringify!($case)),
                                super::__anyrt::cases::$module::PLACE,
                                super::__anyrt::cases::$module::$case,
                            ),
                            super::FAILURES,
                            super::backend,
                        );
                    }
                )* }
            };
        }
    };
}
