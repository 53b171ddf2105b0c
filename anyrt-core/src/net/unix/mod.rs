//! What Unix sockets have that others do not: files, and descriptors that travel with messages.

mod bind;
mod descriptors;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;

pub use self::bind::UnixListenOptions;
