//! How long a packet takes, and whether it is lost.

use std::ops::Range;
use std::time::Duration;

use crate::choices::Purpose;
use crate::shared::Shared;

/// The time that a packet takes within a host.
const WITHIN_HOST: Range<Duration> = Duration::from_micros(10)..Duration::from_micros(50);

/// The time after which a lost packet of a stream is sent again.
const RETRANSMISSION: Duration = Duration::from_millis(200);

impl Shared {
    /// Draws the time, since the start, at which a packet arrives that leaves now, on the same host or not.
    pub(super) fn draw_arrival(&self, within_host: bool) -> u64 {
        let range = match within_host {
            true => &WITHIN_HOST,
            false => &self.config.latency,
        };
        let least = range.start.as_nanos() as u64;
        let span = range.end.saturating_sub(range.start).as_nanos() as u64;
        let more = match span {
            0 | 1 => 0,
            span => self.lock().draws.below(Purpose::Latency, span),
        };
        self.now() + least + more
    }

    /// Draws the arrival of a packet of a stream, which is sent again while it is lost.
    pub(super) fn draw_certain_arrival(&self, within_host: bool) -> u64 {
        let mut at = self.draw_arrival(within_host);
        if within_host {
            return at;
        }
        // Ends: a thousand losses in a row are not drawn; the bound is for a loss of 1,000 in 1,000.
        for _ in 0..16 {
            if !self.draw_fault(self.config.loss) {
                break;
            }
            at += RETRANSMISSION.as_nanos() as u64;
        }
        at
    }

    /// Draws whether a fault of this frequency, of a thousand, occurs.
    pub(super) fn draw_fault(&self, per_mille: u32) -> bool {
        if per_mille == 0 {
            return false;
        }
        // From the top, so that a draw of zero is no fault.
        let draw = self.lock().draws.below(Purpose::Fault, 1000);
        draw >= 1000 - u64::from(per_mille.min(1000))
    }
}
