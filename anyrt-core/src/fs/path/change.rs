//! Creating, removing, renaming, copying and moving.

use std::io;
use std::path::{self, PathBuf};

use super::Path;
use crate::disk::Permissions;
use crate::fs::call::{call_cancellable, check};
use crate::fs::{dirs, functions, whole};
use crate::runtime::Runtime;

impl<R: Runtime> Path<R> {
    /// Removes the file. If `missing_ok` is set, a missing file is not an error.
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
    /// let path = dir.path().join("file");
    /// path.write("text").await?;
    /// path.unlink(false).await?;
    /// assert!(path.unlink(false).await.is_err());
    /// path.unlink(true).await?; // missing, and that is fine
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn unlink(&self, missing_ok: bool) -> io::Result<()> {
        let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
        dirs::remove_file_at::<R>(limiter, path, missing_ok).await
    }

    /// Creates the folder.
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
    /// let folder = dir.path().join("photos");
    /// folder.create_dir().await?;
    /// assert!(folder.is_dir().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn create_dir(&self) -> io::Result<()> {
        dirs::create_dir_at::<R>(self.limiter.clone(), self.to_path_buf(), false).await
    }

    /// Creates the folder and its missing parents.
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
    /// let folder = dir.path().join("photos/2026/may");
    /// folder.create_dir_all().await?;
    /// assert!(folder.is_dir().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn create_dir_all(&self) -> io::Result<()> {
        dirs::create_dir_at::<R>(self.limiter.clone(), self.to_path_buf(), true).await
    }

    /// Removes the folder, which must be empty.
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
    /// let folder = dir.path().join("photos");
    /// folder.create_dir().await?;
    /// folder.remove_dir().await?;
    /// assert!(!folder.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn remove_dir(&self) -> io::Result<()> {
        self.call("remove", |disk, path| disk.remove_dir(path))
            .await
    }

    /// Removes the folder with everything in it; see [`remove_dir_all`](crate::fs::remove_dir_all).
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
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
    /// let folder = dir.path().join("photos");
    /// folder.join("2026").create_dir_all().await?;
    /// folder.remove_dir_all().await?;
    /// assert!(!folder.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn remove_dir_all(&self) -> io::Result<()> {
        dirs::remove_dir_all_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Renames the file, and fails if the new name exists; see [`rename`](crate::fs::rename). Returns the new
    /// path.
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
    /// let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    /// old.write("text").await?;
    /// assert_eq!(old.rename(&new).await?, new);
    /// old.write("other").await?;
    /// assert!(old.rename(&new).await.is_err(), "the name exists");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn rename(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        functions::rename_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Renames the file, and replaces a file with the new name. Returns the new path.
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
    /// let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    /// old.write("newer").await?;
    /// new.write("text").await?;
    /// old.replace(&new).await?;
    /// assert_eq!(new.read_to_string().await?, "newer");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn replace(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        functions::replace_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Copies the file; see [`copy`](crate::fs::copy). Returns the path of the copy.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
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
    /// let file = dir.path().join("file");
    /// file.write("text").await?;
    /// let copy = file.copy(dir.path().join("copy")).await?;
    /// assert_eq!(copy.read_to_string().await?, "text");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn copy(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        whole::copy_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Copies the file into a folder, under the same name. Returns the path of the copy.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path has no file name.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let (file, folder) = (dir.path().join("file"), dir.path().join("backup"));
    /// file.write("text").await?;
    /// folder.create_dir().await?;
    /// assert_eq!(file.copy_into(&folder).await?, folder.join("file"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn copy_into(&self, folder: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        self.copy(self.place_in(folder.as_ref())?).await
    }

    /// Moves the file and replaces the target, across file systems too: then a copy replaces the target, and the
    /// file is removed. Returns the new path.
    ///
    /// The target is replaced in one step in each case, and a symbolic link is moved as a link. Folders are not moved
    /// to another file system. If both paths are names of one file (hard links), both stay.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
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
    /// let file = dir.path().join("file");
    /// file.write("text").await?;
    /// let moved = file.move_to(dir.path().join("moved")).await?;
    /// assert!(moved.exists().await? && !file.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn move_to(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        check("move", &to)?;
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        let limiter = self.limiter.clone();
        call_cancellable::<R, _>(limiter, "move", from, move |disk, from| {
            match disk.replace(from, &target) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
                outcome => return Ok(outcome?),
            }
            whole::move_across(disk, from, &target)
        })
        .await?;
        Ok(to)
    }

    /// Moves the file into a folder, under the same name; see [`move_to`](Path::move_to).
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path has no file name.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let (file, folder) = (dir.path().join("file"), dir.path().join("done"));
    /// file.write("text").await?;
    /// folder.create_dir().await?;
    /// assert_eq!(file.move_into(&folder).await?, folder.join("file"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn move_into(&self, folder: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        self.move_to(self.place_in(folder.as_ref())?).await
    }

    fn place_in(&self, folder: &path::Path) -> io::Result<PathBuf> {
        let name = self.path.file_name();
        let name = name.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the path has no last name")
        })?;
        Ok(folder.join(name))
    }

    /// Creates this path as a hard link to a file.
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
    /// let (file, other) = (dir.path().join("file"), dir.path().join("other"));
    /// file.write("text").await?;
    /// other.hard_link_to(&file).await?;
    /// assert!(other.same_file(&file).await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn hard_link_to(&self, original: impl AsRef<path::Path>) -> io::Result<()> {
        let original = original.as_ref().to_owned();
        functions::hard_link_at::<R>(self.limiter.clone(), original, self.to_path_buf()).await
    }

    /// Sets the permissions.
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
    /// use anyrt::fs::Permissions;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let file = dir.path().join("file");
    /// file.write("text").await?;
    /// file.set_permissions(Permissions::new(0o400)).await?;
    /// assert!(file.metadata().await?.permissions().readonly());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn set_permissions(&self, permissions: impl Into<Permissions>) -> io::Result<()> {
        let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
        functions::set_permissions_at::<R>(limiter, path, permissions.into()).await
    }
}
