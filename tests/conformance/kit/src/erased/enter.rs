//! A configured backend as an object, which each case receives.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;

use anyrt_core::runtime::Enter;

use super::facets::mount;
use super::{AnySocket, Erased};

type Main<'a> = Pin<&'a mut dyn Future<Output = ()>>;

/// A configured backend of any type, with which a case enters runs.
///
/// The parameter is the type of its sockets, as with [`Erased`].
pub struct Backend<S = AnySocket> {
    enter: Arc<dyn AnyEnter>,
    sockets: PhantomData<fn() -> S>,
}

impl<S> Backend<S> {
    /// Mounts the runtime of `backend`, and erases the type of `backend`.
    ///
    /// # Panics
    ///
    /// If the program has mounted another runtime.
    pub fn new<B: Enter>(backend: B) -> Backend<S> {
        mount::<B::Runtime>();
        Backend {
            enter: Arc::new(backend),
            sockets: PhantomData,
        }
    }
}

impl<S> Clone for Backend<S> {
    fn clone(&self) -> Self {
        Backend {
            enter: self.enter.clone(),
            sockets: PhantomData,
        }
    }
}

impl<S> fmt::Debug for Backend<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Backend").field(&self.enter).finish()
    }
}

impl<S: 'static> Enter for Backend<S> {
    type Runtime = Erased<S>;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let mut output = None;
        let main = async { output = Some(future.await) };
        self.enter.block_on(pin!(main))?;
        Ok(output.expect("the backend drove the future to its end"))
    }
}

trait AnyEnter: fmt::Debug + Send + Sync {
    fn block_on(&self, main: Main<'_>) -> io::Result<()>;
}

impl<B: Enter> AnyEnter for B {
    fn block_on(&self, main: Main<'_>) -> io::Result<()> {
        Enter::block_on(self, main)
    }
}
