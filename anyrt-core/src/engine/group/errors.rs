use std::any::{Any, type_name};

use crate::engine::{Cancelled, Cause, GroupCore, Run, Unhandled};
use crate::loom::{Mutex, lock};

/// Gets each of a group's errors, as it comes.
pub(crate) type Report<'a, E> = Box<dyn FnMut(E) + Send + 'a>;

/// The errors of a group, each once, in order of arrival.
pub(crate) struct Errors<'a, E> {
    list: Mutex<Vec<E>>,
    report: Option<Mutex<Report<'a, E>>>,
    /// How an error that nobody is left to take is handed to the run.
    erase: fn(E) -> Option<Box<dyn Any + Send>>,
}

impl<'a, E> Errors<'a, E> {
    /// Errors that the run can be handed.
    pub(crate) fn owned(report: Option<Report<'a, E>>) -> Errors<'a, E>
    where
        E: Send + 'static,
    {
        let report = report.map(Mutex::new);
        Errors {
            list: Mutex::default(),
            report,
            erase: |error| Some(Box::new(error)),
        }
    }

    /// Errors that may borrow.
    pub(crate) fn borrowed() -> Errors<'a, E> {
        Errors {
            list: Mutex::default(),
            report: None,
            erase: |_| None,
        }
    }

    /// A child failed.
    pub(crate) fn fail(&self, group: &GroupCore, error: E, by: &str) {
        match &self.report {
            Some(report) if !group.is_orphaned() => lock(report)(error),
            _ => lock(&self.list).push(error),
        }
        if !group.keeps_going {
            group.cancel(Cancelled::with(
                Cause::ChildFailed,
                None,
                Some(by.to_owned()),
            ));
        }
        if group.is_orphaned() {
            self.give_up(group);
        }
    }

    /// The body failed.
    pub(crate) fn fail_body(&self, group: &GroupCore, error: E) {
        lock(&self.list).push(error);
        let by = group.host.as_ref().map(|host| host.name().to_string());
        group.cancel(Cancelled::with(Cause::HostFailed, None, by));
    }

    pub(crate) fn take(&self) -> Vec<E> {
        std::mem::take(&mut lock(&self.list))
    }

    /// Hands everything to the run, since the host is gone.
    pub(crate) fn give_up(&self, group: &GroupCore) {
        for error in self.take() {
            let unhandled = Unhandled::error(group.name(), type_name::<E>(), (self.erase)(error));
            Run::unhandled(group.run.as_deref(), unhandled);
        }
    }
}
