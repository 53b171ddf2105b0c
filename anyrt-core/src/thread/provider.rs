//! A shared portal, which is started on demand.

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

/// A provider of a portal with its own run. The first user starts the portal, the last one ends it, and all
/// users in between share it.
///
/// For libraries that are called by blocking code, from several threads, and need a run occasionally. Cheap
/// to clone.
pub struct BlockingPortalProvider<B: Enter> {
    backend: B,
    options: PortalOptions,
    /// The current portal; its users keep it alive.
    shared: Arc<Mutex<Weak<OwnRun<B::Runtime>>>>,
}

impl<B: Enter> BlockingPortalProvider<B> {
    /// Creates a provider. It does not start anything yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{BlockingPortalProvider, Builder};
    ///
    /// let provider = BlockingPortalProvider::new(Builder::new());
    /// let portal = provider.portal().unwrap();
    /// assert_eq!(portal.call(async { 6 * 7 }), Ok(42));
    /// ```
    pub fn new(backend: B) -> BlockingPortalProvider<B> {
        BlockingPortalProvider::with_options(backend, PortalOptions::new())
    }

    /// Creates a provider with options for its portals.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{BlockingPortalProvider, Builder, PortalOptions};
    ///
    /// let options = PortalOptions::new().thread_name("importer");
    /// let provider = BlockingPortalProvider::with_options(Builder::new(), options);
    /// assert_eq!(provider.portal().unwrap().call(async { 6 * 7 }), Ok(42));
    /// ```
    pub fn with_options(backend: B, options: PortalOptions) -> BlockingPortalProvider<B> {
        BlockingPortalProvider {
            backend,
            options,
            shared: Arc::default(),
        }
    }

    /// Returns the shared portal, which lives until all of its [`ProvidedPortal`]s are dropped. If a user has
    /// stopped it, starts a new one; users of the old one keep it.
    ///
    /// # Blocking
    ///
    /// Blocks this thread while the run is being started.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the runtime or the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{BlockingPortalProvider, Builder};
    ///
    /// let provider = BlockingPortalProvider::new(Builder::new());
    /// let (first, second) = (provider.portal().unwrap(), provider.portal().unwrap());
    /// let run = || anyrt::task::current_run().unwrap();
    /// assert_eq!(first.call_sync(run), second.call_sync(run), "both share one run");
    /// ```
    pub fn portal(&self) -> Result<ProvidedPortal<B::Runtime>, RunError> {
        // Held during the start: concurrent callers wait for the same portal.
        let mut shared = lock(&self.shared);
        let own = match shared.upgrade() {
            // The last user may be dropping it: then the upgrade fails, and a new run is started.
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

/// A portal of a [`BlockingPortalProvider`]; derefs to [`BlockingPortal`].
///
/// Dropping the last one stops the portal, and waits until its run and thread have ended. In a task of that
/// run, or on a worker thread of it, the drop does not wait, since waiting would never end.
///
/// # Panics
///
/// Dropping the last one panics with a panic that the run left unhandled, unless the thread is already
/// panicking.
pub struct ProvidedPortal<R: Runtime>(
    /// `None` during the drop.
    Option<Arc<OwnRun<R>>>,
);

impl<R: Runtime> Deref for ProvidedPortal<R> {
    type Target = BlockingPortal<R>;

    fn deref(&self) -> &BlockingPortal<R> {
        match &self.0 {
            Some(own) => &own.portal,
            None => unreachable!("the portal is taken by the destructor alone"),
        }
    }
}

impl<R: Runtime> Drop for ProvidedPortal<R> {
    fn drop(&mut self) {
        if let Some(own) = self.0.take().and_then(Arc::into_inner) {
            if let Err(payload) = own.end() {
                if thread::panicking() {
                    drop_quietly(payload);
                } else {
                    resume_unwind(payload);
                }
            }
        }
    }
}

impl<R: Runtime> fmt::Debug for ProvidedPortal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProvidedPortal").field(&**self).finish()
    }
}
