//! Files of the mounted backend, for cases that prepare or check files without the functions under test.
//!
//! The functions have the names of those in [`std::fs`]. On a thread that works for a backend with its own
//! files they go to these, and otherwise to the operating system. Outside of a run such a backend has no files:
//! [`run`](crate::support::run) copies each [`Folder`](crate::folder::Folder) of the thread into it at the
//! beginning, and back at the end.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, vec};

use anyrt_core::runtime::{Blocking, FileSystem, FileType, Metadata, OpenMode};

pub use anyrt_core::runtime::Permissions;
/// The file of the standard library, for cases that need those of the operating system.
pub use std::fs::File;

use crate::erased::R;

thread_local! {
    /// The folders of the case that this thread runs.
    static FOLDERS: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
}

/// Adds a folder that runs of this thread share.
pub(crate) fn share(folder: &Path) {
    FOLDERS.with_borrow_mut(|folders| folders.push(folder.to_owned()));
}

/// Removes a folder that runs of this thread share.
pub(crate) fn forget(folder: &Path) {
    FOLDERS.with_borrow_mut(|folders| folders.retain(|other| other != folder));
}

fn own() -> Option<Arc<dyn FileSystem>> {
    R::file_system()
}

/// Implements a function by those of the operating system and of the backend.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),*) -> $output:ty, $system:expr, $own:expr;)*) => { $(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// Those of the function of the standard library.
        pub fn $name($($argument: impl AsRef<Path>),*) -> io::Result<$output> {
            match own() {
                None => $system($($argument.as_ref()),*),
                Some(own) => $own(&*own, $($argument.as_ref()),*),
            }
        }
    )* };
}

functions! {
    /// Reads a file.
    read(path) -> Vec<u8>, fs::read, read_own;
    /// Creates a folder.
    create_dir(path) -> (), fs::create_dir, |own: &dyn FileSystem, path| own.create_dir(path, 0o777);
    /// Creates a folder and its parents.
    create_dir_all(path) -> (), fs::create_dir_all, create_folders;
    /// Removes a file.
    remove_file(path) -> (), fs::remove_file, |own: &dyn FileSystem, path| own.remove_file(path);
    /// Removes an empty folder.
    remove_dir(path) -> (), fs::remove_dir, |own: &dyn FileSystem, path| own.remove_dir(path);
    /// Removes a folder with everything in it.
    remove_dir_all(path) -> (), fs::remove_dir_all, remove_tree;
    /// Creates another name for a file.
    hard_link(original, link) -> (), fs::hard_link, |own: &dyn FileSystem, original, link| own.hard_link(original, link);
    /// Creates a symbolic link.
    symlink(target, link) -> (), system_link, |own: &dyn FileSystem, target, link| own.symlink(target, link);
    /// Returns the metadata of a path.
    metadata(path) -> Metadata, |path| Ok(fs::metadata(path)?.into()), |own: &dyn FileSystem, path| own.metadata(path, true);
    /// Returns the metadata of a path. Links are not followed.
    symlink_metadata(path) -> Metadata, |path| Ok(fs::symlink_metadata(path)?.into()), |own: &dyn FileSystem, path| own.metadata(path, false);
    /// Returns the names of the entries of a folder.
    read_dir(path) -> vec::IntoIter<OsString>, names, own_names;
}

/// Writes a file.
///
/// # Errors
///
/// Those of the function of the standard library.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    match own() {
        None => fs::write(path, bytes),
        Some(own) => write_own(&*own, path.as_ref(), bytes.as_ref(), false),
    }
}

/// Writes at the end of a file.
///
/// # Errors
///
/// Those of opening the file and writing to it.
pub fn append(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    match own() {
        None => {
            let mut file = fs::File::options().append(true).open(path)?;
            io::Write::write_all(&mut file, bytes.as_ref())
        }
        Some(own) => write_own(&*own, path.as_ref(), bytes.as_ref(), true),
    }
}

/// Sets the permissions of a path.
///
/// # Errors
///
/// Those of the function of the standard library.
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    match own() {
        None => permit(path.as_ref(), &permissions),
        Some(own) => own.set_permissions(path.as_ref(), permissions),
    }
}

/// Returns whether a path leads to a file or a folder.
#[must_use]
pub fn exists(path: impl AsRef<Path>) -> bool {
    metadata(path).is_ok()
}

/// Returns whether a path is that of a symbolic link.
#[must_use]
pub fn is_symlink(path: impl AsRef<Path>) -> bool {
    symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(unix)]
fn system_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn system_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the permissions of a path of the operating system.
#[cfg(unix)]
fn permit(path: &Path, permissions: &Permissions) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(permissions.mode()))
}

#[cfg(not(unix))]
fn permit(path: &Path, permissions: &Permissions) -> io::Result<()> {
    let mut system = fs::metadata(path)?.permissions();
    system.set_readonly(permissions.readonly());
    fs::set_permissions(path, system)
}

/// Returns the mode without the type of the file, which only the operating system includes.
#[cfg(unix)]
fn mode_of(permissions: &Permissions) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(permissions) & 0o7777
}

#[cfg(not(unix))]
fn mode_of(permissions: &Permissions) -> u32 {
    u32::from(permissions.readonly())
}

fn names(path: &Path) -> io::Result<vec::IntoIter<OsString>> {
    let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    Ok(entries.collect::<io::Result<Vec<_>>>()?.into_iter())
}

fn own_names(own: &dyn FileSystem, path: &Path) -> io::Result<vec::IntoIter<OsString>> {
    let entries = own.read_dir(path)?.into_iter().map(|(name, _)| name);
    Ok(entries.collect::<Vec<_>>().into_iter())
}

fn read_own(own: &dyn FileSystem, path: &Path) -> io::Result<Vec<u8>> {
    let mut mode = OpenMode::default();
    mode.read = true;
    let file = own.open(path, &mode)?;
    let mut bytes = vec![0; file.metadata()?.len() as usize];
    let mut done = 0;
    while done < bytes.len() {
        match file.read(&mut bytes[done..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => done += count,
        }
    }
    Ok(bytes)
}

fn write_own(own: &dyn FileSystem, path: &Path, mut bytes: &[u8], appends: bool) -> io::Result<()> {
    let mut mode = OpenMode::default();
    mode.append = appends;
    mode.write = !appends;
    mode.create = !appends;
    mode.truncate = !appends;
    let file = own.open(path, &mode)?;
    while !bytes.is_empty() {
        let count = file.write(bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}

fn create_folders(own: &dyn FileSystem, path: &Path) -> io::Result<()> {
    let mut missing: Vec<&Path> = path.ancestors().collect();
    missing.retain(|path| own.metadata(path, true).is_err());
    let mut missing = missing.into_iter().rev();
    missing.try_for_each(|path| own.create_dir(path, 0o777))
}

fn remove_tree(own: &dyn FileSystem, path: &Path) -> io::Result<()> {
    for (name, file_type) in own.read_dir(path)? {
        let entry = path.join(name);
        if file_type == FileType::Dir {
            remove_tree(own, &entry)?;
        } else {
            own.remove_file(&entry)?;
        }
    }
    own.remove_dir(path)
}

/// Copies the folders of this thread into a backend with its own files.
///
/// # Errors
///
/// Those of reading and writing.
pub(crate) fn bring_in(own: &dyn FileSystem) -> io::Result<()> {
    for folder in FOLDERS.with_borrow(Clone::clone) {
        if let Some(parent) = folder.parent() {
            create_folders(own, parent)?;
        }
        copy_in(own, &folder)?;
    }
    Ok(())
}

fn copy_in(own: &dyn FileSystem, path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return own.symlink(&fs::read_link(path)?, path);
    }
    if metadata.is_dir() {
        own.create_dir(path, 0o777)?;
        for name in names(path)? {
            copy_in(own, &path.join(name))?;
        }
    } else {
        write_own(own, path, &fs::read(path)?, false)?;
    }
    own.set_permissions(path, metadata.permissions().into())
}

/// Copies the folders of this thread back.
///
/// # Errors
///
/// Those of reading and writing.
pub(crate) fn bring_back(own: &dyn FileSystem) -> io::Result<()> {
    for folder in FOLDERS.with_borrow(Clone::clone) {
        if own.metadata(&folder, false).is_ok() {
            copy_out(own, &folder)?;
        } else {
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

/// Makes a path of the operating system equal to one of the backend. Equal files stay: a case may have
/// thousands of them, and run often.
fn copy_out(own: &dyn FileSystem, path: &Path) -> io::Result<()> {
    let metadata = own.metadata(path, false)?;
    let old = fs::symlink_metadata(path).ok();
    let keeps = old.is_some_and(|old| {
        let same_type = FileType::from(old.file_type()) == metadata.file_type();
        same_type && !old.is_symlink()
    });
    if !keeps {
        remove_any(path)?;
    }
    if metadata.is_symlink() {
        return system_link(&own.read_link(path)?, path);
    }
    if metadata.is_dir() {
        if !keeps {
            fs::create_dir(path)?;
        }
        copy_entries_out(own, path)?;
    } else {
        let bytes = read_own(own, path)?;
        if !keeps || fs::read(path)? != bytes {
            fs::write(path, bytes)?;
        }
    }
    let old = Metadata::from(fs::metadata(path)?).permissions();
    if mode_of(&old) != mode_of(&metadata.permissions()) {
        permit(path, &metadata.permissions())?;
    }
    Ok(())
}

fn copy_entries_out(own: &dyn FileSystem, folder: &Path) -> io::Result<()> {
    for name in names(folder)? {
        let entry = folder.join(name);
        if own.metadata(&entry, false).is_err() {
            remove_any(&entry)?;
        }
    }
    for name in own_names(own, folder)? {
        copy_out(own, &folder.join(name))?;
    }
    Ok(())
}

/// Removes what is at a path of the operating system, if there is something.
fn remove_any(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}
