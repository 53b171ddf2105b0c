//! Full disks, errors and short transfers.

use anyrt_core::time::sleep;
use anyrt_sim::{DiskOperation, EventKind, Faults};
use rustix::io::Errno;

use super::*;

#[test]
fn a_full_disk() {
    simulated(|files, disk| {
        disk.set_capacity(Some(1000));
        let file = open(files, "/a", "wc").unwrap();
        assert_eq!(file.write(&[1; 700]).unwrap(), 700);
        assert_eq!(file.write(&[1; 700]).unwrap(), 300);
        assert_errno(file.write(b"x"), Errno::NOSPC);
        assert_errno(file.set_len(1001), Errno::NOSPC);
        // What is there can be overwritten, and nothing needs no room.
        assert_eq!(file.write_at(&[2; 700], 300).unwrap(), 700);
        assert_eq!(file.write_at(b"", 5000).unwrap(), 0);
        assert_eq!(disk.used(), 1000);
        let other = open(files, "/b", "wc").unwrap();
        assert_errno(other.write(b"x"), Errno::NOSPC);
        file.set_len(998).unwrap();
        assert_eq!(other.write(b"xyz").unwrap(), 2);
        // The room of a removed file is free when it is closed.
        files.remove_file("/a".as_ref()).unwrap();
        assert_errno(other.write(b"x"), Errno::NOSPC);
        drop(file);
        assert_eq!(other.write(b"x").unwrap(), 1);
        disk.set_capacity(None);
        other.write(&[1; 5000]).unwrap();
    });
}

#[test]
fn errors_on_request() {
    simulated(|files, disk| {
        let file = open(files, "/a", "rwc").unwrap();
        for operation in [
            DiskOperation::Write,
            DiskOperation::Read,
            DiskOperation::Open,
            DiskOperation::Change,
            DiskOperation::Inspect,
        ] {
            disk.fail_next(operation, 2);
        }
        for _ in 0..2 {
            assert_errno(file.write(b"x"), Errno::IO);
            assert_errno(file.read(&mut [0; 3]), Errno::IO);
            assert_errno(open(files, "/a", "r"), Errno::IO);
            assert_errno(files.remove_file("/a".as_ref()), Errno::IO);
            assert_errno(file.metadata(), Errno::IO);
        }
        assert_eq!(disk.read("/a").unwrap(), b"");
        file.write(b"x").unwrap();
        assert_eq!(file.metadata().unwrap().len(), 1);
    });
}

/// Syncs twice, of which the first fails, and crashes. Returns whether the second sync wrote everything.
fn second_sync_helps(seed: u64) -> bool {
    let outcome = Config::new(seed).run(async {
        let failing = |disk: &DiskHandle| disk.fail_next(DiskOperation::Sync, 1);
        let host = sim().host("host").disk(failing).start(|| async {
            let file = open(&*files(), "/a", "wc").unwrap();
            file.write(b"data").unwrap();
            assert_errno(file.sync(false), Errno::IO);
            // It is still there for reads.
            assert_eq!(sim().disk().read("/a").unwrap(), b"data");
            file.sync(false).unwrap();
            sleep::<Sim>(1000 * SECOND).await;
        });
        sleep::<Sim>(SECOND).await;
        host.crash().await;
        host.disk().read("/a").unwrap() == b"data"
    });
    outcome.unwrap()
}

#[test]
fn a_sync_that_fails_may_lose_data() {
    let helped = (0..60).filter(|seed| second_sync_helps(*seed)).count();
    assert!((10..50).contains(&helped), "{helped}");
}

#[test]
fn errors_and_short_transfers_by_chance() {
    let mut faults = Faults::calm();
    faults.disk_errors = 100;
    faults.short_transfers = 500;
    let config = Config::new(5).faults(faults).keep_events(true);
    let outcome = config.run(async {
        let file = open(&*files(), "/a", "wc").unwrap();
        let (mut failed, mut short) = (0, 0);
        for _ in 0..200 {
            match file.write(b"abc") {
                Ok(3) => {}
                Ok(_) => short += 1,
                Err(_) => failed += 1,
            }
        }
        (failed, short)
    });
    let is_fault = |event: &anyrt_sim::Event| event.kind == EventKind::Fault;
    let faults = outcome.events.iter().filter(is_fault).count();
    let (failed, short) = outcome.unwrap();
    assert_eq!(faults, failed);
    assert!((5..40).contains(&failed), "{failed}");
    assert!((50..150).contains(&short), "{short}");
}

#[test]
fn events_describe_what_was_done() {
    let outcome = Config::new(5).keep_events(true).run(async {
        write(&*files(), "/a", b"a").unwrap();
        sync_path(&*files(), "/a").unwrap();
    });
    let events = outcome.events.iter();
    let disk = events.filter(|event| event.kind == EventKind::Disk);
    let texts: Vec<String> = disk.map(|event| event.to_string()).collect();
    let expected = [
        "disk: open by path, `/a`",
        "disk: write of file 4",
        "disk: open by path, `/a`",
        "disk: sync of file 4",
    ];
    assert_eq!(texts.len(), expected.len());
    for (text, end) in texts.iter().zip(expected) {
        assert!(text.ends_with(end), "{text}");
    }
}
