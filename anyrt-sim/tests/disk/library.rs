//! The library's own files on the simulated disk.

use std::io::ErrorKind;
use std::sync::Mutex;

use anyrt_core::fs::{self, File, OpenOptions};
use anyrt_core::temp;
use anyrt_core::time::{now, sleep};
use anyrt_sim::{DiskOperation, Faults, Host};

use super::*;

#[test]
fn files_of_a_program_are_those_of_its_host() {
    let outcome = Config::new(3).run(async {
        fs::create_dir_all::<Sim>("/data/a").await.unwrap();
        fs::write::<Sim>("/data/a/one", "1\n2\n").await.unwrap();
        fs::append::<Sim>("/data/a/one", "3").await.unwrap();
        let text = fs::read_to_string::<Sim>("/data/a/one").await.unwrap();
        assert_eq!(text, "1\n2\n3");
        let mut lines = File::<Sim>::open("/data/a/one").await.unwrap().lines();
        let mut count = 0;
        while let Some(line) = futures_util::StreamExt::next(&mut lines).await {
            count += line.unwrap().parse::<u32>().unwrap();
        }
        assert_eq!(count, 6);
        fs::copy::<Sim>("/data/a/one", "/data/two").await.unwrap();
        fs::rename::<Sim>("/data/two", "/data/three").await.unwrap();
        let error = fs::rename::<Sim>("/data/a/one", "/data/three").await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(sim().disk().list("/data").unwrap(), ["a", "three"]);
        fs::remove_dir_all::<Sim>("/data").await.unwrap();
        assert!(!sim().disk().exists("/data"));
        // The system has no such file.
        assert!(!Path::new("/data/a/one").exists());
    });
    outcome.unwrap();
}

#[test]
fn temporary_files_are_removed() {
    let outcome = Config::new(3).run(async {
        let disk = sim().disk();
        let named = temp::named::<Sim>().await.unwrap();
        let dir = temp::dir::<Sim>().await.unwrap();
        dir.path().join("x").write("x").await.unwrap();
        assert_eq!(disk.list("/tmp").unwrap().len(), 2);
        named.close().await.unwrap();
        // A destructor removes it, at once.
        let before = now::<Sim>();
        drop(dir);
        assert_eq!(now::<Sim>(), before);
        assert_eq!(disk.list("/tmp").unwrap(), [""; 0]);
    });
    outcome.unwrap();
}

/// Names of temporary files are the same for the same seed, and differ from seed to seed.
#[test]
fn names_of_temporary_files_follow_from_the_seed() {
    let name = |seed| {
        let outcome = Config::new(seed).run(async {
            let named = temp::named::<Sim>().await.unwrap();
            named.path().to_string_lossy().into_owned()
        });
        outcome.unwrap()
    };
    assert_eq!(name(1), name(1));
    assert_ne!(name(1), name(2));
}

#[test]
fn a_lock_is_waited_for() {
    let outcome = Config::new(3).run(async {
        let mut one = File::<Sim>::create("/lock").await.unwrap();
        let mut other = File::<Sim>::open("/lock").await.unwrap();
        one.lock().await.unwrap();
        let wait = async {
            other.lock().await.unwrap();
            now::<Sim>()
        };
        let release = async {
            sleep::<Sim>(SECOND).await;
            let released = now::<Sim>();
            one.unlock().await.unwrap();
            released
        };
        let (locked, released) = futures_util::future::join(wait, release).await;
        assert!(locked >= released, "{locked:?} {released:?}");
    });
    outcome.unwrap();
}

#[test]
fn errors_name_the_path_and_have_the_number() {
    let outcome = Config::new(3).run(async {
        sim().disk().set_capacity(Some(10));
        let error = fs::write::<Sim>("/a", [1; 20]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(error.to_string().contains("/a"), "{error}");
        sim().disk().fail_next(DiskOperation::Sync, 1);
        let mut file = File::<Sim>::open("/a").await.unwrap();
        let error = file.sync_all().await.unwrap_err();
        assert!(error.to_string().contains("error 5"), "{error}");
        // The standard library cannot have the file.
        assert_eq!(
            file.into_std().await.unwrap_err().kind(),
            ErrorKind::Unsupported
        );
    });
    outcome.unwrap();
}

/// Appends numbers to a journal, and notes each that is safe.
async fn keep_journal(safe: Arc<Mutex<u32>>, syncs: bool) -> io::Result<()> {
    let options = OpenOptions::<Sim>::new().append(true).create(true);
    let mut file = options.open("/journal").await?;
    loop {
        let next = *safe.lock().unwrap() + 1;
        file.write_all(format!("{next}\n").as_bytes()).await?;
        if syncs {
            file.sync_data().await?;
        } else {
            file.flush().await?;
        }
        *safe.lock().unwrap() = next;
        sleep::<Sim>(Duration::from_millis(1)).await;
    }
}

/// Returns how many safe records a crash has lost.
fn lost(seed: u64, syncs: bool) -> u32 {
    let outcome = Config::new(seed).faults(Faults::rough()).run(async {
        let safe = Arc::new(Mutex::new(0));
        let noted = safe.clone();
        let host = sim().host("server").start(move || {
            let safe = noted.clone();
            async move { keep_journal(safe, syncs).await.unwrap() }
        });
        crash_soon(&host).await;
        let journal = host.disk().read("/journal").unwrap_or_default();
        let journal = String::from_utf8_lossy(&journal).into_owned();
        let has = |number: &u32| journal.lines().any(|line| *line == number.to_string());
        let safe = *safe.lock().unwrap();
        safe - (1..=safe).filter(has).count() as u32
    });
    outcome.unwrap()
}

async fn crash_soon(host: &Host) {
    let moment = sim().choose(300);
    sleep::<Sim>(Duration::from_millis(moment)).await;
    host.crash().await;
}

#[test]
fn a_journal_is_safe_with_syncs_alone() {
    assert_eq!((0..200).map(|seed| lost(seed, true)).max(), Some(0));
    let losing = (0..200).filter(|seed| lost(*seed, false) > 0).count();
    assert!(losing > 150, "{losing}");
}

#[test]
fn an_atomic_write_leaves_the_old_or_the_new_contents() {
    let state = |seed| {
        let outcome = Config::new(seed).faults(Faults::rough()).run(async {
            let old = |disk: &DiskHandle| disk.write("/state", [b'0'; 3000]).unwrap();
            let host = sim().host("server").disk(old).start(|| async {
                for digit in b"123456789" {
                    let contents = [*digit; 3000];
                    fs::write_atomic::<Sim>("/state", contents).await.unwrap();
                }
                sleep::<Sim>(1000 * SECOND).await;
            });
            crash_soon(&host).await;
            host.disk().read("/state").unwrap()
        });
        let state = outcome.unwrap();
        assert_eq!(state, [state[0]; 3000], "{seed}");
        state[0]
    };
    let states: std::collections::BTreeSet<u8> = (0..200).map(state).collect();
    assert!(states.len() > 5, "{states:?}");
}
