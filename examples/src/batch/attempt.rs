//! One process: its time limit, and the files for its output.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

use anyrt::process::{ProcessError, Stdio, run_process};
use anyrt::signals::Signal;
use anyrt::{fs, temp};

use crate::list::Job;
use crate::options::Options;

/// The result of an attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended(ExitStatus),
    TimedOut,
    NotStarted(ProcessError),
}

impl Outcome {
    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Outcome::Ended(status) if status.success())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ended(status) if status.success() => f.write_str("succeeded"),
            Outcome::Ended(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "exit status {code}"),
                (None, Some(number)) => match Signal::from_raw(number) {
                    Some(signal) => write!(f, "killed by {signal}"),
                    None => write!(f, "killed by signal {number}"),
                },
                (None, None) => write!(f, "{status}"),
            },
            Outcome::TimedOut => f.write_str("timed out"),
            Outcome::NotStarted(error) => write!(f, "not started: {error}"),
        }
    }
}

/// The file for the output of a job.
pub(crate) enum Log {
    /// A file that is kept.
    Kept(PathBuf),
    /// A file without a name, which is printed.
    Unnamed(File),
}

/// Runs a job once.
///
/// # Cancel safety
///
/// The process group is terminated, and killed after the grace.
///
/// # Errors
///
/// Returns an error if there is no file for the output.
pub(crate) async fn attempt(
    job: &Job,
    number: u32,
    options: &Options,
) -> io::Result<(Outcome, Log)> {
    let (output, log) = open_log(job, number, options).await?;
    let command = job
        .command(options.template.as_deref())
        .stdin(Stdio::Null)
        .stdout(output.try_clone()?)
        .stderr(output)
        .group()
        .grace(options.grace)
        .check(false);
    let process = run_process(command);
    let ended = match options.timeout {
        Some(timeout) => anyrt::move_on_after(timeout, process).await,
        None => Some(process.await),
    };
    let outcome = match ended {
        Some(Ok(output)) => Outcome::Ended(output.status),
        Some(Err(error)) => Outcome::NotStarted(error),
        None => Outcome::TimedOut,
    };
    Ok((outcome, log))
}

async fn open_log(job: &Job, number: u32, options: &Options) -> io::Result<(File, Log)> {
    match &options.logs {
        Some(folder) => {
            let path = folder.join(format!("{:04}.{number}.log", job.number));
            let file = fs::File::create(&path).await?.into_std().await?;
            Ok((file, Log::Kept(path)))
        }
        None => {
            let file = temp::file().await?.into_std().await?;
            Ok((file.try_clone()?, Log::Unnamed(file)))
        }
    }
}

impl Log {
    /// Copies the output to standard output, if the file is not kept.
    pub(crate) fn print(self) -> io::Result<()> {
        match self {
            Log::Kept(_) => Ok(()),
            Log::Unnamed(mut file) => {
                file.rewind()?;
                let mut out = io::stdout().lock();
                io::copy(&mut file, &mut out)?;
                out.flush()
            }
        }
    }
}
