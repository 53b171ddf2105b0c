//! Context variables, which tasks inherit, and run variables, which a run shares (rule [G14](crate::rules#g14)).

mod run_var;
mod vars;

pub use self::run_var::{RunVar, RunVarError};
pub use self::vars::{ContextVar, WithContextVar};
pub use crate::engine::Context;
