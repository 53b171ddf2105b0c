//! Programs that keep data over crashes, correct ones and others, for many seeds.

use std::sync::Mutex;

use anyrt_core::time::sleep;
use anyrt_sim::Faults;

use super::*;

/// Appends numbered records, and crashes at a random time, several times. Returns whether every acknowledged
/// record is there.
fn journal_is_whole(seed: u64, faults: Faults, syncs: bool) -> bool {
    let outcome = Config::new(seed).faults(faults).run(async {
        let acknowledged = Arc::new(Mutex::new(0_u64));
        let written = acknowledged.clone();
        let host = sim().host("server").start(move || {
            let acknowledged = written.clone();
            async move {
                // Ends with an error after the crash.
                let append = move |files: &dyn FileSystem| -> io::Result<()> {
                    loop {
                        let next = *acknowledged.lock().unwrap() + 1;
                        let file = open(files, "/journal", "ac")?;
                        write_all(&*file, &next.to_be_bytes())?;
                        if syncs {
                            file.sync(true)?;
                        }
                        *acknowledged.lock().unwrap() = next;
                    }
                };
                on_worker(append).await.unwrap_err();
            }
        });
        for _ in 0..3 {
            sleep::<Sim>(Duration::from_millis(sim().choose(20))).await;
            host.restart().await;
        }
        host.crash().await;
        let journal = host.disk().read("/journal").unwrap_or_default();
        // A record may be torn, or there twice: it was not acknowledged then. Torn ones shift later ones here.
        let expected = *acknowledged.lock().unwrap();
        let has = |number: u64| {
            journal
                .windows(8)
                .any(|bytes| bytes == number.to_be_bytes())
        };
        (1..=expected).all(has)
    });
    outcome.unwrap()
}

#[test]
fn a_journal_with_syncs_loses_no_record() {
    for seed in 0..200 {
        let mut rough = Faults::rough();
        rough.sync_latency = Duration::from_millis(1)..Duration::from_millis(5);
        for faults in [Faults::calm(), rough] {
            assert!(journal_is_whole(seed, faults, true), "{seed}");
        }
    }
}

#[test]
fn a_journal_without_syncs_loses_records() {
    let whole = (0..200).filter(|seed| journal_is_whole(*seed, Faults::calm(), false));
    let whole = whole.count();
    assert!(whole < 20, "{whole}");
}

/// Replaces a file again and again, and crashes. Returns the number that the file has, and the last that was
/// acknowledged; `None` if the file is damaged.
fn replaced(seed: u64, syncs_file: bool, syncs_folder: bool) -> Option<(u64, u64)> {
    let faults = Faults::rough();
    let outcome = Config::new(seed).faults(faults).run(async {
        let done = Arc::new(Mutex::new(0_u64));
        let replacing = done.clone();
        let host = sim().host("server").start(move || {
            let done = replacing.clone();
            async move {
                // Ends with an error after the crash.
                let replace = move |files: &dyn FileSystem| -> io::Result<()> {
                    loop {
                        let next = *done.lock().unwrap() + 1;
                        let file = open(files, "/new", "wct")?;
                        write_all(&*file, &next.to_be_bytes().repeat(200))?;
                        if syncs_file {
                            file.sync(true)?;
                        }
                        files.rename("/new".as_ref(), "/a".as_ref(), true)?;
                        if syncs_folder {
                            sync_path(files, "/")?;
                        }
                        *done.lock().unwrap() = next;
                    }
                };
                on_worker(replace).await.unwrap_err();
            }
        });
        let moment = Duration::from_millis(sim().choose(300));
        sleep::<Sim>(moment).await;
        host.crash().await;
        let done = *done.lock().unwrap();
        let Ok(bytes) = host.disk().read("/a") else {
            return Some((0, done));
        };
        let first: [u8; 8] = *bytes.first_chunk()?;
        (bytes == first.repeat(200)).then(|| (u64::from_be_bytes(first), done))
    });
    outcome.unwrap()
}

#[test]
fn a_synced_and_renamed_file_is_old_or_new() {
    let mut old = 0;
    for seed in 0..200 {
        let (found, done) = replaced(seed, true, true).unwrap();
        assert!(
            (done..=done + 1).contains(&found),
            "{seed}: {found} of {done}"
        );
        // Without a sync of the folder it may be older, and is whole.
        let (found, done) = replaced(seed, true, false).unwrap();
        assert!(found <= done + 1, "{seed}: {found} of {done}");
        old += u32::from(found < done);
    }
    assert!(old > 20, "{old}");
}

#[test]
fn a_file_that_was_renamed_without_a_sync_may_be_damaged() {
    let damaged = (0..200).filter(|seed| replaced(*seed, false, true).is_none());
    assert!(damaged.count() > 100);
}

#[test]
fn a_run_is_repeated_by_its_seed_and_by_its_choices() {
    let config = Config::new(11).faults(Faults::rough());
    let test = || async {
        let host = sim().host("server").start(|| async {
            for number in 0..10 {
                let path = format!("/{number}");
                on_worker(move |files| write(files, &path, &[7; 700]).unwrap()).await;
            }
            sleep::<Sim>(1000 * SECOND).await;
        });
        sleep::<Sim>(10 * SECOND).await;
        host.crash().await;
        let disk = host.disk();
        let names = disk.list("/").unwrap().into_iter();
        let files = names.filter(|name| name != "tmp");
        let files = files.map(|name| (disk.read(Path::new("/").join(&name)).unwrap(), name));
        files.collect::<Vec<_>>()
    };
    config.check_determinism(test).unwrap();
    let first = config.run(test());
    let replay = anyrt_sim::Policy::Replay(first.choices.clone());
    let second = config.policy(replay).run(test());
    assert_eq!(first.hash, second.hash);
    assert!(first.choices.to_string().contains("crash="));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first, second);
    assert!(!first.is_empty() && first.len() < 10);
}
