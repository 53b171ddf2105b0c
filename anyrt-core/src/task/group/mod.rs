//! Groups: every child has ended when its group ends (rules [G1](crate::rules#g1) to [G14](crate::rules#g14)).

mod builder;
mod child_options;
mod deliver;
mod future;
mod in_place;
mod options;
mod spawned;
mod start;

pub use self::builder::TaskBuilder;
pub use self::in_place::{LocalTaskGroup, ScopedTaskGroup, local_task_group, scoped_task_group};
pub use self::options::GroupOptions;
pub(crate) use self::spawned::Group;
pub use self::spawned::{TaskGroup, task_group};
pub use self::start::{StartOutput, Started};
