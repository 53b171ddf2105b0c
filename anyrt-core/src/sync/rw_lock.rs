use std::fmt;
use std::ops::{Deref, DerefMut};

use super::line::{Line, Resource};
use crate::engine::Wait;
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// A value that many may read at a time, or one may change.
///
/// Readers and writers are served in the order of arrival: a reader that comes while a writer waits,
/// waits behind it, so neither kind can keep the other away. Reading twice in one task may
/// therefore wait for ever, if a writer comes in between.
///
/// As with [`Mutex`](super::Mutex), the lock is handed over, and a panic releases it.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::RwLock;
///
/// static NAMES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
///
/// NAMES.try_write().unwrap().push("anyrt");
/// let one = NAMES.try_read().unwrap();
/// let two = NAMES.try_read().unwrap();
/// assert_eq!(*one, *two);
/// assert!(NAMES.try_write().is_err());
/// ```
pub struct RwLock<T> {
    line: Line<Slot<T>>,
}

/// Readers share the value with the slot; a writer has it alone.
struct Slot<T> {
    value: Value<T>,
    readers: usize,
    writing: bool,
}

/// A static cannot allocate, so the first holder does.
enum Value<T> {
    Fresh(T),
    Shared(Arc<T>),
    Out,
}

/// What somebody wants to do with the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Read,
    Write,
}

impl<T> Resource for Slot<T> {
    type Ask = To;
    type Grant = Arc<T>;

    #[inline]
    fn admit(&mut self, to: &To) -> bool {
        let free = !self.writing && (*to == To::Read || self.readers == 0);
        match to {
            _ if !free => {}
            To::Read => self.readers += 1,
            To::Write => self.writing = true,
        }
        free
    }

    #[inline]
    fn collect(&mut self, to: &To) -> Arc<T> {
        let value = match std::mem::replace(&mut self.value, Value::Out) {
            Value::Shared(value) => value,
            Value::Fresh(value) => Arc::new(value),
            Value::Out => unreachable!("a writer has the value, and there is none"),
        };
        if *to == To::Read {
            self.value = Value::Shared(value.clone());
        }
        value
    }

    #[inline]
    fn give_back(&mut self, to: &To) {
        match to {
            To::Read => self.readers -= 1,
            To::Write => self.writing = false,
        }
    }
}

/// What is known about a [`RwLock`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RwLockStatistics {
    /// How many read, or were handed the lock for it.
    pub readers: usize,
    /// Whether somebody writes, or was handed the lock for it.
    pub writing: bool,
    /// How many wait, readers and writers.
    pub waiting: usize,
}

impl<T> RwLock<T> {
    const_fn! {
        /// A free lock around a value.
        pub const fn new(value: T) -> RwLock<T> {
            RwLock {
                line: Line::new(Slot {
                    value: Value::Fresh(value),
                    readers: 0,
                    writing: false,
                }),
            }
        }
    }

    /// Waits until the value may be read.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but gives up its place in the queue. A lock that was handed over and not taken
    /// goes to the next.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        let value = self.line.wait(To::Read, Wait::Lock).await;
        RwLockReadGuard {
            lock: self,
            value: Some(value),
        }
    }

    /// Waits until the value may be changed.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        let value = self.line.wait(To::Write, Wait::Lock).await;
        RwLockWriteGuard {
            lock: self,
            value: Some(value),
        }
    }

    /// Reads, if nobody writes and nobody waits.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, WouldBlock> {
        let value = self.line.try_enter(&To::Read).ok_or(WouldBlock)?;
        Ok(RwLockReadGuard {
            lock: self,
            value: Some(value),
        })
    }

    /// Writes, if nobody reads, writes or waits.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, WouldBlock> {
        let value = self.line.try_enter(&To::Write).ok_or(WouldBlock)?;
        Ok(RwLockWriteGuard {
            lock: self,
            value: Some(value),
        })
    }

    /// [`read`](RwLock::read) with a guard that borrows nothing.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    pub fn read_arc(self: &Arc<Self>) -> impl Future<Output = RwLockReadGuardArc<T>> + use<T> {
        let lock = self.clone();
        async move {
            let value = Some(lock.line.wait(To::Read, Wait::Lock).await);
            RwLockReadGuardArc { lock, value }
        }
    }

    /// [`write`](RwLock::write) with a guard that borrows nothing.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    pub fn write_arc(self: &Arc<Self>) -> impl Future<Output = RwLockWriteGuardArc<T>> + use<T> {
        let lock = self.clone();
        async move {
            let value = Some(lock.line.wait(To::Write, Wait::Lock).await);
            RwLockWriteGuardArc { lock, value }
        }
    }

    /// [`try_read`](RwLock::try_read) with a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if somebody writes or waits.
    pub fn try_read_arc(self: &Arc<Self>) -> Result<RwLockReadGuardArc<T>, WouldBlock> {
        let value = self.line.try_enter(&To::Read).ok_or(WouldBlock)?;
        Ok(RwLockReadGuardArc {
            lock: self.clone(),
            value: Some(value),
        })
    }

    /// [`try_write`](RwLock::try_write) with a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if somebody reads, writes or waits.
    pub fn try_write_arc(self: &Arc<Self>) -> Result<RwLockWriteGuardArc<T>, WouldBlock> {
        let value = self.line.try_enter(&To::Write).ok_or(WouldBlock)?;
        Ok(RwLockWriteGuardArc {
            lock: self.clone(),
            value: Some(value),
        })
    }

    /// The value; nobody else can have the lock meanwhile.
    ///
    /// # Panics
    ///
    /// If a guard was leaked.
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.line.get_mut().value {
            Value::Fresh(value) => value,
            Value::Shared(value) => Arc::get_mut(value).expect(LEAKED),
            Value::Out => panic!("{LEAKED}"),
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If a guard was leaked.
    pub fn into_inner(self) -> T {
        match self.line.into_inner().value {
            Value::Fresh(value) => value,
            Value::Shared(value) => Arc::into_inner(value).expect(LEAKED),
            Value::Out => panic!("{LEAKED}"),
        }
    }

    /// How many read, write and wait, at this moment.
    pub fn statistics(&self) -> RwLockStatistics {
        self.line.look(|slot, waiting| RwLockStatistics {
            readers: slot.readers,
            writing: slot.writing,
            waiting,
        })
    }

    /// A guard's last act. A reader lets go of the value first: a writer needs it alone.
    #[inline]
    fn leave(&self, to: To, value: Option<Arc<T>>) {
        match (to, value) {
            (_, None) => {}
            (To::Read, Some(value)) => {
                drop(value);
                self.line.change(|slot| slot.give_back(&To::Read));
            }
            (To::Write, Some(value)) => self.line.change(|slot| {
                slot.value = Value::Shared(value);
                slot.give_back(&To::Write);
            }),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.statistics();
        f.debug_struct("RwLock")
            .field("readers", &statistics.readers)
            .field("writing", &statistics.writing)
            .field("waiting", &statistics.waiting)
            .finish_non_exhaustive()
    }
}

macro_rules! guard {
    ($(#[$docs:meta])* $guard:ident $(<$life:lifetime>)?, $lock:ty, $to:expr) => {
        $(#[$docs])*
        #[must_use = "the lock is released when the guard is dropped"]
        pub struct $guard<$($life,)? T> {
            lock: $lock,
            value: Option<Arc<T>>,
        }

        impl<$($life,)? T> Deref for $guard<$($life,)? T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.value.as_deref().expect(HELD)
            }
        }

        impl<$($life,)? T> Drop for $guard<$($life,)? T> {
            #[inline]
            fn drop(&mut self) {
                self.lock.leave($to, self.value.take());
            }
        }

        impl<$($life,)? T: fmt::Debug> fmt::Debug for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard! {
    /// Reads the value of a [`RwLock`].
    RwLockReadGuard<'a>, &'a RwLock<T>, To::Read
}
guard! {
    /// Changes the value of a [`RwLock`].
    ///
    /// Each mutable use makes sure that nobody shares the value, which costs a few nanoseconds: in
    /// a tight loop, take `let value = &mut *guard` before it.
    RwLockWriteGuard<'a>, &'a RwLock<T>, To::Write
}
guard! {
    /// A [`RwLockReadGuard`] that borrows nothing.
    RwLockReadGuardArc, Arc<RwLock<T>>, To::Read
}
guard! {
    /// A [`RwLockWriteGuard`] that borrows nothing.
    RwLockWriteGuardArc, Arc<RwLock<T>>, To::Write
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        alone(&mut self.value)
    }
}

impl<T> DerefMut for RwLockWriteGuardArc<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        alone(&mut self.value)
    }
}

#[inline]
fn alone<T>(value: &mut Option<Arc<T>>) -> &mut T {
    let value = value.as_mut().expect(HELD);
    Arc::get_mut(value).expect("readers let go of the value before a writer is let in")
}

const HELD: &str = "a guard has the value until it is dropped";
const LEAKED: &str = "a guard of this lock was leaked, and the value with it";
