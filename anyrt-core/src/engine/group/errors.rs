use std::any::{Any, type_name};

use crate::engine::{Cancelled, Cause, GroupState, Run, Unhandled};
use crate::loom::{Mutex, lock};

/// Gets each of a group's errors, as it comes.
pub(crate) type Report<'a, E> = Box<dyn FnMut(E) + Send + 'a>;

/// The errors of a group, each once, in order of arrival.
pub(crate) struct Errors<'a, E> {
    list: Mutex<Vec<E>>,
    /// The function that gets errors as they come; taken out while it runs, so that no lock is held
    /// meanwhile. Errors that come then wait in `list`.
    report: Option<Mutex<Option<Report<'a, E>>>>,
    /// How an error that nobody is left to take is handed to the run.
    erase: fn(E) -> Option<Box<dyn Any + Send>>,
}

impl<'a, E> Errors<'a, E> {
    /// Errors that the run can be handed.
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

    /// Errors that may borrow.
    pub(crate) fn borrowed() -> Errors<'a, E> {
        Errors {
            list: Mutex::default(),
            report: None,
            erase: |_| None,
        }
    }

    /// A child failed.
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
        if group.is_orphaned() {
            self.give_up(group);
        }
    }

    /// Reports the errors in the list, if there is a function that gets them and it is not running. The
    /// thread that runs it finds what comes meanwhile: it looks into the list after putting it back.
    fn report_all(&self) {
        let Some(report) = &self.report else { return };
        while !lock(&self.list).is_empty() {
            let reporting = lock(report).take();
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

    /// The body failed.
    pub(crate) fn fail_body(&self, group: &GroupState, error: E) {
        lock(&self.list).push(error);
        let by = group.host.as_ref().map(|host| host.name().to_string());
        group.cancel(Cancelled::with(Cause::HostFailed, None, by));
    }

    pub(crate) fn take(&self) -> Vec<E> {
        std::mem::take(&mut lock(&self.list))
    }

    /// Hands everything to the run, since the host is gone.
    pub(crate) fn give_up(&self, group: &GroupState) {
        for error in self.take() {
            let unhandled = Unhandled::error(group.name(), type_name::<E>(), (self.erase)(error));
            Run::unhandled(group.run.as_deref(), unhandled);
        }
    }
}

/// Puts the function back, also if it panics.
struct PutBack<'m, 'a, E>(&'m Mutex<Option<Report<'a, E>>>, Option<Report<'a, E>>);

impl<E> Drop for PutBack<'_, '_, E> {
    fn drop(&mut self) {
        *lock(self.0) = self.1.take();
    }
}
