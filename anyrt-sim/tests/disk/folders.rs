//! Folders, links and paths.

use anyrt_core::runtime::FileType;
use rustix::io::Errno;

use super::*;

fn path(text: &str) -> &Path {
    Path::new(text)
}

#[test]
fn the_root_and_the_folder_for_temporary_files_exist() {
    simulated(|files, disk| {
        assert_eq!(disk.list("/").unwrap(), ["tmp"]);
        assert_eq!(files.temp_dir(), path("/tmp"));
        write(files, "relative", b"r").unwrap();
        assert_eq!(disk.read("/relative").unwrap(), b"r");
        assert_eq!(files.canonicalize(path(".")).unwrap(), path("/"));
        assert_errno(files.metadata(path(""), true), Errno::NOENT);
        let names = [files.random(), files.random()];
        assert_ne!(names[0], names[1]);
    });
}

#[test]
fn entries_are_sorted_and_have_types() {
    simulated(|files, _| {
        files.create_dir(path("/f"), 0o777).unwrap();
        write(files, "/f/b", b"").unwrap();
        files.symlink(path("b"), path("/f/a")).unwrap();
        files.create_dir(path("/f/c/"), 0o777).unwrap();
        let entries = files.read_dir(path("/f")).unwrap();
        let expected = [
            ("a", FileType::Symlink),
            ("b", FileType::File),
            ("c", FileType::Dir),
        ];
        assert_eq!(entries, expected.map(|(name, kind)| (name.into(), kind)));
        assert_errno(files.read_dir(path("/f/b")), Errno::NOTDIR);
        assert_errno(files.create_dir(path("/f"), 0o777), Errno::EXIST);
        assert_errno(files.create_dir(path("/f/b"), 0o777), Errno::EXIST);
        assert_errno(files.create_dir(path("/f/b/"), 0o777), Errno::EXIST);
        assert_errno(files.create_dir(path("/x/y"), 0o777), Errno::NOENT);
        assert_errno(files.create_dir(path("/f/b/y"), 0o777), Errno::NOTDIR);
    });
}

#[test]
fn removing() {
    simulated(|files, disk| {
        disk.write("/f/g/a", b"a").unwrap();
        assert_errno(files.remove_dir(path("/f")), Errno::NOTEMPTY);
        assert_errno(files.remove_dir(path("/f/g/a")), Errno::NOTDIR);
        assert_errno(files.remove_file(path("/f/g")), Errno::ISDIR);
        assert_errno(files.remove_file(path("/f/x")), Errno::NOENT);
        assert_errno(files.remove_dir(path("/")), Errno::BUSY);
        assert_errno(files.remove_dir(path("/f/g/..")), Errno::NOTEMPTY);
        files.symlink(path("g"), path("/f/link")).unwrap();
        assert_errno(files.remove_dir(path("/f/link")), Errno::NOTDIR);
        assert_errno(files.remove_dir(path("/f/link/")), Errno::NOTDIR);
        files.remove_file(path("/f/link")).unwrap();
        files.remove_file(path("/f/g/a")).unwrap();
        files.remove_dir(path("/f/g/")).unwrap();
        files.remove_dir(path("f")).unwrap();
        assert_eq!(disk.list("/").unwrap(), ["tmp"]);
        disk.write("/f/g/a", b"a").unwrap();
        disk.remove("/f").unwrap();
        assert_eq!((disk.exists("/f"), disk.used()), (false, 0));
    });
}

#[test]
fn paths_with_dots_and_slashes() {
    simulated(|files, disk| {
        disk.write("/f/g/a", b"a").unwrap();
        for same in [
            "/f/g/a",
            "f//g/./a",
            "/f/g/../g/a",
            "/../f/g/a",
            "./f/x/../g/a",
        ] {
            let exists = files.metadata(path(same), true).is_ok();
            // `x` does not exist.
            assert_eq!(exists, !same.contains('x'), "{same}");
        }
        assert_eq!(
            files.canonicalize(path("f/g/../g/a")).unwrap(),
            path("/f/g/a")
        );
        assert_errno(files.metadata(path("/f/g/a/"), true), Errno::NOTDIR);
        assert_errno(files.metadata(path("/f/g/a/.."), true), Errno::NOTDIR);
        let long = "n".repeat(255);
        write(files, &long, b"").unwrap();
        assert_errno(write(files, &format!("{long}n"), b""), Errno::NAMETOOLONG);
        let deep = "f/".repeat(3000);
        assert_errno(files.metadata(path(&deep), true), Errno::NAMETOOLONG);
        assert_errno(files.metadata(path("a\0b"), true), Errno::INVAL);
    });
}

#[test]
fn symbolic_links() {
    simulated(|files, disk| {
        disk.write("/f/a", b"a").unwrap();
        files.symlink(path("../f/a"), path("/tmp/link")).unwrap();
        files.symlink(path("/f"), path("/folder")).unwrap();
        assert_eq!(files.read_link(path("/tmp/link")).unwrap(), path("../f/a"));
        assert_errno(files.read_link(path("/f/a")), Errno::INVAL);
        assert!(
            files
                .metadata(path("/tmp/link"), false)
                .unwrap()
                .is_symlink()
        );
        assert!(files.metadata(path("/tmp/link"), true).unwrap().is_file());
        assert_eq!(files.canonicalize(path("/tmp/link")).unwrap(), path("/f/a"));
        assert_eq!(files.canonicalize(path("/folder/a")).unwrap(), path("/f/a"));
        assert!(files.metadata(path("/folder/"), false).unwrap().is_dir());
        // A file is created where a link leads.
        files.symlink(path("f/new"), path("/dangling")).unwrap();
        assert_errno(open(files, "/dangling", "r"), Errno::NOENT);
        assert_errno(open(files, "/dangling", "wn"), Errno::EXIST);
        write(files, "/dangling", b"new").unwrap();
        assert_eq!(disk.read("/f/new").unwrap(), b"new");
        assert_errno(files.symlink(path("x"), path("/dangling")), Errno::EXIST);
        files.symlink(path("loop"), path("/loop")).unwrap();
        assert_errno(open(files, "/loop", "r"), Errno::LOOP);
        assert_errno(files.canonicalize(path("/loop/a")), Errno::LOOP);
        for number in 0..45 {
            let target = format!("l{}", number + 1);
            let link = format!("/l{number}");
            files.symlink(path(&target), path(&link)).unwrap();
        }
        write(files, "/l45", b"end").unwrap();
        assert_errno(open(files, "/l4", "r"), Errno::LOOP);
        open(files, "/l5", "r").unwrap();
    });
}

#[test]
fn hard_links() {
    simulated(|files, disk| {
        disk.write("/a", b"a").unwrap();
        files.hard_link(path("/a"), path("/b")).unwrap();
        open(files, "/b", "a").unwrap().write(b"b").unwrap();
        assert_eq!(disk.read("/a").unwrap(), b"ab");
        assert_errno(files.hard_link(path("/a"), path("/b")), Errno::EXIST);
        assert_errno(files.hard_link(path("/tmp"), path("/c")), Errno::PERM);
        assert_errno(files.hard_link(path("/x"), path("/c")), Errno::NOENT);
        files.symlink(path("a"), path("/link")).unwrap();
        files.hard_link(path("/link"), path("/c")).unwrap();
        assert!(files.metadata(path("/c"), false).unwrap().is_symlink());
        // Two names of one file: nothing happens.
        files.rename(path("/a"), path("/b"), true).unwrap();
        assert!(disk.exists("/a") && disk.exists("/b"));
        assert_eq!(disk.used(), 2);
    });
}

#[test]
fn renaming() {
    simulated(|files, disk| {
        let rename = |from: &str, to: &str| files.rename(path(from), path(to), true);
        disk.write("/f/a", b"a").unwrap();
        disk.write("/b", b"bb").unwrap();
        rename("/f/a", "/b").unwrap();
        assert_eq!(disk.read("/b").unwrap(), b"a");
        assert_eq!((disk.list("/f").unwrap().len(), disk.used()), (0, 1));
        assert_errno(rename("/x", "/y"), Errno::NOENT);
        assert_errno(rename("/b", "/f"), Errno::ISDIR);
        assert_errno(rename("/b", "/c/"), Errno::NOTDIR);
        assert_errno(rename("/f", "/b"), Errno::NOTDIR);
        assert_errno(rename("/f", "/f/g"), Errno::INVAL);
        disk.write("/f/g/h/a", b"a").unwrap();
        assert_errno(rename("/f", "/f/g/h/i"), Errno::INVAL);
        assert_errno(rename("/tmp", "/f"), Errno::NOTEMPTY);
        assert_errno(rename("/f/g", "/f"), Errno::NOTEMPTY);
        rename("/f", "/tmp/").unwrap();
        assert_eq!(disk.list("/").unwrap(), ["b", "tmp"]);
        rename("/tmp/g/h", "/h/").unwrap();
        assert_eq!(files.canonicalize(path("/h/../h/a")).unwrap(), path("/h/a"));
        rename("/h", "/h").unwrap();
        let rename_new = |from: &str, to: &str| files.rename(path(from), path(to), false);
        assert_errno(rename_new("/b", "/h"), Errno::EXIST);
        assert_errno(rename_new("/b", "/h/a"), Errno::EXIST);
        rename_new("/b", "/c").unwrap();
        assert_errno(rename("/", "/d"), Errno::BUSY);
    });
}
