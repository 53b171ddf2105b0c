//! Functions about whole files.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::call::{Limiter, Stop, call, call_cancellable, check, look};
use crate::disk::{Disk, Handle, Metadata, Permissions, Removal, TEMPORARY_PREFIX};
use crate::runtime::{OpenMode, Runtime};

/// The number of bytes to read or copy between two checks of the cancellation.
const CHECK_INTERVAL: u64 = 8 << 20;

/// The mode in which a file is created that must not exist.
const NEW_FILE: OpenMode = OpenMode {
    write: true,
    create_new: true,
    ..OpenMode::NONE
};

/// Reads a whole file.
///
/// For thousands of small files, reading many of them with [`std::fs`] in one
/// [`to_thread::run`](crate::thread::to_thread::run) takes half the time.
///
/// # Cancel safety
///
/// If it is cancelled, it stops within 8 MiB (rule [F2](crate::rules#f2)).
pub fn read<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Vec<u8>>> + Send {
    read_at::<R>(None, path.as_ref().to_owned())
}

pub(super) async fn read_at<R: Runtime>(limiter: Limiter, path: PathBuf) -> io::Result<Vec<u8>> {
    call_cancellable::<R, _>(limiter, "read", path, read_all).await
}

/// Reads a whole file as text.
///
/// Bytes that are not UTF-8 are an [`InvalidData`](io::ErrorKind::InvalidData) error.
///
/// # Cancel safety
///
/// If it is cancelled, it stops within 8 MiB (rule [F2](crate::rules#f2)).
pub fn read_to_string<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<String>> + Send {
    read_to_string_at::<R>(None, path.as_ref().to_owned())
}

pub(super) async fn read_to_string_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
) -> io::Result<String> {
    call_cancellable::<R, _>(limiter, "read", path, |disk, path| {
        let text = String::from_utf8(read_all(disk, path)?);
        Ok(text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
    })
    .await
}

/// Reads up to the end, whatever the reported size is: it is 0 in `/proc`, and files grow (rule
/// [F22](crate::rules#f22)).
fn read_all(disk: &Disk, path: &Path) -> Result<Vec<u8>, Stop> {
    let file = disk.open(path, &OpenMode::READ)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let hint = usize::try_from(size).unwrap_or(usize::MAX);
    let reserved = bytes.try_reserve_exact(hint);
    reserved.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    while Read::take(&file, CHECK_INTERVAL).read_to_end(&mut bytes)? as u64 == CHECK_INTERVAL {
        look()?;
    }
    Ok(bytes)
}

/// Writes a whole file; it is created or truncated first.
pub fn write<R: Runtime>(
    path: impl AsRef<Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    write_at::<R, _>(None, path.as_ref().to_owned(), contents)
}

pub(super) async fn write_at<R: Runtime, C: AsRef<[u8]> + Send + 'static>(
    limiter: Limiter,
    path: PathBuf,
    contents: C,
) -> io::Result<()> {
    call::<R, _>(limiter, "write", path, move |disk, path| {
        let file = disk.open(path, &OpenMode::CREATE)?;
        (&file).write_all(contents.as_ref())
    })
    .await
}

/// Appends to a file, which is created if it is missing.
pub fn append<R: Runtime>(
    path: impl AsRef<Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    append_at::<R, _>(None, path.as_ref().to_owned(), contents)
}

pub(super) async fn append_at<R: Runtime, C: AsRef<[u8]> + Send + 'static>(
    limiter: Limiter,
    path: PathBuf,
    contents: C,
) -> io::Result<()> {
    call::<R, _>(limiter, "write", path, move |disk, path| {
        let file = disk.open(path, &OpenMode::APPEND)?;
        (&file).write_all(contents.as_ref())
    })
    .await
}

/// Writes a whole file atomically: other processes see the old contents or the new ones, also after a power
/// failure.
///
/// A temporary file in the same folder is written, gets the permissions of the old file, is synced to the disk,
/// and is renamed (rule [F20](crate::rules#f20)). A symbolic link is followed.
///
/// # Cancel safety
///
/// A call that is cancelled before the rename has no effect (rule [F20](crate::rules#f20)).
pub fn write_atomic<R: Runtime>(
    path: impl AsRef<Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    write_atomic_at::<R, _>(None, path.as_ref().to_owned(), contents)
}

pub(super) async fn write_atomic_at<R: Runtime, C: AsRef<[u8]> + Send + 'static>(
    limiter: Limiter,
    path: PathBuf,
    contents: C,
) -> io::Result<()> {
    call_cancellable::<R, _>(limiter, "write", path, move |disk, path| {
        let target = follow(disk, path)?;
        let old = match disk.metadata(&target, true) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
            }
            Ok(metadata) => Some(metadata.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        // The new contents must never be readable for more users than the old ones were.
        let mode = OpenMode {
            mode: old.as_ref().map(|permissions| permissions.bits() & 0o777),
            ..NEW_FILE
        };
        let (file, mut removal) = create_beside(disk, &target, |path| disk.open(path, &mode))?;
        for part in contents.as_ref().chunks(CHECK_INTERVAL as usize) {
            look()?;
            (&file).write_all(part)?;
        }
        if let Some(permissions) = old {
            file.set_permissions(permissions)?;
        }
        file.sync(true)?;
        look()?;
        Ok(removal.persist(&target)?)
    })
    .await
}

/// Returns the target of a path that is a symbolic link, even if the target is missing; otherwise the path.
fn follow(disk: &Disk, path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..40 {
        match disk.read_link(&target) {
            Ok(next) => {
                target.pop();
                target.push(next);
            }
            Err(_) => return Ok(target),
        }
    }
    disk.metadata(path, true).map(|_| target)
}

/// Copies the contents and the permissions of a file; returns the number of bytes.
///
/// The target is created or truncated. Copying a file onto itself is an
/// [`InvalidInput`](io::ErrorKind::InvalidInput) error.
///
/// # Cancel safety
///
/// If it is cancelled, it stops within 8 MiB, and removes the target if it has created it (rule
/// [F2](crate::rules#f2)).
pub fn copy<R: Runtime>(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> impl Future<Output = io::Result<u64>> + Send {
    copy_at::<R>(None, from.as_ref().to_owned(), to.as_ref().to_owned())
}

pub(super) async fn copy_at<R: Runtime>(
    limiter: Limiter,
    from: PathBuf,
    to: PathBuf,
) -> io::Result<u64> {
    check("copy", &to)?;
    call_cancellable::<R, _>(limiter, "copy", from, move |disk, from| {
        copy_file(disk, from, &to)
    })
    .await
}

pub(super) fn copy_file(disk: &Disk, from: &Path, to: &Path) -> Result<u64, Stop> {
    let (source, permissions, mode) = open_source(disk, from)?;
    if disk.same_file(from, to).unwrap_or(false) {
        return Err(refuse("source and target are the same file").into());
    }
    let (target, is_new) = match disk.open(to, &mode) {
        Ok(file) => (file, true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            (disk.open(to, &OpenMode::CREATE)?, false)
        }
        Err(error) => return Err(error.into()),
    };
    // Once more after the contents: the umask has reduced those of a new file, and a write those of a program that
    // runs as its owner.
    let set_permissions = || match target.metadata()?.is_file() {
        true => target.set_permissions(permissions.clone()),
        false => Ok(()),
    };
    // An old target may be readable for more users than the source is.
    if !is_new {
        set_permissions()?;
    }
    let copied = copy_contents(&source, &target);
    match copied {
        Ok(count) => {
            set_permissions()?;
            Ok(count)
        }
        Err(stop) => {
            drop(target);
            if is_new {
                // The first error is the one to return.
                let _ = disk.remove_file(to);
            }
            Err(stop)
        }
    }
}

/// Moves a file or a link to another file system: a copy next to the target replaces it, in one step.
pub(super) fn move_across(disk: &Disk, from: &Path, to: &Path) -> Result<(), Stop> {
    let mut removal = match disk.read_link(from) {
        Ok(link) => create_beside(disk, to, |path| disk.symlink(&link, path))?.1,
        // It is not a link, or is missing, which opening it reports.
        Err(_) => {
            let (source, permissions, mode) = open_source(disk, from)?;
            let (target, removal) = create_beside(disk, to, |path| disk.open(path, &mode))?;
            copy_contents(&source, &target)?;
            target.set_permissions(permissions)?;
            removal
        }
    };
    removal.persist(to)?;
    Ok(disk.remove_file(from)?)
}

/// Creates a temporary file or link in the folder of a path, which replaces that path later.
fn create_beside<T>(
    disk: &Disk,
    path: &Path,
    create: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<(T, Removal)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (prefix, suffix) = (TEMPORARY_PREFIX.as_ref(), "".as_ref());
    let (created, path) = disk.create_unique(folder, prefix, suffix, create)?;
    Ok((created, Removal::new(disk, path, Disk::remove_file)))
}

/// Opens a regular file to copy it. Returns its permissions, and how a copy is created, which must never be readable
/// for more users than the source is.
fn open_source(disk: &Disk, path: &Path) -> io::Result<(Handle, Permissions, OpenMode)> {
    let check = |metadata: Metadata| match metadata.is_file() {
        true => Ok(metadata.permissions()),
        false => Err(refuse("the source is not a regular file")),
    };
    // Before it is opened too, since opening a FIFO may block.
    check(disk.metadata(path, true)?)?;
    let source = disk.open(path, &OpenMode::READ)?;
    let permissions = check(source.metadata()?)?;
    let mode = OpenMode {
        mode: Some(permissions.bits() & 0o777),
        ..NEW_FILE
    };
    Ok((source, permissions, mode))
}

fn refuse(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn copy_contents(source: &Handle, target: &Handle) -> Result<u64, Stop> {
    let mut copied = 0;
    loop {
        look()?;
        let count = source.copy_to(target, CHECK_INTERVAL)?;
        copied += count;
        if count == 0 {
            return Ok(copied);
        }
    }
}
