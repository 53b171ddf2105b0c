//! What Unix sockets have that others do not: files, and descriptors that travel with messages.

mod bind;

pub use self::bind::UnixListenOptions;
