//! [`Metadata`].

use std::fs;
use std::io;
use std::time::SystemTime;

use super::{FileType, Permissions};

/// The metadata of a file or folder.
///
/// On Unix it implements [`MetadataExt`](std::os::unix::fs::MetadataExt).
#[derive(Clone, Debug)]
pub struct Metadata {
    pub(super) source: MetadataSource,
}

#[derive(Clone, Debug)]
pub(super) enum MetadataSource {
    System(fs::Metadata),
    Own(OwnMetadata),
}

/// The parts of a [`Metadata`] that a runtime with its own files makes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnMetadata {
    /// The type.
    pub file_type: FileType,
    /// The length in bytes.
    pub length: u64,
    /// The permissions.
    pub permissions: Permissions,
    /// The number of the file, which identifies it as long as it exists.
    pub number: u64,
    /// The number of names.
    pub links: u64,
    /// The time of the last modification of the contents.
    pub modified: SystemTime,
    /// The time of the last access.
    pub accessed: SystemTime,
    /// The time of the creation.
    pub created: SystemTime,
}

impl OwnMetadata {
    /// Creates metadata of an empty file with one name and the mode `0o644`, with the same time everywhere.
    pub fn new(file_type: FileType, number: u64, time: SystemTime) -> OwnMetadata {
        OwnMetadata {
            file_type,
            length: 0,
            permissions: Permissions::new(0o644),
            number,
            links: 1,
            modified: time,
            accessed: time,
            created: time,
        }
    }
}

/// Implements a method by the part of each source.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident -> $type:ty, $system:expr, $own:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name(&self) -> $type {
            match &self.source {
                MetadataSource::System(system) => $system(system),
                MetadataSource::Own(own) => $own(own),
            }
        }
    )* };
}

#[expect(
    clippy::len_without_is_empty,
    reason = "the methods are those of the standard library"
)]
impl Metadata {
    parts! {
        /// Returns the type.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// assert!(anyrt::fs::metadata("src").await?.file_type().is_dir());
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        file_type -> FileType, |system: &fs::Metadata| system.file_type().into(), |own: &OwnMetadata| own.file_type;
        /// Returns the length in bytes.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// assert!(anyrt::fs::metadata("Cargo.toml").await?.len() > 0);
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        len -> u64, fs::Metadata::len, |own: &OwnMetadata| own.length;
        /// Returns the permissions.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// assert!(!anyrt::fs::metadata("Cargo.toml").await?.permissions().readonly());
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        permissions -> Permissions, |system: &fs::Metadata| system.permissions().into(), |own: &OwnMetadata| own.permissions.clone();
        /// Returns the time of the last modification.
        ///
        /// # Errors
        ///
        /// Returns an error if the system does not record it.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// let metadata = anyrt::fs::metadata("Cargo.toml").await?;
        /// assert!(metadata.modified()? <= std::time::SystemTime::now());
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        modified -> io::Result<SystemTime>, fs::Metadata::modified, |own: &OwnMetadata| Ok(own.modified);
        /// Returns the time of the last access.
        ///
        /// # Errors
        ///
        /// Returns an error if the system does not record it.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// let metadata = anyrt::fs::metadata("Cargo.toml").await?;
        /// assert!(metadata.accessed().is_ok_and(|time| time.elapsed().is_ok()));
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        accessed -> io::Result<SystemTime>, fs::Metadata::accessed, |own: &OwnMetadata| Ok(own.accessed);
        /// Returns the time of the creation.
        ///
        /// # Errors
        ///
        /// Returns an error if the system does not record it.
        ///
        /// # Examples
        ///
        /// ```
        /// # anyrt::run(async {
        /// let metadata = anyrt::fs::metadata("Cargo.toml").await?;
        /// if let Ok(created) = metadata.created() {
        ///     assert!(created <= std::time::SystemTime::now());
        /// }
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        created -> io::Result<SystemTime>, fs::Metadata::created, |own: &OwnMetadata| Ok(own.created);
    }

    /// Returns whether it is a regular file.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// assert!(anyrt::fs::metadata("Cargo.toml").await?.is_file());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_file(&self) -> bool {
        self.file_type().is_file()
    }

    /// Returns whether it is a folder.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// assert!(anyrt::fs::metadata("src").await?.is_dir());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_dir(&self) -> bool {
        self.file_type().is_dir()
    }

    /// Returns whether it is a symbolic link.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let link = dir.path().join("link");
    /// link.symlink_to("missing").await?;
    /// assert!(link.symlink_metadata().await?.is_symlink());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_symlink(&self) -> bool {
        self.file_type().is_symlink()
    }

    /// Returns the metadata of the standard library, unless the runtime has its own files.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let metadata = anyrt::fs::metadata("Cargo.toml").await?;
    /// assert_eq!(metadata.as_std().map(|std| std.len()), Some(metadata.len()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn as_std(&self) -> Option<&fs::Metadata> {
        match &self.source {
            MetadataSource::System(system) => Some(system),
            MetadataSource::Own(_) => None,
        }
    }
}

impl From<fs::Metadata> for Metadata {
    fn from(system: fs::Metadata) -> Metadata {
        Metadata {
            source: MetadataSource::System(system),
        }
    }
}

impl From<OwnMetadata> for Metadata {
    fn from(own: OwnMetadata) -> Metadata {
        Metadata {
            source: MetadataSource::Own(own),
        }
    }
}
