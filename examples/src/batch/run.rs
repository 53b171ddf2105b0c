//! The signals, and the end of the program.

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyrt::fs::File;
use anyrt::signals::{self, Signal, SignalReceiver};
use anyrt::stream::UNBOUNDED;
use anyrt::{Builder, CancelScope, memory_object_stream};
use anyrt_examples::Messages;

use crate::batch::{Batch, run_all};
use crate::list::List;
use crate::options::Options;
use crate::report::{Report, write_records};
use crate::screen::Screen;

/// The time in addition to the grace, for processes that the system does not release.
const MARGIN: Duration = Duration::from_secs(5);

/// The exit status if a job failed.
const FAILED: u8 = 1;

/// The number that a shell adds to the number of the signal that ended a program.
const BY_A_SIGNAL: u8 = 128;

pub(crate) fn run(options: Options, messages: Messages) -> ExitCode {
    let builder = match options.backend {
        Some(backend) => Builder::new().backend(backend),
        None => Builder::new(),
    };
    let carried_out = builder.run(carry_out(options, messages.clone()));
    match carried_out.map_err(Into::into).flatten() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            messages.say(format_args!("{error}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Runs the jobs in one scope, which the first signal cancels and the second aborts. The records are
/// written outside of the scope, and so completely.
async fn carry_out(options: Options, messages: Messages) -> io::Result<u8> {
    let listening = signals::receiver(&[Signal::INT, Signal::TERM, Signal::HUP])?;
    let list = List::open(&options)?;
    if let Some(folder) = &options.logs {
        anyrt::fs::create_dir_all(folder).await?;
    }
    let (records, written) = memory_object_stream(UNBOUNDED);
    let json = match &options.json {
        Some(path) => Some(File::create(path).await?),
        None => None,
    };
    let scope = CancelScope::new();
    let batch = Arc::new(Batch {
        report: Report::new(json.is_some().then_some(records)),
        screen: Screen::new(messages),
        jobs: scope.handle(),
        options,
    });
    let received = OnceLock::new();
    let work = async {
        let listen = stop_at_signals(listening, &batch, &received);
        let jobs = async { Ok(scope.run(run_all(batch.clone(), list.clone())).await) };
        let ended = anyrt::race((listen, jobs)).await;
        if list.is_finite
            && let Ok(rest) = list.count_rest().await
        {
            batch.report.set_not_started(rest);
        }
        batch.report.end_records();
        ended
    };
    let write = async {
        match json {
            Some(file) => write_records(file, written).await,
            None => Ok(()),
        }
    };
    let (ended, recorded) = anyrt::gather((work, write)).await;
    let mut has_failed = batch.report.has_failures();
    let mut errors: Vec<_> = recorded.err().iter().map(ToString::to_string).collect();
    match ended? {
        Ok(Ok(())) => {}
        Ok(Err(error)) => errors.extend(error.errors().iter().map(ToString::to_string)),
        Err(_cancelled) => has_failed = true,
    }
    has_failed |= !errors.is_empty();
    if !batch.screen.is_closed() {
        for line in errors.into_iter().chain(batch.report.summary()) {
            batch.screen.say(&line);
        }
    }
    Ok(match received.get() {
        Some(signal) => BY_A_SIGNAL + u8::try_from(signal.as_raw()).unwrap_or(0),
        None => u8::from(has_failed) * FAILED,
    })
}

/// Cancels the jobs at the first signal, and aborts them at the second. Returns only with an error.
async fn stop_at_signals<T>(
    mut listening: SignalReceiver,
    batch: &Batch,
    received: &OnceLock<Signal>,
) -> io::Result<T> {
    let first = listening.receive().await?;
    let _ = received.set(first);
    batch
        .screen
        .say(&format!("{first}: waiting for the jobs at work"));
    batch.jobs.cancel_within(batch.options.grace + MARGIN);
    listening.receive().await?;
    batch.jobs.abort();
    anyrt::sleep_forever().await
}
