//! The input and output of programs: PR-04, PR-05, P1 to P3, P6 to P8, P18, P19.

use std::fs::{self, File};
use std::io;
use std::time::Duration;

use anyrt_core::process::{Command, ProcessError, Stdio, run_process};
use anyrt_core::task::task_group;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_support::{io_error, output, text};
use crate::support::run;

/// PR-04, P1: a stream may be a file, the null device, or that of this process; then nothing is captured.
pub fn streams_may_be_connected_elsewhere(backend: &OsBackend) {
    let folder = Folder::new();
    let (source, target) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(&source, "from a file\n").unwrap();
    run(backend, async {
        let copy = Command::new("cat")
            .stdin(File::open(&source).unwrap())
            .stdout(File::create(&target).unwrap())
            .stderr(Stdio::Null);
        // The programs that the command starts share a file, and also its position.
        for expected in ["from a file\n", "from a file\n"] {
            let copied = output(copy.clone()).await;
            assert_eq!((copied.stdout, copied.stderr), (None, None));
            assert_eq!(fs::read_to_string(&target).unwrap(), expected);
        }
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        output(Command::new("echo").arg("piped").stdout(writer)).await;
        assert_eq!(io::read_to_string(File::from(reader)).unwrap(), "piped\n");

        let inherited = Command::shell("exit 0").stdin(Stdio::Inherit);
        let inherited = output(inherited.stdout(Stdio::Inherit).stderr(Stdio::Inherit)).await;
        assert_eq!((inherited.stdout, inherited.stderr), (None, None));
    });
}

/// PR-05, P2: input together with a standard input is refused before anything is started.
pub fn input_and_stdin_exclude_each_other(backend: &OsBackend) {
    run(backend, async {
        for target in [Stdio::Pipe, Stdio::Null, Stdio::Inherit] {
            let command = Command::new("/no/such/program").input("some");
            let error = io_error(command.stdin(target)).await;
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    });
}

/// P3: writing, reading and waiting continue concurrently, for more bytes than any pipe holds.
pub fn large_input_and_output_go_on_together(backend: &OsBackend) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    run(backend, async {
        let copied = output(Command::new("cat").input(bytes.clone())).await;
        assert!(copied.stdout.unwrap() == bytes);
        let both = Command::shell("tee /dev/stderr").input(bytes.clone());
        let both = output(both).await;
        assert!(both.stdout.unwrap() == bytes && both.stderr.unwrap() == bytes);
    });
}

/// P3: a program that does not read its input is not an error.
pub fn input_need_not_be_read(backend: &OsBackend) {
    run(backend, async {
        for command in ["true", "exec <&-; sleep 0.02; echo done"] {
            let large = Command::shell(command).input(vec![0; 1_000_000]);
            assert!(output(large).await.complete);
        }
        let failing = Command::new("false").input(vec![0; 1_000_000]);
        let error = run_process::<OsR>(failing).await.unwrap_err();
        assert_eq!(error.output().unwrap().status.code(), Some(1));
    });
}

/// P6: after the limit, the output so far is returned.
pub fn lingering_has_a_limit(backend: &OsBackend) {
    run(backend, async {
        for limit in [0, 20] {
            let leaves = Command::shell("sleep 60 & echo $!");
            let left = output(leaves.linger(Duration::from_millis(limit))).await;
            assert!(!left.complete);
            let id = String::from_utf8(left.stdout.unwrap()).unwrap();
            let id = id.trim_end().parse().unwrap();
            let id = rustix::process::Pid::from_raw(id).unwrap();
            rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        }
        // The limit does not apply to the program itself, nor to processes that end in time.
        let ends = Command::shell("sleep 0.05; (sleep 0.05; echo late) & echo soon");
        let ended = output(ends.linger(Duration::from_secs(60))).await;
        assert_eq!(ended.stdout.unwrap(), b"soon\nlate\n");
        assert!(ended.complete);
    });
}

/// P7: the first bytes are kept, and the rest is read.
pub fn output_has_a_limit(backend: &OsBackend) {
    run(backend, async {
        let writes = || Command::shell("head -c 1000000 /dev/zero; printf 1234 >&2");
        let cut = output(writes().output_limit(4)).await;
        assert_eq!(cut.stdout.unwrap(), [0; 4]);
        assert_eq!(cut.stderr.unwrap(), b"1234");
        assert!(!cut.complete);
        let whole = output(writes().output_limit(1_000_000)).await;
        assert_eq!(whole.stdout.unwrap().len(), 1_000_000);
        assert!(whole.complete);
        let nothing = output(Command::new("true").output_limit(0)).await;
        assert!(nothing.complete);
    });
}

/// P8: both outputs in one pipe, in the order of writing.
pub fn stderr_may_go_where_stdout_goes(backend: &OsBackend) {
    let folder = Folder::new();
    run(backend, async {
        let script = "for n in 1 2 3; do echo out $n; echo err $n >&2; done";
        let expected = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n";
        let merged = output(Command::shell(script).stderr_to_stdout()).await;
        assert_eq!(merged.stdout.unwrap(), expected.as_bytes());
        assert_eq!(merged.stderr, None);

        let path = folder.path().join("both");
        let file = File::create(&path).unwrap();
        let merged = Command::shell(script).stdout(file).stderr_to_stdout();
        assert_eq!(output(merged).await.stderr, None);
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);

        // If the program cannot be started, the end of the pipe is not waited for either.
        let missing = Command::new("/no/such/program").stderr_to_stdout();
        assert_eq!(io_error(missing).await.kind(), io::ErrorKind::NotFound);
    });
}

/// P18: the program's ends of its pipes are in blocking mode, as programs expect.
pub fn the_programs_ends_of_pipes_block(backend: &OsBackend) {
    const NON_BLOCKING: u32 = 0o4000;
    if !cfg!(target_os = "linux") {
        eprintln!("the_programs_ends_of_pipes_block: skipped, as it reads `/proc`");
        return;
    }
    run(backend, async {
        let flags = "for fd in 0 1 2; do grep flags /proc/$$/fdinfo/$fd; done";
        let flags = text(Command::shell(flags).input("some")).await;
        for line in flags.lines() {
            let flags = line.split_ascii_whitespace().nth(1).unwrap();
            let flags = u32::from_str_radix(flags, 8).unwrap();
            assert_eq!(flags & NON_BLOCKING, 0, "{line}");
        }
        assert_eq!(flags.lines().count(), 3);
    });
}

/// P19: no program inherits the pipes of another, however many are started at once.
pub fn programs_inherit_their_own_pipes_alone(backend: &OsBackend) {
    if !cfg!(target_os = "linux") {
        eprintln!("programs_inherit_their_own_pipes_alone: skipped, as it reads `/proc`");
        return;
    }
    // Other descriptors may be inherited from the program that started the tests.
    async fn count() -> Result<usize, ProcessError> {
        let list = Command::shell("echo /proc/$$/fd/*").input("some");
        let output = run_process::<OsR>(list).await?;
        let list = output.stdout.unwrap();
        Ok(list.split(|byte| *byte == b' ').count())
    }
    run(backend, async {
        let alone = count().await.unwrap();
        let group = task_group::<OsR, ProcessError, _, _>(async |tg| {
            for _ in 0..30 {
                tg.spawn(async move {
                    assert_eq!(count().await?, alone);
                    Ok(())
                });
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

anyrt_conformance_kit::cases! { processes_pipes: descriptors [Process],
    streams_may_be_connected_elsewhere,
    input_and_stdin_exclude_each_other,
    large_input_and_output_go_on_together,
    input_need_not_be_read,
    lingering_has_a_limit,
    output_has_a_limit,
    stderr_may_go_where_stdout_goes,
    the_programs_ends_of_pipes_block,
    programs_inherit_their_own_pipes_alone,
}
