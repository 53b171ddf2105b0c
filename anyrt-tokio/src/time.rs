use std::pin::Pin;

use anyrt_core::runtime::{Time, from_native, to_native};
use anyrt_core::time::Instant;
use tokio::time::Sleep;

use crate::Tokio;
use crate::spawn::NO_RUNTIME;

impl Time for Tokio {
    type Timer = Sleep;

    #[inline]
    fn now() -> Instant {
        from_native(tokio::time::Instant::now().into_std())
    }

    fn timer(deadline: Instant) -> Sleep {
        // Tokio itself would panic with a message that does not name anyrt's ways out. Inside a
        // task the first question answers, and costs a quarter of the second.
        assert!(
            tokio::task::try_id().is_some() || tokio::runtime::Handle::try_current().is_ok(),
            "{NO_RUNTIME}"
        );
        tokio::time::sleep_until(to_native(deadline).into())
    }

    fn reset(timer: Pin<&mut Sleep>, deadline: Instant) {
        timer.reset(to_native(deadline).into());
    }
    #[inline]
    fn may_have_fired(timer: Pin<&Sleep>) -> bool {
        timer.is_elapsed()
    }
}
