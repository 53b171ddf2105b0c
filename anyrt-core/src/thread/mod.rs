//! Blocking code: functions that run on worker threads.

pub mod to_thread;
