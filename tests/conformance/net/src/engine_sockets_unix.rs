//! Unix sockets with both ends cancelled together. EN-03, rule C4.

use anyrt_core::net::{Unix, UnixListener};

use super::engine_sockets::cut_short;
use super::net_tools::connected;
use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::support::run;

/// EN-03, C4, G5: two tasks that receive from the two ends of a Unix connection are cancelled together:
/// neither reports that the other end was closed.
pub fn cancelled_unix_connections_report_no_end(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let listener = UnixListener::<OsR>::bind(folder.join("s")).unwrap();
        for round in 0..40 {
            cut_short(round, connected::<OsR, Unix>(&listener).await).await;
        }
    });
}

anyrt_conformance_kit::cases! { engine_sockets_unix: descriptors [Sockets],
    cancelled_unix_connections_report_no_end,
}
