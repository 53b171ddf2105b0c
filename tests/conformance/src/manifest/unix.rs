//! The files of cases that depend on the system, on Unix.

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
            files_paths_unix,
            files_reading,
            files_sockets,
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
            engine_sockets_unix,
            net_adoption,
            net_adoption_ip,
            net_connect_unix,
            net_descriptors,
            net_readiness,
            net_unix,
            net_unix_passing,
            processes_end,
            processes_open,
            processes_pipes,
            processes_run,
            signals,
        }
    };
}
