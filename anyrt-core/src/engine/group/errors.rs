//! The errors of a group, and the function that may receive them as they occur.

use std::any::{Any, type_name};

use crate::engine::{Cancelled, Cause, GroupState, Run, Unhandled};
use crate::loom::{Mutex, lock};

/// The function that receives each of a group's errors as it occurs.
pub(crate) type Report<'a, E> = Box<dyn FnMut(E) + Send + 'a>;

/// The errors of a group, each once, in order of arrival.
pub(crate) struct Errors<'a, E> {
    list: Mutex<Vec<E>>,
    /// The function that receives errors as they occur. It is taken out while it runs, so that no lock is
    /// held meanwhile. Errors that occur then wait in `list`.
    report: Option<Mutex<Option<Report<'a, E>>>>,
    /// The conversion of an error without a receiver for the run.
    erase: fn(E) -> Option<Box<dyn Any + Send>>,
}

impl<'a, E> Errors<'a, E> {
    /// Creates a list of errors that can be passed to the run.
    pub(crate) fn owned(report: Option<Report<'a, E>>) -> Errors<'a, E>
    where
        E: Send + 'static,
    {
        let report = report.map(|report| Mutex::new(Some(report)));
        Errors {
            list: Mutex::default(),
            report,
            erase: |error| Some(Box::new(error)),
        }
    }

    /// Creates a list of errors that may borrow.
    pub(crate) fn borrowed() -> Errors<'a, E> {
        Errors {
            list: Mutex::default(),
            report: None,
            erase: |_| None,
        }
    }

    /// Handles the failure of a child.
    pub(crate) fn fail(&self, group: &GroupState, error: E, by: &str) {
        lock(&self.list).push(error);
        if !group.is_orphaned() {
            self.report_all();
        }
        if !group.keeps_going {
            group.cancel(Cancelled::with(
                Cause::ChildFailed,
                None,
                Some(by.to_owned()),
            ));
        }
        // Read after the error was added: the drop of the host marks the group and then takes the list, so
        // one of the two passes the error on.
        if group.is_orphaned() {
            self.give_up(group);
        }
    }

    /// Reports the errors in the list, if there is a function for that and it is not running. The thread that
    /// runs it reports later errors too, since it checks the list after putting the function back.
    fn report_all(&self) {
        let Some(report) = &self.report else { return };
        // Ends: each round takes the whole list, so another round needs an error that came meanwhile.
        while !lock(&self.list).is_empty() {
            let reporting = lock(report).take();
            // Another call runs it, on this thread further out or on another, and checks the list
            // afterwards.
            if reporting.is_none() {
                return;
            }
            let mut reporting = PutBack(report, reporting);
            let errors = self.take();
            for error in errors {
                if let Some(reporting) = &mut reporting.1 {
                    reporting(error);
                }
            }
        }
    }

    /// Handles the failure of the body.
    pub(crate) fn fail_body(&self, group: &GroupState, error: E) {
        lock(&self.list).push(error);
        let by = group.host.as_ref().map(|host| host.name().to_string());
        group.cancel(Cancelled::with(Cause::HostFailed, None, by));
    }

    pub(crate) fn take(&self) -> Vec<E> {
        std::mem::take(&mut lock(&self.list))
    }

    /// Passes all errors to the run, since the host is gone.
    pub(crate) fn give_up(&self, group: &GroupState) {
        for error in self.take() {
            let unhandled = Unhandled::error(group.name(), type_name::<E>(), (self.erase)(error));
            Run::unhandled(group.run.as_deref(), unhandled);
        }
    }
}

/// A guard that puts the function back, also if it panics.
struct PutBack<'m, 'a, E>(&'m Mutex<Option<Report<'a, E>>>, Option<Report<'a, E>>);

impl<E> Drop for PutBack<'_, '_, E> {
    fn drop(&mut self) {
        *lock(self.0) = self.1.take();
    }
}
