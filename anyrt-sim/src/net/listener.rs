//! Listening sockets.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use anyrt_core::net::Address;
use anyrt_core::runtime::{WakerSlot, poll_locked};

use super::connection::Connection;
use super::wake;

use crate::lock::lock;

/// A socket that accepts connections.
#[derive(Debug)]
pub(crate) struct Listener {
    state: Mutex<State>,
    /// The number of connections that may wait.
    backlog: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Arc<Connection>, Address)>,
    waker: WakerSlot,
    closed: bool,
}

impl Listener {
    pub(super) fn new(backlog: u32) -> Arc<Listener> {
        Arc::new(Listener {
            state: Mutex::default(),
            backlog: backlog.max(1) as usize,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<(Arc<Connection>, Address)> {
        poll_locked(&self.state, cx.waker(), |state| {
            state.waiting.pop_front().ok_or(&mut state.waker)
        })
    }

    /// Adds a connection, unless too many wait or the socket is closed. Returns whether it was added.
    pub(super) fn offer(&self, connection: &Arc<Connection>, from: &Address) -> bool {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.backlog {
            return false;
        }
        state.waiting.push_back((connection.clone(), from.clone()));
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        true
    }

    /// Resets the connections that were not accepted.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiting = mem::take(&mut state.waiting);
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        for (connection, _) in waiting {
            connection.refuse();
        }
    }
}
