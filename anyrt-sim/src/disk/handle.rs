//! What a test can do with a disk.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::Disk;
use super::changes::Slot;
use super::costs::DiskOperation;
use super::errors::Errno;
use super::file::FileData;
use super::node::{Kind, NodeId};
use super::tree::Tree;
use crate::host::{Host, HostBuilder};
use crate::lock::lock;
use crate::shared::Shared;
use crate::spawn::Simulation;

/// The disk of a host, from [`Host::disk`], for a test that looks at it or prepares it.
///
/// Its methods take no time, meet no faults, ignore permissions, and their effects are durable at once. They
/// may be called whether the host is up or not, on any task of the simulation.
///
/// # What a crash leaves
///
/// A [crash](Host::crash) keeps what is durable, and loses or keeps the rest by draws:
///
/// | what | durable | otherwise, at a crash |
/// | --- | --- | --- |
/// | bytes of a file | after a sync of the file | lost; with [`Faults::torn_writes`](crate::Faults::torn_writes), each write is lost, kept or torn |
/// | length of a file: `set_len`, truncation | after a sync of the file, or 30 seconds | kept or lost |
/// | entries of a folder: create, rename, remove, link | after a sync of the file that they are about, or of the folder, or 30 seconds | each is kept or lost |
///
/// A rename is kept as a whole or not at all. Changes that concern the same entry, the same file, or a folder and
/// an entry in it keep their order; others are independent. So a file that is written, synced and then renamed
/// to its place has the old contents or the new ones. One that is renamed without a sync may be empty.
///
/// # Examples
///
/// ```
/// use anyrt::fs::OpenOptions;
/// use anyrt::sim::{Config, DiskHandle, Simulation};
/// use std::time::Duration;
///
/// async fn journal() -> std::io::Result<()> {
///     let mut file = OpenOptions::new().append(true).create(true).open("/journal").await?;
///     file.write_all(b"safe").await?;
///     file.sync_all().await?;
///     file.write_all(b", and not safe").await?;
///     file.flush().await?;
///     anyrt::sleep_forever().await
/// }
///
/// Config::new(7)
///     .run(async {
///         let sim = Simulation::current().expect("this is a simulation");
///         let prepare = |disk: &DiskHandle| disk.write("/etc/name", b"one").unwrap();
///         let host = sim.host("server").disk(prepare).start(journal);
///         anyrt::sleep(Duration::from_secs(1)).await;
///         assert_eq!(host.disk().read("/journal").unwrap(), b"safe, and not safe");
///         host.crash().await;
///         assert_eq!(host.disk().read("/journal").unwrap(), b"safe");
///         assert_eq!(host.disk().read("/etc/name").unwrap(), b"one");
///     })
///     .unwrap();
/// ```
#[derive(Clone)]
pub struct DiskHandle {
    shared: Arc<Shared>,
    disk: Arc<Disk>,
}

impl Simulation {
    /// Returns the disk of the host that the caller is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(7).run(async {
    ///     anyrt::fs::write("/notes", "text").await.unwrap();
    ///     Simulation::current().unwrap().disk().read("/notes")
    /// });
    /// assert_eq!(outcome.unwrap().unwrap(), b"text");
    /// ```
    pub fn disk(&self) -> DiskHandle {
        DiskHandle::new(&self.0.shared, &self.0.disk)
    }
}

impl Host {
    /// Returns the disk, which outlives crashes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// let outcome = Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(|| anyrt::fs::write("/notes", "text"));
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     server.disk().read("/notes")
    /// });
    /// assert_eq!(outcome.unwrap().unwrap(), b"text");
    /// ```
    pub fn disk(&self) -> DiskHandle {
        DiskHandle::new(&self.shared, &self.disk)
    }
}

impl HostBuilder {
    /// Prepares the disk, before the host starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").disk(|disk| disk.write("/etc/name", "one").unwrap());
    ///     server.start(anyrt::sleep_forever).disk().exists("/etc/name")
    /// });
    /// assert!(outcome.unwrap());
    /// ```
    pub fn disk(self, prepare: impl FnOnce(&DiskHandle)) -> HostBuilder {
        prepare(&DiskHandle::new(&self.shared, &self.disk));
        self
    }
}

impl DiskHandle {
    fn new(shared: &Arc<Shared>, disk: &Arc<Disk>) -> DiskHandle {
        DiskHandle {
            shared: shared.clone(),
            disk: disk.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        let now = self.shared.now();
        self.disk.lock(now, now)
    }

    /// Returns the contents of a file.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such file, or if it is a folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let disk = Simulation::current().unwrap().disk();
    ///     disk.write("/notes", "text").unwrap();
    ///     assert_eq!(disk.read("/notes").unwrap(), b"text");
    ///     assert!(disk.read("/missing").is_err());
    /// }).unwrap();
    /// ```
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let mut tree = self.lock();
        let node = tree.resolve(path.as_ref(), true)?.existing()?;
        Ok(tree.file_mut(node)?.current().to_vec())
    }

    /// Writes a file, and creates it with its folders if it is missing.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is that of a folder, or leads through a file.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().disk().write("/etc/app/name", "one").unwrap();
    ///     assert_eq!(anyrt::fs::read("/etc/app/name").await.unwrap(), b"one");
    /// }).unwrap();
    /// ```
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut tree = self.lock();
        Ok(tree.write_whole(path.as_ref(), bytes.as_ref())?)
    }

    /// Returns whether a path leads to a file or a folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let disk = Simulation::current().unwrap().disk();
    ///     disk.write("/notes", "text").unwrap();
    ///     assert!(disk.exists("/notes"));
    ///     assert!(!disk.exists("/missing"));
    /// }).unwrap();
    /// ```
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        let place = self.lock().resolve(path.as_ref(), true);
        place.is_ok_and(|place| place.node.is_some())
    }

    /// Returns the names of the entries of a folder, sorted.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let disk = Simulation::current().unwrap().disk();
    ///     disk.write("/notes", "text").unwrap();
    ///     disk.write("/log/2", "").unwrap();
    ///     disk.write("/log/1", "").unwrap();
    ///     assert_eq!(disk.list("/log").unwrap(), ["1", "2"]);
    /// }).unwrap();
    /// ```
    pub fn list(&self, path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
        let tree = self.lock();
        let node = tree.resolve(path.as_ref(), true)?.existing()?;
        Ok(tree.folder(node)?.entries.keys().cloned().collect())
    }

    /// Removes a file, or a folder with everything in it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such path, or if it is the root.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let disk = Simulation::current().unwrap().disk();
    ///     disk.write("/notes", "text").unwrap();
    ///     disk.remove("/notes").unwrap();
    ///     assert!(!disk.exists("/notes"));
    /// }).unwrap();
    /// ```
    pub fn remove(&self, path: impl AsRef<Path>) -> io::Result<()> {
        Ok(self.lock().remove_whole(path.as_ref())?)
    }

    /// Returns the length of all files together.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let disk = Simulation::current().unwrap().disk();
    ///     disk.write("/notes", "text").unwrap();
    ///     let before = disk.used();
    ///     disk.write("/more", [0; 100]).unwrap();
    ///     assert_eq!(disk.used(), before + 100);
    /// }).unwrap();
    /// ```
    pub fn used(&self) -> u64 {
        self.lock().used
    }

    /// Sets the most bytes that all files together may have. A write beyond it writes less, or fails as on a full
    /// disk. `None`, the default, is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::io::ErrorKind;
    ///
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().disk().set_capacity(Some(10));
    ///     let error = anyrt::fs::write("/notes", "more than ten bytes").await.unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::StorageFull);
    /// }).unwrap();
    /// ```
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.lock().capacity = capacity;
    }

    /// Sets the time that calls on this disk take, other than syncs: at least the start of the range, and less
    /// than its end. By default it is [`Faults::disk_latency`](crate::Faults::disk_latency).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().disk().set_latency(second..second);
    ///     let start = anyrt::now();
    ///     anyrt::fs::write("/notes", "text").await.unwrap();
    ///     assert!(anyrt::now() - start >= second);
    /// }).unwrap();
    /// ```
    pub fn set_latency(&self, range: Range<Duration>) {
        lock(&self.disk.costs).latency = Some(range);
    }

    /// Sets the time that syncs of this disk take. By default it is
    /// [`Faults::sync_latency`](crate::Faults::sync_latency).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().disk().set_sync_latency(second..second);
    ///     let mut file = anyrt::fs::File::create("/notes").await.unwrap();
    ///     let start = anyrt::now();
    ///     file.sync_all().await.unwrap();
    ///     assert!(anyrt::now() - start >= second);
    /// }).unwrap();
    /// ```
    pub fn set_sync_latency(&self, range: Range<Duration>) {
        lock(&self.disk.costs).sync_latency = Some(range);
    }

    /// Lets the next operations of a kind fail with `EIO`, as many as `count`. After a sync that has failed,
    /// what it did not write may be lost for later ones too.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, DiskOperation, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().disk().fail_next(DiskOperation::Sync, 1);
    ///     let mut file = anyrt::fs::File::create("/notes").await.unwrap();
    ///     assert!(file.sync_all().await.is_err());
    /// }).unwrap();
    /// ```
    pub fn fail_next(&self, operation: DiskOperation, count: u32) {
        lock(&self.disk.costs).failing.insert(operation, count);
    }
}

impl Tree {
    fn write_whole(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Errno> {
        if let Some(parent) = path.parent() {
            self.create_folders(parent)?;
        }
        let place = self.resolve(path, true)?;
        let node = match place.node {
            Some(node) => node,
            None => self.create_file(place, 0o666)?,
        };
        let before = self.node(node).length();
        *self.file_mut(node)? = FileData::synced(bytes);
        self.used = self.used - before + bytes.len() as u64;
        self.node_mut(node).modified = self.time;
        self.commit(node);
        Ok(())
    }

    /// Creates the folders of a path that are missing.
    fn create_folders(&mut self, path: &Path) -> Result<(), Errno> {
        for part in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            if part.as_os_str().is_empty() || self.resolve(part, true)?.node.is_some() {
                continue;
            }
            let node = self.create_folder(part, 0o777)?;
            self.commit(node);
        }
        Ok(())
    }

    fn remove_whole(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.resolve(path, false)?;
        let node = place.existing()?;
        let name = place.name.ok_or(Errno::BUSY)?;
        let mut to_remove = vec![(place.folder, name, node)];
        let mut at = 0;
        // Ends: a folder has one entry, so each is found once.
        while let Some((_, _, node)) = to_remove.get(at) {
            let inner = self.entries_to_remove(*node);
            to_remove.extend(inner);
            at += 1;
        }
        for (folder, name, node) in to_remove.into_iter().rev() {
            self.remove(folder, &name);
            let slot = Slot {
                folder,
                name,
                node: None,
            };
            self.note(vec![slot], vec![node]);
            self.commit(node);
        }
        self.sweep();
        Ok(())
    }

    fn entries_to_remove(&self, node: NodeId) -> Vec<(NodeId, OsString, NodeId)> {
        match &self.node(node).kind {
            Kind::Folder(folder) => {
                let entries = folder.entries.iter();
                entries
                    .map(|(name, entry)| (node, name.clone(), *entry))
                    .collect()
            }
            Kind::File(_) | Kind::Symlink(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for DiskHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskHandle").finish_non_exhaustive()
    }
}
