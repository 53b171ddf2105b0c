//! A backend with a flaw: listening fails where the flaw applies.

use std::cell::Cell;
use std::fmt::Debug;
use std::future::ready;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::Pin;

use anyrt_core::NoRuntime;
use anyrt_core::net::{Address, Family};
use anyrt_core::runtime::{Blocking, Net, SocketOption, SocketSpec, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;

/// The backend with a flaw, which applies when sockets are opened.
#[derive(Debug)]
pub(super) struct Odd<R, F>(PhantomData<fn() -> (R, F)>);

pub(super) trait Flaw: 'static {
    fn check(address: &Address) -> io::Result<()>;
}

/// The flaw of a machine without IPv6.
#[derive(Debug)]
pub(super) struct NoV6;

impl Flaw for NoV6 {
    fn check(address: &Address) -> io::Result<()> {
        match address.family() {
            Family::Ipv6 => Err(io::ErrorKind::AddrNotAvailable.into()),
            _ => Ok(()),
        }
    }
}

/// The flaw that the port that another family was given is taken.
#[derive(Debug)]
pub(super) struct Collides;

thread_local! {
    /// The number of collisions to come.
    pub(super) static COLLISIONS: Cell<u32> = const { Cell::new(0) };
}

impl Flaw for Collides {
    fn check(address: &Address) -> io::Result<()> {
        let left = COLLISIONS.get();
        if left > 0 && address.as_ip().is_some_and(|address| address.port() != 0) {
            COLLISIONS.set(left - 1);
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(())
    }
}

impl<R, F> Clone for Odd<R, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, F> Copy for Odd<R, F> {}

impl<R: Spawn, F: Flaw + Debug> Spawn for Odd<R, F> {
    type Handle = R::Handle;

    fn current() -> Result<R::Handle, NoRuntime> {
        R::current()
    }

    fn spawn<T>(handle: &R::Handle, task: TaskInfo<'_>, future: T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        R::spawn(handle, task, future);
    }

    fn choose(n: usize) -> usize {
        R::choose(n)
    }

    fn name(handle: &R::Handle) -> &'static str {
        R::name(handle)
    }
}

impl<R: Time, F: Flaw + Debug> Time for Odd<R, F> {
    type Timer = R::Timer;

    fn now() -> Instant {
        R::now()
    }

    fn timer(deadline: Instant) -> R::Timer {
        R::timer(deadline)
    }

    fn reset(timer: Pin<&mut R::Timer>, deadline: Instant) {
        R::reset(timer, deadline);
    }
}

impl<R: Blocking, F: Flaw + Debug> Blocking for Odd<R, F> {
    type Call<T: Send + 'static> = R::Call<T>;

    fn spawn_blocking<C, T>(handle: &R::Handle, call: C) -> R::Call<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        R::spawn_blocking(handle, call)
    }
}

impl<R: Net, F: Flaw + Debug> Net for Odd<R, F> {
    type Socket = R::Socket;

    fn socket(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<R::Socket> {
        if let SocketSpec::Listen { at, .. } = purpose {
            F::check(at)?;
        }
        R::socket(purpose, options)
    }

    fn lookup(
        _host: String,
        _port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static {
        ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn reverse_lookup(
        _address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static {
        ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
