//! A checker of linearizability, for a register: a value that is written and read.
//!
//! A history is linearizable if each operation can be given one moment, between its call and its return, at which
//! it happens, so that each read returns what the latest write has written. The search is that of Wing and Gong
//! (1993): it takes operations that may be the next one, until all are in order. With Lowe's addition (2017) it
//! remembers which sets of operations, with which value at their end, it has tried.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// A value of the register. `None` is that of a key which is not there.
pub(crate) type Value = Option<u32>;

/// An operation of a client on one key.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) client: u64,
    pub(crate) called: Duration,
    /// `None` if there was no answer: it may have happened at any later time, or not at all.
    pub(crate) returned: Option<Duration>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Write(Value),
    /// A read, with the value that it has returned.
    Read(Value),
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let called = self.called.as_secs_f64();
        write!(f, "client {}: {called:7.3} s to ", self.client)?;
        match self.returned {
            Some(returned) => write!(f, "{:7.3} s  ", returned.as_secs_f64())?,
            None => write!(f, "(no answer) ")?,
        }
        match self.kind {
            Kind::Write(Some(value)) => write!(f, "put {value}"),
            Kind::Write(None) => write!(f, "delete"),
            Kind::Read(Some(value)) => write!(f, "get, found {value}"),
            Kind::Read(None) => write!(f, "get, found nothing"),
        }
    }
}

/// Returns whether a history of one key, which is not there at first, is linearizable.
pub(crate) fn is_linearizable(history: &[Operation]) -> bool {
    let mut tried = HashSet::new();
    let mut stack = vec![(vec![false; history.len()], None)];
    // Ends: each round takes a pair from the stack, and only new pairs, of which there are finitely many, add some.
    while let Some((mut done, value)) = stack.pop() {
        take_reads(history, &mut done, value);
        let open = || history.iter().zip(&done).filter(|(_, done)| !**done);
        // The next operation was called before any other has returned.
        let Some(first_return) = open().filter_map(|(operation, _)| operation.returned).min()
        else {
            return true;
        };
        for (index, operation) in history.iter().enumerate() {
            if !done[index]
                && operation.called <= first_return
                && let Kind::Write(value) = operation.kind
            {
                let mut done = done.clone();
                done[index] = true;
                if tried.insert((done.clone(), value)) {
                    stack.push((done, value));
                }
            }
        }
    }
    false
}

/// Takes all reads that may be the next operation, and return this value. That is never wrong: a read changes
/// nothing.
fn take_reads(history: &[Operation], done: &mut [bool], value: Value) {
    // Ends: each round takes at least one.
    loop {
        let open = history.iter().zip(&*done).filter(|(_, done)| !**done);
        let first_return = open.filter_map(|(operation, _)| operation.returned).min();
        let mut has_taken = false;
        for (operation, done) in history.iter().zip(&mut *done) {
            let is_next = first_return.is_some_and(|first| operation.called <= first);
            if !*done && is_next && operation.kind == Kind::Read(value) {
                (*done, has_taken) = (true, true);
            }
        }
        if !has_taken {
            return;
        }
    }
}

/// Leaves out what a history that is not linearizable does not need for that: reads, then writes that no read has
/// found.
pub(crate) fn least_failure(mut history: Vec<Operation>) -> Vec<Operation> {
    let is_read = |operation: &Operation| matches!(operation.kind, Kind::Read(_));
    for are_reads in [true, false] {
        for index in (0..history.len()).rev() {
            let operation = &history[index];
            let is_found = match operation.kind {
                Kind::Write(value) => {
                    let found = Kind::Read(value);
                    history.iter().any(|operation| operation.kind == found)
                }
                Kind::Read(_) => false,
            };
            if is_read(operation) == are_reads && !is_found {
                let operation = history.remove(index);
                if is_linearizable(&history) {
                    history.insert(index, operation);
                }
            }
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an operation between two moments. The end 0 is none.
    fn operation(called: u64, returned: u64, kind: Kind) -> Operation {
        let returned = (returned > 0).then(|| Duration::from_secs(returned));
        Operation {
            client: 1,
            called: Duration::from_secs(called),
            returned,
            kind,
        }
    }

    fn put(value: u32, called: u64, returned: u64) -> Operation {
        operation(called, returned, Kind::Write(Some(value)))
    }

    fn delete(called: u64, returned: u64) -> Operation {
        operation(called, returned, Kind::Write(None))
    }

    fn found(value: u32, called: u64, returned: u64) -> Operation {
        operation(called, returned, Kind::Read(Some(value)))
    }

    fn nothing(called: u64, returned: u64) -> Operation {
        operation(called, returned, Kind::Read(None))
    }

    /// Checks a history, in several orders of its list.
    #[track_caller]
    fn check(mut history: Vec<Operation>, expected: bool) {
        for _ in 0..history.len().max(1) {
            assert_eq!(is_linearizable(&history), expected, "{history:#?}");
            if !history.is_empty() {
                history.rotate_left(1);
            }
        }
        history.reverse();
        assert_eq!(is_linearizable(&history), expected, "{history:#?}");
    }

    #[test]
    fn one_operation_after_the_other() {
        check(vec![], true);
        check(vec![nothing(1, 2)], true);
        check(vec![found(1, 1, 2)], false);
        check(vec![put(1, 1, 2), found(1, 3, 4)], true);
        check(vec![put(1, 1, 2), nothing(3, 4)], false);
        check(vec![put(1, 1, 2), put(2, 3, 4), found(2, 5, 6)], true);
        check(vec![put(1, 1, 2), put(2, 3, 4), found(1, 5, 6)], false);
        check(vec![put(1, 1, 2), delete(3, 4), nothing(5, 6)], true);
        check(vec![put(1, 1, 2), delete(3, 4), found(1, 5, 6)], false);
    }

    #[test]
    fn operations_at_the_same_time_are_in_either_order() {
        for value in [1, 2] {
            check(vec![put(1, 1, 4), put(2, 2, 3), found(value, 5, 6)], true);
        }
        check(vec![put(1, 1, 4), nothing(2, 3), found(1, 5, 6)], true);
        check(vec![put(1, 1, 4), found(1, 2, 3)], true);
        // The end of one is the start of the other.
        check(vec![put(1, 1, 2), nothing(2, 3)], true);
    }

    #[test]
    fn what_was_seen_once_stays() {
        // The second read begins after the end of the first.
        check(vec![put(1, 1, 9), found(1, 2, 3), nothing(4, 5)], false);
        let two = vec![put(1, 1, 9), put(2, 1, 9), found(1, 2, 3), found(2, 4, 5)];
        check(two.clone(), true);
        check([two, vec![found(1, 6, 7)]].concat(), false);
    }

    #[test]
    fn without_an_answer_it_may_have_happened_once_or_not() {
        let start = vec![put(1, 1, 2), put(2, 3, 0)];
        for value in [1, 2] {
            check([start.clone(), vec![found(value, 9, 10)]].concat(), true);
        }
        let late = vec![found(1, 9, 10), put(3, 11, 12), found(2, 13, 14)];
        check([start.clone(), late.clone()].concat(), true);
        // Twice.
        let twice = vec![found(2, 5, 6), put(3, 11, 12), found(2, 13, 14)];
        check([start.clone(), twice].concat(), false);
        // Before it was called.
        check(vec![found(2, 1, 2), put(2, 3, 0)], false);
    }

    #[test]
    fn a_failure_is_shown_without_what_it_does_not_need() {
        let history = vec![
            put(1, 1, 2),
            found(1, 3, 4),
            put(2, 5, 6),
            found(2, 7, 8),
            put(3, 9, 10),
            found(2, 11, 12),
            put(4, 13, 14),
        ];
        let kinds = least_failure(history)
            .into_iter()
            .map(|operation| operation.kind);
        let expected = [
            Kind::Write(Some(2)),
            Kind::Write(Some(3)),
            Kind::Read(Some(2)),
        ];
        assert_eq!(kinds.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_orders_of_many_operations_are_not_tried_one_by_one() {
        // Twelve writes at the same time have 479,001,600 orders, and none of them explains the reads.
        let mut history: Vec<Operation> = (1..=12).map(|value| put(value, 1, 100)).collect();
        history.extend([found(1, 2, 3), found(2, 4, 5), found(1, 6, 7)]);
        assert!(!is_linearizable(&history));
        history.pop();
        assert!(is_linearizable(&history));
    }
}
