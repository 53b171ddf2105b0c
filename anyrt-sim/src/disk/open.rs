//! Open files.

use std::fmt;
use std::io::{self, SeekFrom};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use anyrt_core::runtime::{Metadata, OpenFile, OpenMode, Permissions};

use super::costs::{DiskOperation, Subject};
use super::errors::Errno;
use super::node::{Kind, NodeId};
use super::system::Files;
use super::tree::Tree;
use crate::choices::Purpose;

/// The longest file.
const MAX_LENGTH: u64 = i64::MAX as u64;

/// An open file or folder of a host. It is of no use any more once the host has crashed.
pub(super) struct File {
    files: Files,
    node: NodeId,
    /// The number by which locks name the handle.
    handle: u64,
    reads: bool,
    writes: bool,
    appends: bool,
    /// Changed under the lock of the disk alone, which orders it.
    position: AtomicU64,
}

impl File {
    /// Creates the handle of a node, which counts it already.
    pub(super) fn new(files: Files, node: NodeId, mode: &OpenMode) -> File {
        let handle = files.host.shared.lock().next_id();
        File {
            files,
            node,
            handle,
            reads: mode.read,
            writes: mode.write || mode.append,
            appends: mode.append,
            position: AtomicU64::new(0),
        }
    }

    fn begin(&self, operation: DiskOperation) -> Result<MutexGuard<'_, Tree>, Errno> {
        self.files.begin(operation, Subject::File(self.node))
    }

    /// Reads at an offset, or else at the position, which is moved.
    fn read_from(&self, buffer: &mut [u8], offset: Option<u64>) -> Result<usize, Errno> {
        self.files.check()?;
        check(self.reads)?;
        let mut tree = self.begin(DiskOperation::Read)?;
        let from = offset.unwrap_or_else(|| self.position());
        let time = tree.time;
        let file = tree.file_mut(self.node)?;
        let there = file.current().len().saturating_sub(from);
        let count = there.min(buffer.len() as u64) as usize;
        let count = self
            .files
            .draw_transfer(DiskOperation::Read, Subject::File(self.node), count);
        file.current().read(&mut buffer[..count], from);
        tree.node_mut(self.node).accessed = time;
        if offset.is_none() {
            self.set_position(from + count as u64);
        }
        Ok(count)
    }

    /// Writes at an offset, or else at the position, which is moved. A file that is appended to is written at
    /// its end in any case, as by Linux.
    fn write_to(&self, bytes: &[u8], offset: Option<u64>) -> Result<usize, Errno> {
        self.files.check()?;
        check(self.writes)?;
        let mut tree = self.begin(DiskOperation::Write)?;
        let at = match offset {
            _ if self.appends => tree.node(self.node).length(),
            Some(offset) => offset,
            None => self.position(),
        };
        let count =
            self.files
                .draw_transfer(DiskOperation::Write, Subject::File(self.node), bytes.len());
        let count = tree.write(self.node, &bytes[..count], at)?;
        if offset.is_none() {
            self.set_position(at + count as u64);
        }
        Ok(count)
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    fn set_position(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    fn sync(&self) -> Result<(), Errno> {
        let operation = DiskOperation::Sync;
        self.files.pass_time(operation, Subject::File(self.node))?;
        let fails = self.files.draw_error(operation, Subject::File(self.node));
        // Some systems drop what they could not write, and later syncs succeed without it.
        let forgets = fails && self.files.draw(Purpose::DiskFault, 2) == 1;
        let mut tree = self.files.lock();
        if forgets {
            if let Ok(file) = tree.file_mut(self.node) {
                file.forget_unsynced();
            }
        }
        if fails {
            return Err(Errno::IO);
        }
        tree.sync(self.node);
        Ok(())
    }
}

/// Checks that a file was opened for an operation.
fn check(permitted: bool) -> Result<(), Errno> {
    if permitted { Ok(()) } else { Err(Errno::BADF) }
}

impl Tree {
    /// Writes to a file at an offset. Writes less if the disk is full.
    fn write(&mut self, node: NodeId, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
        let length = self.file_mut(node)?.current().len();
        if bytes.is_empty() {
            return Ok(0);
        }
        let most = MAX_LENGTH.checked_sub(offset).ok_or(Errno::INVAL)?;
        if most == 0 {
            return Err(Errno::FBIG);
        }
        let limit = length.saturating_add(self.room());
        let fits = limit.checked_sub(offset).filter(|fits| *fits > 0);
        let count = fits.ok_or(Errno::NOSPC)?.min(most).min(bytes.len() as u64);
        let bytes = &bytes[..count as usize];
        self.file_mut(node)?.write(bytes, offset);
        self.used += (offset + count).saturating_sub(length);
        self.node_mut(node).modified = self.time;
        Ok(bytes.len())
    }

    /// Sets the length of a file.
    pub(super) fn resize(&mut self, node: NodeId, length: u64) -> Result<(), Errno> {
        let (now, room) = (self.now, self.room());
        let file = self.file_mut(node).map_err(|_| Errno::INVAL)?;
        let before = file.current().len();
        if length > MAX_LENGTH {
            return Err(Errno::FBIG);
        }
        if length.saturating_sub(before) > room {
            return Err(Errno::NOSPC);
        }
        if length != before {
            file.resize(length, now);
        }
        self.used = self.used - before + length;
        self.node_mut(node).modified = self.time;
        Ok(())
    }

    /// Makes a file or a folder durable, with its entries.
    pub(super) fn sync(&mut self, node: NodeId) {
        if let Kind::File(file) = &mut self.node_mut(node).kind {
            file.sync();
        }
        self.commit(node);
    }
}

impl OpenFile for File {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_from(buffer, None)?)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.files.has_crashed() {
            // The bytes vanish with the host: they are not a loss to report.
            return Ok(bytes.len());
        }
        Ok(self.write_to(bytes, None)?)
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        if !self.files.has_crashed() {
            self.files.check()?;
        }
        let tree = self.files.lock();
        let (base, by) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(by) => (self.position(), by),
            SeekFrom::End(by) => (tree.node(self.node).length(), by),
        };
        let position = base.checked_add_signed(by).ok_or(Errno::INVAL)?;
        if position > MAX_LENGTH {
            return Err(Errno::INVAL.into());
        }
        self.set_position(position);
        Ok(position)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.read_from(buffer, Some(offset))?)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        Ok(self.write_to(bytes, Some(offset))?)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.files.check()?;
        if !self.writes {
            return Err(Errno::INVAL.into());
        }
        Ok(self
            .begin(DiskOperation::Write)?
            .resize(self.node, length)?)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let tree = self.begin(DiskOperation::Inspect)?;
        Ok(tree.metadata(self.node))
    }

    fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        let mut tree = self.begin(DiskOperation::Change)?;
        tree.node_mut(self.node).permissions = permissions;
        Ok(())
    }

    fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        let mut tree = self.begin(DiskOperation::Change)?;
        tree.node_mut(self.node).modified = time;
        Ok(())
    }

    fn sync(&self, _data_only: bool) -> io::Result<()> {
        Ok(self.sync()?)
    }

    fn try_lock(&self, shared: bool) -> io::Result<bool> {
        self.files.check()?;
        let mut tree = self.files.lock();
        let locks = &mut tree.node_mut(self.node).locks;
        Ok(locks.try_lock(self.handle, shared))
    }

    fn unlock(&self) -> io::Result<()> {
        self.files.check()?;
        let mut tree = self.files.lock();
        tree.node_mut(self.node).locks.unlock(self.handle);
        Ok(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A crash has closed it already.
        if self.files.check().is_ok() {
            self.files.lock().close(self.node, self.handle);
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
