//! What a crash leaves, rule by rule.

use std::collections::BTreeSet;

use anyrt_core::time::sleep;
use anyrt_sim::{Faults, Host};
use rustix::io::Errno;

use super::*;

/// Runs a program on a host, and crashes the host once it is done. Returns its disk's state by `look`.
fn crashed<T>(
    config: Config,
    program: impl Fn(&dyn FileSystem) + Send + Sync + 'static,
    look: impl Fn(&DiskHandle) -> T,
) -> T {
    let program = Arc::new(program);
    let outcome = config.run(async {
        let host = sim().host("host").start(move || {
            let program = program.clone();
            async move {
                program(&*files());
                sleep::<Sim>(1000 * SECOND).await;
            }
        });
        sleep::<Sim>(SECOND).await;
        crash(&host).await;
        look(&host.disk())
    });
    outcome.unwrap()
}

async fn crash(host: &Host) {
    assert!(host.is_up());
    host.crash().await;
}

/// Returns the different states that 60 seeds leave.
fn states<T: Ord>(
    faults: Faults,
    program: impl Fn(&dyn FileSystem) + Clone + Send + Sync + 'static,
    look: impl Fn(&DiskHandle) -> T,
) -> BTreeSet<T> {
    let seeds = 0..60;
    let states = seeds.map(|seed| {
        let config = Config::new(seed).faults(faults.clone());
        crashed(config, program.clone(), &look)
    });
    states.collect()
}

fn contents(disk: &DiskHandle) -> Option<String> {
    let bytes = disk.read("/a").ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn calm(program: impl Fn(&dyn FileSystem) + Clone + Send + Sync + 'static) -> Vec<Option<String>> {
    let states = states(Faults::calm(), program, contents);
    states.into_iter().collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn bytes_survive_from_a_sync_on() {
    let left = calm(|files| {
        let file = open(files, "/a", "wc").unwrap();
        file.write(b"synced").unwrap();
        file.sync(true).unwrap();
        file.write(b", not synced").unwrap();
    });
    assert_eq!(left, [some("synced")]);
}

#[test]
fn a_new_file_may_be_lost_or_empty() {
    let left = calm(|files| write(files, "/a", b"new").unwrap());
    assert_eq!(left, [None, some("")]);
}

#[test]
fn the_sync_of_a_folder_keeps_its_entries_but_no_bytes() {
    let left = calm(|files| {
        write(files, "/a", b"new").unwrap();
        sync_path(files, "/").unwrap();
    });
    assert_eq!(left, [some("")]);
}

#[test]
fn overwriting_in_place_may_leave_nothing() {
    let left = calm(|files| {
        write(files, "/a", b"old").unwrap();
        sync_path(files, "/a").unwrap();
        write(files, "/a", b"new").unwrap();
    });
    assert_eq!(left, [some(""), some("old")]);
}

#[test]
fn a_removal_may_be_undone() {
    let left = calm(|files| {
        write(files, "/a", b"old").unwrap();
        sync_path(files, "/a").unwrap();
        files.remove_file("/a".as_ref()).unwrap();
    });
    assert_eq!(left, [None, some("old")]);
    let left = calm(|files| {
        write(files, "/a", b"old").unwrap();
        sync_path(files, "/a").unwrap();
        files.remove_file("/a".as_ref()).unwrap();
        sync_path(files, "/").unwrap();
    });
    assert_eq!(left, [None]);
}

#[test]
fn a_file_that_is_replaced_whole_is_old_or_new() {
    let replace = |files: &dyn FileSystem, bytes: &[u8], sync: bool| {
        write(files, "/new", bytes).unwrap();
        if sync {
            sync_path(files, "/new").unwrap();
        }
        files.rename("/new".as_ref(), "/a".as_ref(), true).unwrap();
    };
    let left = calm(move |files| {
        replace(files, b"old", true);
        sync_path(files, "/").unwrap();
        replace(files, b"new", true);
    });
    assert_eq!(left, [some("new"), some("old")]);
    // Without a sync of the file, it may be empty.
    let left = calm(move |files| {
        replace(files, b"old", true);
        sync_path(files, "/").unwrap();
        replace(files, b"new", false);
    });
    assert_eq!(left, [some(""), some("old")]);
    // With one of the folder, it is new.
    let left = calm(move |files| {
        replace(files, b"old", true);
        replace(files, b"new", true);
        sync_path(files, "/").unwrap();
    });
    assert_eq!(left, [some("new")]);
    // A sync of the renamed file keeps its new name, too.
    let left = calm(move |files| {
        replace(files, b"old", true);
        replace(files, b"new", true);
        sync_path(files, "/a").unwrap();
    });
    assert_eq!(left, [some("new")]);
}

#[test]
fn a_rename_is_kept_as_a_whole() {
    let left = states(
        Faults::calm(),
        |files| {
            files.create_dir("/one".as_ref(), 0o777).unwrap();
            files.create_dir("/two".as_ref(), 0o777).unwrap();
            write(files, "/one/x", b"x").unwrap();
            sync_path(files, "/one/x").unwrap();
            sync_path(files, "/two").unwrap();
            files
                .rename("/one/x".as_ref(), "/two/x".as_ref(), true)
                .unwrap();
            files.remove_dir("/one".as_ref()).unwrap();
        },
        |disk| {
            (
                disk.exists("/one/x"),
                disk.exists("/two/x"),
                disk.exists("/one"),
            )
        },
    );
    let expected = [
        (true, false, true),
        (false, true, true),
        (false, true, false),
    ];
    assert_eq!(left, BTreeSet::from(expected));
}

#[test]
fn a_sync_of_a_file_keeps_the_folders_that_lead_to_it() {
    let left = states(
        Faults::calm(),
        |files| {
            files.create_dir("/one".as_ref(), 0o777).unwrap();
            files.create_dir("/one/two".as_ref(), 0o777).unwrap();
            write(files, "/one/beside", b"").unwrap();
            write(files, "/one/two/x", b"x").unwrap();
            sync_path(files, "/one/two/x").unwrap();
        },
        |disk| (disk.read("/one/two/x").ok(), disk.exists("/one/beside")),
    );
    let x = Some(b"x".to_vec());
    assert_eq!(left, BTreeSet::from([(x.clone(), false), (x, true)]));
}

#[test]
fn entries_are_durable_after_half_a_minute() {
    let outcome = Config::new(3).run(async {
        for seconds in [1, 31] {
            let mut lost = 0;
            for number in 0..20 {
                let name = format!("{seconds}-{number}");
                let host = sim().host(&name).start(|| async {
                    write(&*files(), "/a", b"").unwrap();
                    sleep::<Sim>(1000 * SECOND).await;
                });
                sleep::<Sim>(seconds * SECOND).await;
                host.crash().await;
                lost += u32::from(!host.disk().exists("/a"));
            }
            assert_eq!(lost > 0, seconds == 1);
        }
    });
    outcome.unwrap();
}

#[test]
fn writes_are_torn_on_a_bad_day() {
    let mut faults = Faults::calm();
    faults.torn_writes = 700;
    let left = states(
        faults,
        |files| {
            let file = open(files, "/a", "wc").unwrap();
            file.sync(false).unwrap();
            file.write(&[b'x'; 2000]).unwrap();
        },
        |disk| disk.read("/a").unwrap(),
    );
    let whole = vec![b'x'; 2000];
    assert!(left.contains(&Vec::new()) && left.contains(&whole));
    let is_beginning = |left: &Vec<u8>| left.iter().all(|byte| *byte == b'x');
    let by_sector = |left: &Vec<u8>| left.len() % 512 == 0 && is_beginning(left);
    assert!(left.iter().any(|left| left.len() >= 512 && by_sector(left)));
    assert!(
        left.iter()
            .any(|left| is_beginning(left) && !by_sector(left) && *left != whole)
    );
    // The end without the beginning.
    assert!(
        left.iter()
            .any(|left| left.len() == 2000 && left.starts_with(&[0; 512]))
    );
}

#[test]
fn handles_of_a_crashed_host_are_of_no_use() {
    /// Keeps a handle, and uses it when it is dropped.
    struct Last(Box<dyn OpenFile>, Arc<dyn FileSystem>);
    impl Drop for Last {
        fn drop(&mut self) {
            if !sim().disk().exists("/crash") {
                return;
            }
            // It vanishes with the host, without an error that nothing is left to get.
            assert!(self.0.write(b"last words").is_ok());
            assert_errno(self.0.sync(false), Errno::IO);
            assert_errno(self.0.try_lock(false), Errno::IO);
            assert_errno(self.1.remove_file("/a".as_ref()), Errno::IO);
            assert_errno(write(&*files(), "/b", b"b"), Errno::IO);
            sim().note("dropped");
        }
    }
    let outcome = Config::new(3).keep_events(true).run(async {
        let host = sim().host("host").start(|| async {
            write(&*files(), "/a", b"a").unwrap();
            sync_path(&*files(), "/a").unwrap();
            let file = open(&*files(), "/a", "a").unwrap();
            // The lock ends with the host.
            assert!(file.try_lock(false).unwrap());
            let _last = Last(file, files());
            sleep::<Sim>(1000 * SECOND).await;
        });
        sleep::<Sim>(SECOND).await;
        host.disk().write("/crash", b"").unwrap();
        host.restart().await;
        sleep::<Sim>(SECOND).await;
        host.disk().remove("/crash").unwrap();
        assert_eq!(host.disk().read("/a").unwrap(), b"a");
        assert!(!host.disk().exists("/b"));
    });
    let is_note = |event: &anyrt_sim::Event| event.text() == Some("dropped");
    assert_eq!(outcome.events.iter().filter(is_note).count(), 1);
    outcome.unwrap();
}

#[test]
fn a_call_that_a_crash_interrupts_has_no_effect() {
    let outcome = Config::new(3).run(async {
        let slow = |disk: &DiskHandle| disk.set_latency(10 * SECOND..10 * SECOND);
        let host = sim().host("host").disk(slow).start(|| async {
            on_worker(|files| write(files, "/a", b"a")).await.unwrap();
        });
        sleep::<Sim>(SECOND).await;
        host.crash().await;
        sleep::<Sim>(100 * SECOND).await;
        assert!(!host.disk().exists("/a"));
    });
    outcome.unwrap();
}

#[test]
fn disks_belong_to_hosts() {
    let outcome = Config::new(3).run(async {
        write(&*files(), "/a", b"main").unwrap();
        let other = sim().host("other").start(|| async {
            write(&*files(), "/a", b"other").unwrap();
        });
        sleep::<Sim>(SECOND).await;
        assert_eq!(sim().disk().read("/a").unwrap(), b"main");
        // The end of a program is not a crash.
        assert!(!other.is_up());
        other.restart().await;
        assert_eq!(other.disk().read("/a").unwrap(), b"other");
    });
    outcome.unwrap();
}
