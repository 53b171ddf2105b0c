//! The cases, one module per area. Each is a plain function over a backend, and panics where the
//! rule that its documentation cites does not hold.

pub mod blocking;
pub mod combine;
pub mod context;
pub mod entry;
pub mod everywhere;
pub mod introspection;
pub mod low_level;
pub mod operations;
pub mod options;
pub mod stress;
pub mod time;
pub mod uniform;
