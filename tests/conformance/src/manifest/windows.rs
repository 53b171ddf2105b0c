//! The files of cases that depend on the system, on Windows.

/// As `__modules`, of the facet `files`.
#[doc(hidden)]
#[macro_export]
macro_rules! __files {
    ([$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            files_everywhere,
            files_lines,
            files_reading,
            files_spooled,
            files_waiting,
        }
    };
}

/// As `__modules`, of the facet `descriptors`.
#[doc(hidden)]
#[macro_export]
macro_rules! __descriptors {
    ([$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
        }
    };
}
