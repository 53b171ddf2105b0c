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
/// Cases may need a [capability](crate::capability::Capability) of the backend. `needs [os_files]` before the
/// comma states what all cases of the file need; `name: [real_time],` what one case needs besides.
///
/// ```ignore
/// cases! { time: generic,
///     timers_are_never_early,
///     the_clock_is_the_same_everywhere: [real_time, os_threads],
/// }
/// ```
///
/// The list becomes a constant, a function, and a macro with the name of the file, which `suite!` calls to
/// make a test of each case.
#[macro_export]
macro_rules! cases {
    (
        $module:ident: $kind:ident $(($facet:ident))? $(needs [$($need:ident),* $(,)?])?,
        $($case:ident $(: [$($own:ident),* $(,)?])?,)*
    ) => {
        $crate::cases! { $module: $kind $(($facet))? [Anywhere] $(needs [$($need),*])?,
            $($case $(: [$($own),*])?,)*
        }
    };
    (
        $module:ident: $kind:ident $(($facet:ident))? [$place:ident] $(needs [$($need:ident),* $(,)?])?,
        $($case:ident $(: [$($own:ident),* $(,)?])?,)*
    ) => {
        /// The place where the cases run, and their names and needs, in the order of the list.
        #[doc(hidden)]
        pub mod listed {
            use $crate::capability::{Capability, Needs};

            pub const PLACE: $crate::harness::Place = $crate::harness::Place::$place;

            const OF_FILE: &[Capability] = &[$($($crate::capability::names::$need),*)?];

            $(
                #[expect(non_upper_case_globals, reason = "it has the name of the case")]
                pub const $case: Needs = Needs {
                    case: concat!(stringify!($module), "::", stringify!($case)),
                    of_file: OF_FILE,
                    of_case: &[$($($crate::capability::names::$own),*)?],
                };
            )*

            pub const ALL: &[Needs] = &[$($case),*];
        }

        #[doc(hidden)]
        #[must_use]
        pub fn list<B>() -> Vec<$crate::harness::Case<B>>
        where
            B: ::anyrt_core::runtime::Enter,
            $(B::Runtime: ::anyrt_core::runtime::$facet,)?
        {
            vec![$($crate::harness::Case::$kind(listed::$case, listed::PLACE, $case)),*]
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
                                super::__anyrt::cases::$module::listed::$case,
                                super::__anyrt::cases::$module::listed::PLACE,
                                super::__anyrt::cases::$module::$case,
                            ),
                            super::EXPECTED,
                            super::backend,
                        );
                    }
                )* }
            };
        }
    };
}
