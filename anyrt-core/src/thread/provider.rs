//! A portal that is shared, and there on demand.

use std::fmt;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::thread;

use super::own_run::{OwnRun, PortalOptions};
use super::portal::BlockingPortal;
use crate::cancel::drop_quietly;
use crate::error::RunError;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Enter, Runtime, Spawn};

/// Provides a portal with a run of its own to whoever needs one: the first user starts it, the
/// last one to leave ends it, and in between all share it.
///
/// For libraries that are called by blocking code, from several threads, and need a run now and
/// then. Cheap to clone.
pub struct BlockingPortalProvider<B: Enter> {
    backend: B,
    options: PortalOptions,
    shared: Arc<Mutex<Shared<B::Runtime>>>,
}

struct Shared<R: Spawn> {
    users: usize,
    own: Option<OwnRun<R>>,
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
            shared: Arc::new(Mutex::new(Shared {
                users: 0,
                own: None,
            })),
        }
    }

    /// The shared portal, which lives until all that were handed out are dropped.
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
        let portal = match &shared.own {
            Some(own) => own.portal.clone(),
            None => {
                let own = OwnRun::start(&self.backend, &self.options)?;
                let portal = own.portal.clone();
                shared.own = Some(own);
                portal
            }
        };
        shared.users += 1;
        Ok(ProvidedPortal {
            portal,
            shared: self.shared.clone(),
        })
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
/// unless that is inside the run itself, where waiting would never end.
pub struct ProvidedPortal<R: Runtime> {
    portal: BlockingPortal<R>,
    shared: Arc<Mutex<Shared<R>>>,
}

impl<R: Runtime> Deref for ProvidedPortal<R> {
    type Target = BlockingPortal<R>;

    fn deref(&self) -> &BlockingPortal<R> {
        &self.portal
    }
}

impl<R: Runtime> Drop for ProvidedPortal<R> {
    fn drop(&mut self) {
        let last = {
            let mut shared = lock(&self.shared);
            shared.users -= 1;
            if shared.users == 0 {
                shared.own.take()
            } else {
                None
            }
        };
        if let Some(mut own) = last
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
        f.debug_tuple("ProvidedPortal").field(&self.portal).finish()
    }
}
