//! Pipes whose ends programs do not inherit.

#[cfg_attr(target_vendor = "apple", path = "two_steps.rs")]
#[cfg_attr(not(target_vendor = "apple"), path = "one_step.rs")]
mod platform;

pub(crate) use self::platform::pipe;
