//! The state of the receiving direction of a TLS stream.

use std::io;

/// The state of the receiving direction.
///
/// ```text
///   Open ──close_notify──▶ Ended
///     ├────end of transport──▶ CutOff
///     └────error──▶ Failed
/// ```
///
/// The last three are final: every further read returns their result, which the session may not repeat.
#[derive(Debug)]
pub(super) enum Received {
    /// There may be more data.
    Open,
    /// The peer has ended its direction.
    Ended,
    /// The transport ended before the peer had ended its direction.
    CutOff,
    /// Reading failed. The session would wait for more data, or report the end.
    Failed(io::Error),
}

impl Received {
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Received::Ended)
    }
}
