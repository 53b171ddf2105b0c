//! [`Place`].

use std::pin::Pin;

use super::memory::Memory;
use crate::fs::File;
use crate::runtime::Runtime;

/// The place of the bytes.
pub(super) enum Place<'a, R: Runtime> {
    Memory(&'a mut Memory),
    File(Pin<&'a mut File<R>>),
}
