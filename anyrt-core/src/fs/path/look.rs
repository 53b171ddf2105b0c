//! Looking: whether a path exists, what it leads to, and what is in a folder.

use std::io;
use std::path;

use super::Path;
use crate::disk::Metadata;
use crate::fs::listing::ReadDir;
use crate::fs::walk::Walk;
use crate::fs::{dirs, functions};
use crate::runtime::Runtime;

/// Implements a method for a property of a path.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident by $method:ident;)*) => { $(
        $(#[$doc])*
        pub async fn $name(&self) -> io::Result<bool> {
            let look = |metadata: &Metadata| metadata.file_type().$method();
            let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
            let follow = stringify!($name) != "is_symlink";
            let found = functions::metadata_at::<R, _>(limiter, path, follow, look).await?;
            Ok(found.unwrap_or(false))
        }
    )* };
}

impl<R: Runtime> Path<R> {
    /// Returns whether the path leads to a file or folder.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, unless there is no such path.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(Path::new("Cargo.toml").exists().await?);
    /// assert!(!Path::new("missing").exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn exists(&self) -> io::Result<bool> {
        functions::exists_at::<R>(self.limiter.clone(), self.to_path_buf(), true).await
    }

    /// Returns whether the path exists, even as a link without a target.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, unless there is no such path.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let link = dir.path().join("link");
    /// link.symlink_to("missing").await?;
    /// assert!(link.exists_itself().await?);
    /// assert!(!link.exists().await?, "its target is missing");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn exists_itself(&self) -> io::Result<bool> {
        functions::exists_at::<R>(self.limiter.clone(), self.to_path_buf(), false).await
    }

    queries! {
        /// Returns whether the path leads to a regular file.
        ///
        /// # Errors
        ///
        /// Returns the error of the operating system, unless there is no such path.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::fs::Path;
        ///
        /// # anyrt::run(async {
        /// assert!(Path::new("Cargo.toml").is_file().await?);
        /// assert!(!Path::new("missing").is_file().await?);
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        is_file by is_file;
        /// Returns whether the path leads to a folder.
        ///
        /// # Errors
        ///
        /// Returns the error of the operating system, unless there is no such path.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::fs::Path;
        ///
        /// # anyrt::run(async {
        /// assert!(Path::new("src").is_dir().await?);
        /// assert!(!Path::new("Cargo.toml").is_dir().await?);
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        is_dir by is_dir;
        /// Returns whether the path is a symbolic link.
        ///
        /// # Errors
        ///
        /// Returns the error of the operating system, unless there is no such path.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// let dir = anyrt::temp::dir().await?;
        /// let link = dir.path().join("link");
        /// link.symlink_to("missing").await?;
        /// assert!(link.is_symlink().await?);
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        is_symlink by is_symlink;
    }

    /// Returns the metadata of the file or folder that the path leads to. For that of a link itself, see
    /// [`symlink_metadata`](Path::symlink_metadata).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(Path::new("Cargo.toml").metadata().await?.len() > 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.call("look at", |disk, path| disk.metadata(path, true))
            .await
    }

    /// Returns the metadata of the path itself, even if it is a link.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let link = dir.path().join("link");
    /// link.symlink_to("missing").await?;
    /// assert!(link.symlink_metadata().await?.is_symlink());
    /// assert!(link.metadata().await.is_err(), "there is no target");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn symlink_metadata(&self) -> io::Result<Metadata> {
        self.call("look at", |disk, path| disk.metadata(path, false))
            .await
    }

    /// Returns whether another path leads to the same file or folder.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(Path::new("Cargo.toml").same_file("src/../Cargo.toml").await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn same_file(&self, other: impl AsRef<path::Path>) -> io::Result<bool> {
        let other = other.as_ref().to_owned();
        functions::same_file_at::<R>(self.limiter.clone(), self.to_path_buf(), other).await
    }

    /// Returns the path in its canonical form: absolute, and without symbolic links.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let path = Path::new("src/../Cargo.toml").resolve().await?;
    /// assert!(path.is_absolute());
    /// assert!(path.same_file("Cargo.toml").await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn resolve(&self) -> io::Result<Path<R>> {
        let resolved = self
            .call("resolve", |disk, path| disk.canonicalize(path))
            .await?;
        Ok(self.derive(resolved))
    }

    /// Returns the target of a symbolic link.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let link = dir.path().join("link");
    /// link.symlink_to("../target").await?;
    /// assert_eq!(link.read_link().await?, Path::new("../target"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_link(&self) -> io::Result<Path<R>> {
        let target = self
            .call("read the link", |disk, path| disk.read_link(path))
            .await?;
        Ok(self.derive(target))
    }

    /// Lists the folder; the paths of the entries keep the limiter.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let mut entries = Path::new("src").read_dir().await?;
    /// let mut folders = 0;
    /// while let Some(entry) = entries.next().await {
    ///     folders += usize::from(entry?.file_type().is_dir());
    /// }
    /// assert!(folders > 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_dir(&self) -> io::Result<ReadDir<R>> {
        dirs::read_dir_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Walks through the folder and everything below it; see [`walk`](crate::fs::walk).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let mut entries = Path::new("src").walk();
    /// let mut sources = 0;
    /// while let Some(entry) = entries.next().await {
    ///     sources += usize::from(entry?.path().extension().is_some_and(|end| end == "rs"));
    /// }
    /// assert!(sources > 10);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn walk(&self) -> Walk<R> {
        Walk::new(self.to_path_buf(), self.limiter.clone())
    }
}
