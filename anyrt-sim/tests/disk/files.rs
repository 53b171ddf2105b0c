//! Open files.

use std::io::SeekFrom;

use anyrt_core::runtime::FileType;
use rustix::io::Errno;

use super::*;

#[test]
fn reads_writes_and_positions() {
    simulated(|files, _| {
        let file = open(files, "/a", "rwc").unwrap();
        assert_eq!(file.write(b"hello").unwrap(), 5);
        assert_eq!(file.seek(SeekFrom::Start(1)).unwrap(), 1);
        let mut buffer = [0; 3];
        assert_eq!(file.read(&mut buffer).unwrap(), 3);
        assert_eq!(&buffer, b"ell");
        assert_eq!(file.seek(SeekFrom::Current(0)).unwrap(), 4);
        assert_eq!(file.seek(SeekFrom::End(-1)).unwrap(), 4);
        assert_eq!(file.read(&mut buffer).unwrap(), 1);
        assert_eq!(file.read(&mut buffer).unwrap(), 0);
        assert_errno(file.seek(SeekFrom::Current(-9)), Errno::INVAL);
        assert_eq!(file.write_at(b"J", 0).unwrap(), 1);
        assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 3);
        assert_eq!(&buffer, b"Jel");
        assert_eq!(file.seek(SeekFrom::Current(0)).unwrap(), 5);
    });
}

#[test]
fn writes_past_the_end_leave_a_hole() {
    simulated(|files, disk| {
        let file = open(files, "/a", "rwc").unwrap();
        file.seek(SeekFrom::Start(5)).unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"");
        file.write(b"x").unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"\0\0\0\0\0x");
        file.set_len(7).unwrap();
        file.set_len(3).unwrap();
        file.set_len(6).unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"\0\0\0\0\0\0");
        // A hole of a tebibyte takes no memory.
        file.write_at(b"far", 1 << 40).unwrap();
        assert_eq!(file.metadata().unwrap().len(), (1 << 40) + 3);
        assert_errno(file.set_len(u64::MAX), Errno::FBIG);
        assert_errno(file.write_at(b"x", u64::MAX), Errno::INVAL);
    });
}

#[test]
fn appends_at_the_end() {
    simulated(|files, disk| {
        disk.write("/log", b"one").unwrap();
        let first = open(files, "/log", "a").unwrap();
        let second = open(files, "/log", "ra").unwrap();
        second.seek(SeekFrom::Start(0)).unwrap();
        first.write(b" two").unwrap();
        second.write(b" three").unwrap();
        second.write_at(b"!", 0).unwrap();
        assert_eq!(disk.read("/log").unwrap(), b"one two three!");
        assert_errno(first.read(&mut [0; 3]), Errno::BADF);
    });
}

#[test]
fn ways_of_opening() {
    simulated(|files, disk| {
        disk.write("/a", b"a").unwrap();
        for invalid in ["", "c", "rc", "rt", "rn", "at"] {
            assert_errno(open(files, "/a", invalid), Errno::INVAL);
        }
        assert_errno(open(files, "/missing", "r"), Errno::NOENT);
        assert_errno(open(files, "/missing", "w"), Errno::NOENT);
        assert_errno(open(files, "/a", "wn"), Errno::EXIST);
        let kept = open(files, "/a", "wc").unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"a");
        assert_errno(kept.read(&mut [0; 3]), Errno::BADF);
        open(files, "/a", "wt").unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"");
        let file = open(files, "/a", "r").unwrap();
        assert_errno(file.write(b"x"), Errno::BADF);
        assert_errno(file.set_len(0), Errno::INVAL);
        open(files, "/new", "wn").unwrap();
        assert!(disk.exists("/new"));
        // Folders are opened to be synced.
        let folder = open(files, "/tmp", "r").unwrap();
        folder.sync(true).unwrap();
        assert_errno(folder.read(&mut [0; 3]), Errno::ISDIR);
        assert_errno(open(files, "/tmp", "w"), Errno::ISDIR);
        assert_errno(open(files, "/tmp", "wc"), Errno::ISDIR);
        assert_errno(open(files, "/other/", "wc"), Errno::ISDIR);
    });
}

#[test]
fn a_removed_file_lives_until_it_is_closed() {
    simulated(|files, disk| {
        disk.write("/a", b"alive").unwrap();
        let file = open(files, "/a", "rw").unwrap();
        files.remove_file("/a".as_ref()).unwrap();
        assert!(!disk.exists("/a"));
        assert_eq!(file.metadata().unwrap().len(), 5);
        assert_eq!(disk.used(), 5);
        file.write_at(b"still ", 5).unwrap();
        let mut buffer = [0; 20];
        assert_eq!(file.read(&mut buffer).unwrap(), 11);
        drop(file);
        assert_eq!(disk.used(), 0);
    });
}

#[test]
fn unused_files_are_forgotten() {
    simulated(|files, disk| {
        for round in 0..1000 {
            write(files, "/a", &[1; 100]).unwrap();
            files.rename("/a".as_ref(), "/b".as_ref(), true).unwrap();
            if round % 3 == 0 {
                files.remove_file("/b".as_ref()).unwrap();
            }
        }
        sync_path(files, "/").unwrap();
        write(files, "/c", b"c").unwrap();
        assert!(disk.used() <= 101);
    });
}

#[test]
fn permissions_are_those_of_the_owner() {
    use std::os::unix::fs::PermissionsExt;

    use anyrt_core::runtime::Permissions;

    simulated(|files, disk| {
        write(files, "/a", b"a").unwrap();
        let metadata = files.metadata("/a".as_ref(), true).unwrap();
        assert_eq!(metadata.permissions().mode(), 0o644);
        let path = Path::new("/a");
        files
            .set_permissions(path, Permissions::new(0o444))
            .unwrap();
        assert_errno(open(files, "/a", "w"), Errno::ACCESS);
        open(files, "/a", "r").unwrap();
        files
            .set_permissions(path, Permissions::new(0o200))
            .unwrap();
        assert_errno(open(files, "/a", "r"), Errno::ACCESS);
        // A file may be created without the permission to write it later.
        let mut read_only = mode("wc");
        read_only.mode = Some(0o477);
        let file = files.open("/b".as_ref(), &read_only).unwrap();
        file.write(b"b").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode(), 0o455);
        assert_errno(open(files, "/b", "w"), Errno::ACCESS);

        files.create_dir("/closed".as_ref(), 0o777).unwrap();
        let folder = files.metadata("/closed".as_ref(), true).unwrap();
        assert_eq!(folder.permissions().mode(), 0o755);
        write(files, "/closed/a", b"a").unwrap();
        let path = Path::new("/closed");
        files
            .set_permissions(path, Permissions::new(0o500))
            .unwrap();
        assert_errno(write(files, "/closed/b", b"b"), Errno::ACCESS);
        assert_errno(files.remove_file("/closed/a".as_ref()), Errno::ACCESS);
        write(files, "/closed/a", b"b").unwrap();
        files
            .set_permissions(path, Permissions::new(0o200))
            .unwrap();
        assert_errno(open(files, "/closed/a", "r"), Errno::ACCESS);
        assert_errno(files.read_dir(path), Errno::ACCESS);
        assert_eq!(disk.list("/closed").unwrap(), ["a"]);
    });
}

#[test]
fn locks_belong_to_handles() {
    simulated(|files, _| {
        let one = open(files, "/a", "wc").unwrap();
        let other = open(files, "/a", "r").unwrap();
        let third = open(files, "/a", "r").unwrap();
        assert!(one.try_lock(false).unwrap());
        assert!(!other.try_lock(true).unwrap());
        assert!(one.try_lock(true).unwrap());
        assert!(other.try_lock(true).unwrap());
        assert!(!other.try_lock(false).unwrap());
        one.unlock().unwrap();
        assert!(other.try_lock(false).unwrap());
        assert!(!third.try_lock(false).unwrap());
        drop(other);
        assert!(third.try_lock(false).unwrap());
    });
}

#[test]
fn metadata_names_the_file_and_its_links() {
    use std::os::unix::fs::MetadataExt;

    simulated(|files, _| {
        write(files, "/a", b"four").unwrap();
        files.hard_link("/a".as_ref(), "/b".as_ref()).unwrap();
        let [a, b, root] =
            ["/a", "/b", "/"].map(|path| files.metadata(path.as_ref(), true).unwrap());
        assert_eq!((a.len(), a.nlink(), a.file_type()), (4, 2, FileType::File));
        assert_eq!(a.ino(), b.ino());
        assert_ne!(a.ino(), root.ino());
        // `.`, `..` and the one of `tmp`.
        assert_eq!((root.nlink(), root.file_type()), (3, FileType::Dir));
        files.remove_file("/a".as_ref()).unwrap();
        assert_eq!(files.metadata("/b".as_ref(), true).unwrap().nlink(), 1);
    });
}
