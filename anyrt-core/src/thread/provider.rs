//! A portal that is shared, and there on demand.

use std::fmt;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::thread;

use super::own_run::{OwnRun, PortalOptions};
use super::portal::BlockingPortal;
use crate::error::RunError;
use crate::loom::{Arc, Mutex, Weak, lock};
use crate::runtime::{Enter, Runtime};
use crate::unwind::drop_quietly;

/// Provides a portal with a run of its own to whoever needs one: the first user starts it, the
/// last one to leave ends it, and in between all share it.
///
/// For libraries that are called by blocking code, from several threads, and need a run now and
/// then. Cheap to clone.
pub struct BlockingPortalProvider<B: Enter> {
    backend: B,
    options: PortalOptions,
    /// Kept alive by its users.
    shared: Arc<Mutex<Weak<OwnRun<B::Runtime>>>>,
}

impl<B: Enter> BlockingPortalProvider<B> {
    /// A provider that has not started anything.
    pub fn new(backend: B) -> BlockingPortalProvider<B> {
        BlockingPortalProvider::with_options(backend, PortalOptions::new())
    }

    /// The same with options.
    pub fn with_options(backend: B, options: PortalOptions) -> BlockingPortalProvider<B> {
        BlockingPortalProvider {
            backend,
            options,
            shared: Arc::default(),
        }
    }

    /// The shared portal, which lives until all that were handed out are dropped. If one of its
    /// users has stopped it, that is a new one, and those who have the old share that.
    ///
    /// # Blocking
    ///
    /// Blocks this thread while the run is being started.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the runtime or the thread cannot be started.
    pub fn portal(&self) -> Result<ProvidedPortal<B::Runtime>, RunError> {
        // Others that come meanwhile want the same portal, so they wait for it here.
        let mut shared = lock(&self.shared);
        let own = match shared.upgrade() {
            Some(own) if !own.portal.is_stopped() => own,
            _ => {
                let own = Arc::new(OwnRun::start(&self.backend, &self.options)?);
                *shared = Arc::downgrade(&own);
                own
            }
        };
        Ok(ProvidedPortal(Some(own)))
    }
}

impl<B: Enter> Clone for BlockingPortalProvider<B> {
    fn clone(&self) -> Self {
        BlockingPortalProvider {
            backend: self.backend.clone(),
            options: self.options.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<B: Enter> fmt::Debug for BlockingPortalProvider<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPortalProvider")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

/// A portal that a [`BlockingPortalProvider`] has lent; derefs to it.
///
/// The last one to be dropped stops the portal, and waits until its run and thread have ended;
/// unless that is in a task of the run itself, or on a worker thread of it, where waiting would never
/// end.
///
/// # Panics
///
/// The last one to be dropped panics with what the run left behind, unless the thread is panicking.
pub struct ProvidedPortal<R: Runtime>(
    /// None once it is being dropped.
    Option<Arc<OwnRun<R>>>,
);

impl<R: Runtime> Deref for ProvidedPortal<R> {
    type Target = BlockingPortal<R>;

    fn deref(&self) -> &BlockingPortal<R> {
        match &self.0 {
            Some(own) => &own.portal,
            None => unreachable!("nobody has it any more"),
        }
    }
}

impl<R: Runtime> Drop for ProvidedPortal<R> {
    fn drop(&mut self) {
        if let Some(own) = self.0.take().and_then(Arc::into_inner)
            && let Err(payload) = own.end()
        {
            if thread::panicking() {
                drop_quietly(payload);
            } else {
                resume_unwind(payload);
            }
        }
    }
}

impl<R: Runtime> fmt::Debug for ProvidedPortal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProvidedPortal").field(&**self).finish()
    }
}
