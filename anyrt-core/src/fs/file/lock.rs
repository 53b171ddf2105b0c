//! Locks that exclude other handles of the same file.

use std::io;
use std::time::Duration;

use super::File;
use crate::disk::Handle;
use crate::runtime::Runtime;
use crate::time::sleep;

/// The pauses between attempts to lock a file.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl<R: Runtime> File<R> {
    /// Locks the file for this handle alone, and waits while another handle has the lock.
    ///
    /// It polls the lock, with pauses that grow from 1 to 100 milliseconds, because a thread that waits for a
    /// lock of the system could not be interrupted.
    ///
    /// # Cancel safety
    ///
    /// If it is cancelled, it has the lock or not, and the result says which. If the future is dropped, the
    /// file may have the lock until it is unlocked or closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("lock");
    /// let mut first = File::create(&path).await?;
    /// first.lock().await?;
    /// let mut second = File::open(&path).await?;
    /// assert!(!second.try_lock().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn lock(&mut self) -> io::Result<()> {
        self.lock_by(false).await
    }

    /// Locks the file for this handle and others that lock it by this method; see [`lock`](File::lock).
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](File::lock).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let (mut first, mut second) = (File::open("Cargo.toml").await?, File::open("Cargo.toml").await?);
    /// first.lock_shared().await?;
    /// second.lock_shared().await?; // does not wait
    /// assert!(!second.try_lock().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn lock_shared(&mut self) -> io::Result<()> {
        self.lock_by(true).await
    }

    /// Locks the file for this handle alone if no other has it; returns whether it was locked.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](File::lock).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let mut file = File::create(dir.path().join("lock")).await?;
    /// assert!(file.try_lock().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn try_lock(&mut self) -> io::Result<bool> {
        self.try_lock_by(false).await
    }

    /// Locks the file in the way of [`lock_shared`](File::lock_shared) if that is possible at once;
    /// returns whether it was locked.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](File::lock).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("lock");
    /// let mut writer = File::create(&path).await?;
    /// writer.lock().await?;
    /// assert!(!File::open(&path).await?.try_lock_shared().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn try_lock_shared(&mut self) -> io::Result<bool> {
        self.try_lock_by(true).await
    }

    /// Releases the lock.
    ///
    /// # Cancel safety
    ///
    /// As for each operation of the [file](File#cancel-safety): once it has begun, it is carried out.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("lock");
    /// let mut first = File::create(&path).await?;
    /// first.lock().await?;
    /// first.unlock().await?;
    /// assert!(File::open(&path).await?.try_lock().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn unlock(&mut self) -> io::Result<()> {
        self.call("unlock", false, |file, _| file.unlock()).await
    }

    async fn lock_by(&mut self, shared: bool) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        while !self.try_lock_by(shared).await? {
            sleep::<R>(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    async fn try_lock_by(&mut self, shared: bool) -> io::Result<bool> {
        // Forgets what was read ahead: the owner of the lock may have changed it.
        let attempt = move |file: &Handle, _| file.try_lock(shared);
        self.call("lock", true, attempt).await
    }
}
