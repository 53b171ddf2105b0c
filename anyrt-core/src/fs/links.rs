//! Symbolic links and other features of Unix file systems.

use std::io;
use std::path::{Path, PathBuf};

use super::call::{Limiter, call, check};
use crate::disk::{Metadata, Permissions};
use crate::runtime::{OpenMode, Runtime};

/// Creates a symbolic link.
pub fn symlink<R: Runtime>(
    original: impl AsRef<Path>,
    link: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    symlink_at::<R>(None, original, link)
}

pub(super) async fn symlink_at<R: Runtime>(
    limiter: Limiter,
    original: PathBuf,
    link: PathBuf,
) -> io::Result<()> {
    check("link", &original)?;
    call::<R, _>(limiter, "link", link, move |disk, link| {
        disk.symlink(&original, link)
    })
    .await
}

impl<R: Runtime> super::Path<R> {
    /// Creates this path as a symbolic link that leads there.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out as a whole (rule [F1](crate::rules#f1)).
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
    /// let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    /// file.write("text").await?;
    /// link.symlink_to(&file).await?;
    /// assert_eq!(link.read_to_string().await?, "text");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn symlink_to(&self, target: impl AsRef<Path>) -> io::Result<()> {
        let (target, link) = (target.as_ref().to_owned(), self.to_path_buf());
        symlink_at::<R>(self.limiter().cloned(), target, link).await
    }

    /// Sets the mode of the file, such as `0o644`.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out as a whole (rule [F1](crate::rules#f1)).
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
    /// let file = dir.path().join("key");
    /// file.write("secret").await?;
    /// file.chmod(0o400).await?;
    /// assert!(file.metadata().await?.permissions().readonly());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn chmod(&self, mode: u32) -> io::Result<()> {
        self.set_permissions(Permissions::new(mode)).await
    }

    /// Returns the name of the user that owns the file, according to `/etc/passwd`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) for users that are not listed there.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert_eq!(Path::new("/").owner().await?, "root");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn owner(&self) -> io::Result<String> {
        use std::os::unix::fs::MetadataExt;
        self.name_of("/etc/passwd", MetadataExt::uid).await
    }

    /// Returns the name of the group of the file, according to `/etc/group`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) for groups that are not listed there.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(!Path::new("/").group().await?.is_empty());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn group(&self) -> io::Result<String> {
        use std::os::unix::fs::MetadataExt;
        self.name_of("/etc/group", MetadataExt::gid).await
    }

    async fn name_of(
        &self,
        list: &'static str,
        number: fn(&Metadata) -> u32,
    ) -> io::Result<String> {
        let limiter = self.limiter().cloned();
        call::<R, _>(limiter, "look at", self.to_path_buf(), move |disk, path| {
            let number = number(&disk.metadata(path, true)?).to_string();
            let list = io::read_to_string(&disk.open(Path::new(list), &OpenMode::READ)?)?;
            let found = list.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                (fields.nth(1)? == number).then(|| name.to_owned())
            });
            found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no name has that number"))
        })
        .await
    }
}
