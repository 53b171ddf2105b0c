//! Errors and panics without a receiver (rule [C10](crate::rules#c10)).

use std::any::Any;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::loom::Arc;
use crate::unwind::{self, Payload};

/// An error or a panic that came up when no receiver was left (rule [C10](crate::rules#c10)): its group, or the
/// call that waited for it, was dropped from outside, or a panic took its place. Or a file was dropped with data
/// that could not be written.
///
/// `Display` writes one line, with the group's name.
pub struct Unhandled {
    group: Arc<str>,
    what: What,
}

enum What {
    Error {
        type_name: &'static str,
        error: Option<Box<dyn Any + Send>>,
    },
    Panic(Payload),
    File {
        path: Option<PathBuf>,
        error: io::Error,
    },
}

impl Unhandled {
    pub(crate) fn error(
        group: Arc<str>,
        type_name: &'static str,
        error: Option<Box<dyn Any + Send>>,
    ) -> Unhandled {
        Unhandled {
            group,
            what: What::Error { type_name, error },
        }
    }

    /// Wraps a panic outside of every group.
    pub(super) fn panic(payload: Payload) -> Unhandled {
        Unhandled {
            group: "".into(),
            what: What::Panic(payload),
        }
    }

    /// Wraps the loss of data that a file had accepted and could not write once it was dropped.
    pub(crate) fn file(path: Option<PathBuf>, error: io::Error) -> Unhandled {
        Unhandled {
            group: "".into(),
            what: What::File { path, error },
        }
    }

    /// Returns the name of the group that the error belongs to.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, GroupOptions, RunOptions};
    /// use std::future::poll_fn;
    /// use std::sync::mpsc;
    /// use std::task::Poll;
    /// use std::time::Duration;
    ///
    /// let (sender, found) = mpsc::channel();
    /// let hook = move |lost: anyrt::Unhandled| sender.send(lost.group().to_owned()).unwrap();
    /// let ended = Builder::new().run_with(RunOptions::new().unhandled(hook), async {
    ///     let mut group = Box::pin(GroupOptions::new().name("uploads").run(async |tg| {
    ///         tg.spawn(async {
    ///             anyrt::shield(anyrt::sleep(Duration::from_millis(5))).await;
    ///             Err::<(), _>("too late")
    ///         });
    ///         anyrt::sleep_forever().fallible().await
    ///     }));
    ///     // The group is dropped from outside, so that no receiver of the error is left.
    ///     poll_fn(|cx| Poll::Ready(drop(group.as_mut().poll(cx)))).await;
    /// });
    /// assert!(ended.is_ok());
    /// assert_eq!(found.recv().unwrap(), "uploads");
    /// ```
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Returns whether it is a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions, to_thread};
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let (sender, found) = mpsc::channel();
    /// let hook = move |lost: anyrt::Unhandled| sender.send(lost.is_panic()).unwrap();
    /// let ended = Builder::new().run_with(RunOptions::new().unhandled(hook), async {
    ///     let abandoned = to_thread::Options::new().abandon_on_cancel().run(|| {
    ///         std::thread::sleep(Duration::from_millis(20));
    ///         assert_eq!(1, 2, "no caller is left");
    ///     });
    ///     anyrt::move_on_after(Duration::from_millis(1), abandoned).await;
    ///     to_thread::run(move || found.recv()).await
    /// });
    /// assert_eq!(ended.unwrap(), Ok(true));
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.what, What::Panic(_))
    }

    /// Returns the error, or the payload of the panic. Returns `None` for errors of groups whose children
    /// borrow: these cannot outlive what they borrow from.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions, to_thread};
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let (sender, found) = mpsc::channel();
    /// let hook = move |lost: anyrt::Unhandled| sender.send(lost.into_inner()).unwrap();
    /// let ended = Builder::new().run_with(RunOptions::new().unhandled(hook), async {
    ///     let abandoned = to_thread::Options::new().abandon_on_cancel().run(|| {
    ///         std::thread::sleep(Duration::from_millis(20));
    ///         std::panic::panic_any(404);
    ///     });
    ///     anyrt::move_on_after(Duration::from_millis(1), abandoned).await;
    ///     to_thread::run(move || found.recv()).await
    /// });
    /// let payload = ended.unwrap().unwrap().expect("the payload of the panic");
    /// assert_eq!(payload.downcast_ref(), Some(&404));
    /// ```
    pub fn into_inner(self) -> Option<Box<dyn Any + Send>> {
        match self.what {
            What::Error { error, .. } => error,
            What::Panic(payload) => Some(payload),
            What::File { error, .. } => Some(Box::new(error)),
        }
    }
}

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Error { type_name, .. } => {
                write!(
                    f,
                    "an error of type `{type_name}` in the group `{}` was lost",
                    self.group
                )?;
                f.write_str(": the group was dropped, or a panic took its place")
            }
            What::File { path, error } => {
                f.write_str("data of ")?;
                match path {
                    Some(path) => write!(f, "`{}`", path.display())?,
                    None => f.write_str("a file")?,
                }
                write!(f, " was lost when the file was dropped: {error}")
            }
            What::Panic(payload) => {
                let text = unwind::text(payload).unwrap_or("(no text)");
                write!(f, "a panic without a receiver: {text}")
            }
        }
    }
}

impl fmt::Debug for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unhandled")
            .field("group", &self.group)
            .field("panic", &self.is_panic())
            .finish_non_exhaustive()
    }
}
