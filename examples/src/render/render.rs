//! The tasks: one call of a worker for each image.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::to_process::{self, WorkerError};
use anyrt::{GroupError, Instant, fs};
use anyrt_examples::{Messages, Outcome, Unreadable, show_progress};

use crate::options::Options;
use crate::thumbnail::{Job, thumbnail};

/// The progress.
#[derive(Default)]
pub(crate) struct Summary {
    images: AtomicUsize,
    made: AtomicUsize,
    failed: AtomicUsize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images = self.images.load(Ordering::Relaxed);
        let made = self.made.load(Ordering::Relaxed);
        let failed = self.failed.load(Ordering::Relaxed);
        write!(f, "{made} of {images} thumbnails made, {failed} failed")
    }
}

/// Makes the thumbnails. An image that cannot be decoded is reported, and the others continue.
///
/// # Errors
///
/// Returns an error if a thumbnail cannot be written, or no worker process can be started, which cancels
/// everything else.
pub(crate) async fn render(
    options: Options,
    summary: &Summary,
    messages: &Messages,
) -> Result<(), GroupError<io::Error>> {
    let Options {
        jobs,
        out,
        size,
        memory,
        images,
        ..
    } = options;
    let start = anyrt::now();
    summary.images.store(images.len(), Ordering::Relaxed);
    anyrt::scoped_task_group(async |tg| {
        if messages.to_terminal() {
            tg.spawn(show_progress(summary));
        }
        fs::create_dir_all(&out).await?;
        let images = targets(images, &out);
        let render_one = async |(image, target): (PathBuf, Outcome<PathBuf>)| {
            let begun = anyrt::now();
            let outcome = match target {
                Ok(target) => make(&image, target, size, memory).await?,
                Err(unreadable) => Err(unreadable),
            };
            let counter = match &outcome {
                Ok(()) => &summary.made,
                Err(unreadable) => {
                    messages.report(unreadable);
                    &summary.failed
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>((since(begun), image))
        };
        let limiter = to_process::current_default_limiter().map_err(io::Error::other)?;
        limiter.set_total(jobs.get());
        let times = anyrt::try_map_concurrent(jobs.get(), images, render_one).await?;
        tg.cancel(); // only the progress is left
        say_times(summary, &times, since(start), messages);
        Ok(())
    })
    .await
}

/// Returns each image with the file for its thumbnail. Of images with the same name, only the first gets
/// it.
fn targets(images: Vec<PathBuf>, out: &Path) -> Vec<(PathBuf, Outcome<PathBuf>)> {
    let mut names = HashSet::new();
    let targets = images.into_iter().map(|image| {
        let reason = match image.file_name() {
            None => "this is not the name of a file",
            Some(name) if !names.insert(name.to_owned()) => "another image has this name, too",
            Some(name) => {
                let target = out.join(name);
                return (image, Ok(target));
            }
        };
        let unreadable = Unreadable::new(image.clone().into(), io::Error::other(reason));
        (image, Err(unreadable))
    });
    targets.collect()
}

/// Makes one thumbnail. A cancellation kills the worker process.
///
/// # Errors
///
/// As for [`render`].
async fn make(image: &Path, target: PathBuf, size: u32, memory: u64) -> io::Result<Outcome<()>> {
    if fs::same_file(image, &target).await.unwrap_or(false) {
        let error = io::Error::other("the thumbnail would replace this image");
        return Ok(Err(Unreadable::new(image.into(), error)));
    }
    let job = Job {
        image: image.into(),
        size,
        memory,
    };
    let call = to_process::Options::new().kill_on_cancel(true);
    let reason = match call.run(thumbnail, job).await {
        Ok(Ok(bytes)) => {
            fs::write_atomic(target, bytes).await?;
            return Ok(Ok(()));
        }
        Ok(Err(reason)) => reason,
        Err(error @ WorkerError::Broken(_)) => {
            format!("{error}; the image is broken, or needs more memory than is allowed")
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    Ok(Err(Unreadable::new(image.into(), io::Error::other(reason))))
}

fn since(start: Instant) -> Duration {
    anyrt::now() - start
}

fn say_times(
    summary: &Summary,
    times: &[(Duration, PathBuf)],
    total: Duration,
    messages: &Messages,
) {
    let slowest = times.iter().max_by_key(|(time, _)| *time);
    if let Some((time, image)) = slowest {
        messages.say(format_args!(
            "{summary}, in {total:.2?}; the slowest was {}, in {time:.2?}",
            image.display()
        ));
    }
}
