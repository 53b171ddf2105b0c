//! Other calls on the file, such as seeking.

use std::fs;
use std::future::poll_fn;
use std::io::{self, Seek, SeekFrom};
use std::task::{Context, Poll, ready};

use super::hop::{Answer, Hop};
use super::running::HopEffect;
use super::{Engine, closed};
use crate::disk::{Handle, not_of_the_system};
use crate::engine::FallibleOperation;
use crate::loom::Arc;
use crate::runtime::Runtime;

impl<R: Runtime> Engine<R> {
    /// Calls a function with the file, once all accepted bytes are written. If `set_back` is set, the
    /// descriptor is at the position; otherwise the function gets its distance from it.
    ///
    /// The loop ends: each round waits for the running hop, and only the last one starts a hop of its own.
    pub(crate) fn call<'a, T: Send + 'static>(
        &'a mut self,
        set_back: bool,
        function: impl FnOnce(&Handle, u64) -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send + 'a {
        let mut operation = FallibleOperation::new();
        let mut function = Some(function);
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                loop {
                    match ready!(self.poll_settle(cx)) {
                        HopEffect::Other(_, answer) if function.is_none() => {
                            return Poll::Ready(answer.map(|answer| {
                                *answer.downcast().expect("the answer of this function")
                            }));
                        }
                        HopEffect::Nothing if function.is_some() => {}
                        // The outcome of an earlier hop, whose operation was dropped.
                        _ => continue,
                    }
                    ready!(self.poll_flush(cx))?;
                    let Some(function) = function.take() else {
                        return Poll::Ready(Err(closed()));
                    };
                    let ahead = if set_back || self.positioned == Some(false) {
                        0
                    } else {
                        self.ahead() as u64
                    };
                    self.begin(
                        set_back,
                        Hop::Other(Box::new(move |file| {
                            let answer = function(file, ahead)?;
                            Ok(Box::new(answer) as Answer)
                        })),
                    )?;
                }
            })
        })
    }

    /// Moves the position, and returns it.
    pub(crate) fn seek(
        &mut self,
        to: SeekFrom,
    ) -> impl Future<Output = io::Result<u64>> + Send + '_ {
        self.call(true, move |mut file, _| file.seek(to))
    }

    /// Returns the position.
    pub(crate) fn tell(&mut self) -> impl Future<Output = io::Result<u64>> + Send + '_ {
        self.call(false, |mut file, ahead| {
            Ok(file.stream_position()?.saturating_sub(ahead))
        })
    }

    /// Moves the position. `seeking` is kept between polls, and holds the number of the hop and its target:
    /// the answer to a dropped seek is not taken for that to a seek with another target.
    pub(crate) fn poll_seek(
        &mut self,
        cx: &mut Context<'_>,
        to: SeekFrom,
        seeking: &mut Option<(u64, SeekFrom)>,
    ) -> Poll<io::Result<u64>> {
        loop {
            match ready!(self.poll_settle(cx)) {
                HopEffect::Other(number, answer) if *seeking == Some((number, to)) => {
                    *seeking = None;
                    return Poll::Ready(
                        answer.map(|position| *position.downcast().expect("the answer of a seek")),
                    );
                }
                HopEffect::Nothing => {}
                _ => continue,
            }
            ready!(self.poll_flush(cx))?;
            let seek = move |mut file: &Handle| Ok(Box::new(file.seek(to)?) as Answer);
            self.begin(true, Hop::Other(Box::new(seek)))?;
            *seeking = Some((self.begun, to));
        }
    }

    /// Returns the file, at its position, after all accepted bytes are written.
    pub(crate) async fn into_std(mut self) -> io::Result<fs::File> {
        self.call(true, |_, _| Ok(())).await?;
        let file = self.file.take().ok_or_else(closed)?;
        match Arc::try_unwrap(file) {
            Ok(file) => file.into_std(),
            Err(file) => file.as_std().ok_or_else(not_of_the_system)?.try_clone(),
        }
    }
}
