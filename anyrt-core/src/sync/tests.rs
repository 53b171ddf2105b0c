//! Tests of `Queue` and `FairQueue` alone. The conformance suite tests the contracts of the primitives.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::queue::Queue;
use super::{Condition, Mutex, RwLock, Semaphore};
use crate::loom::Arc;

/// Counts wake-ups.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>, wakes: &Arc<Wakes>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(wakes.clone())))
}

#[test]
fn a_queue_keeps_its_order_whoever_leaves() {
    let mut queue = Queue::new();
    let keys: Vec<_> = (0..6)
        .map(|n| queue.push(n, Waker::noop().clone()))
        .collect();
    for gone in [0, 3, 5] {
        let (ask, waker) = queue.remove(keys[gone]);
        assert_eq!(ask, gone);
        assert!(waker.is_some());
    }
    assert_eq!(queue.waiting(), 3);
    let late = queue.push(6, Waker::noop().clone());
    for next in [1, 2, 4, 6] {
        assert_eq!(queue.first(), Some(&next));
        assert!(queue.grant_first().is_some());
    }
    assert_eq!((queue.waiting(), queue.first()), (0, None));
    assert!(queue.grant_first().is_none());
    for key in [keys[1], keys[2], keys[4], late] {
        assert!(queue.is_granted(key));
        assert!(queue.remove(key).1.is_none());
    }
}

#[test]
fn a_waiter_is_woken_through_its_newest_waker() {
    let semaphore = Semaphore::new(0);
    let (old, new) = (Arc::<Wakes>::default(), Arc::<Wakes>::default());
    let mut waiter = pin!(semaphore.acquire());
    assert!(poll(waiter.as_mut(), &old).is_pending());
    assert!(poll(waiter.as_mut(), &new).is_pending());
    assert!(poll(waiter.as_mut(), &new).is_pending());
    semaphore.release().unwrap();
    assert_eq!((old.count(), new.count()), (0, 1));
    assert!(poll(waiter.as_mut(), &new).is_ready());
}

#[test]
fn nothing_is_kept_of_many_waiters() {
    let semaphore = Semaphore::new(0);
    let wakes = Arc::<Wakes>::default();
    let mut waiters: Vec<_> = (0..1000).map(|_| Box::pin(semaphore.acquire())).collect();
    // Polled twice: some first polls only yield, when the budget of this thread is used up.
    for waiter in &mut waiters {
        assert!(poll(waiter.as_mut(), &wakes).is_pending());
        assert!(poll(waiter.as_mut(), &wakes).is_pending());
    }
    assert_eq!(Arc::strong_count(&wakes), 1001);
    assert_eq!(semaphore.statistics().waiting, 1000);
    drop(waiters);
    assert_eq!(Arc::strong_count(&wakes), 1);
}

/// A waker that uses the mutex it waits for whenever it is woken, cloned or dropped.
struct Nosy(Mutex<()>);

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.0.statistics();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.0.statistics();
    }
}

#[test]
fn wakers_may_use_what_they_wait_for() {
    let nosy = Arc::new(Nosy(Mutex::new(())));
    let held = nosy.0.try_lock().unwrap();
    let mut one = Box::pin(nosy.0.lock());
    let mut two = Box::pin(nosy.0.lock());
    let waker = Waker::from(nosy.clone());
    assert!(
        one.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(
        two.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(held);
    drop(one);
    assert!(
        two.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}

#[test]
fn values_come_out_of_their_locks() {
    let mut mutex = Mutex::new(String::from("a"));
    mutex.get_mut().push('b');
    mutex.try_lock().unwrap().push('c');
    mutex.get_mut().push('d');
    assert_eq!(mutex.into_inner(), "abcd");
    let mut lock = RwLock::new(String::from("a"));
    lock.get_mut().push('b');
    lock.try_write().unwrap().push('c');
    assert_eq!(*lock.try_read().unwrap(), "abc");
    lock.get_mut().push('d');
    assert_eq!(lock.into_inner(), "abcd");
}

#[test]
fn what_can_cross_threads_does() {
    fn send<T: Send>(_: T) {}
    fn shared<T: Send + Sync>(_: T) {}
    let mutex = Arc::new(Mutex::new(std::cell::Cell::new(1)));
    send(mutex.lock());
    send(mutex.lock_arc());
    send(mutex.try_lock().unwrap());
    send(mutex.try_lock_arc().unwrap());
    let condition = Condition::new(mutex.clone());
    send(condition.wait(mutex.try_lock().unwrap()));
    shared(mutex.clone());
    shared(Condition::new(mutex));
    let lock = Arc::new(RwLock::new(1));
    send((lock.read(), lock.write(), lock.read_arc(), lock.write_arc()));
    send(lock.try_write().unwrap());
    shared(lock);
}
