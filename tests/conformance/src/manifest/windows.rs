//! The files of cases that depend on the system, on Windows.

/// As `__modules`, of the facet `files`.
#[doc(hidden)]
#[macro_export]
macro_rules! __files {
    ([$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            files_everywhere,
            files_lines,
            files_listing,
            files_lost,
            files_open,
            files_paths,
            files_reading,
            files_spooled,
            files_temporary,
            files_temporary_removal,
            files_waiting,
            files_whole,
        }
    };
}

/// As `__modules`, of the facet `descriptors`.
#[doc(hidden)]
#[macro_export]
macro_rules! __descriptors {
    ([$($then:tt)*], $arguments:tt) => {
        $($then)*! { $arguments
            net_adoption_ip,
            processes_windows,
            processes_windows_end,
            processes_windows_program,
        }
    };
}
