//! Programs that run to their end: PR-01 to PR-05, PR-10, P1 to P8, P18 to P22.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyrt_core::process::{Command, Output, ProcessError, Stdio, run_process};
use anyrt_core::task::task_group;

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_support::wait_until_gone;
use crate::support::run;

async fn output(command: impl Into<Command>) -> Output {
    run_process::<OsR>(command).await.unwrap()
}

async fn text(command: impl Into<Command>) -> String {
    String::from_utf8(output(command).await.stdout.unwrap()).unwrap()
}

async fn io_error(command: impl Into<Command>) -> io::Error {
    match run_process::<OsR>(command).await.unwrap_err() {
        ProcessError::Io(error) => error,
        other => panic!("{other:?}"),
    }
}

/// PR-01, P1: input is written, both outputs are collected, and the status is returned.
pub fn a_program_is_fed_and_its_output_collected(backend: &OsBackend) {
    run(backend, async {
        let sorted = output(Command::new("sort").input("b\na\n")).await;
        assert_eq!(sorted.stdout.as_deref(), Some(&b"a\nb\n"[..]));
        assert_eq!(sorted.stderr.as_deref(), Some(&b""[..]));
        assert!(sorted.status.success() && sorted.complete);

        assert_eq!(text(["echo", "some", "words"]).await, "some words\n");
        assert_eq!(text(vec!["echo"]).await, "\n");
        let both = output(Command::shell("echo out; echo err >&2; exit 0")).await;
        assert_eq!(both.stdout.unwrap(), b"out\n");
        assert_eq!(both.stderr.unwrap(), b"err\n");
        // Without an input the program reads the end at once.
        assert_eq!(text(["cat"]).await, "");
        assert_eq!(text(Command::new("cat").input("")).await, "");
    });
}

/// PR-02, P4: without success it fails with all the output so far, and its message is one line.
pub fn a_failure_has_status_and_output(backend: &OsBackend) {
    run(backend, async {
        let failing = Command::shell("echo out; echo first >&2; echo last >&2; exit 3");
        let error = run_process::<OsR>(&failing).await.unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh: exit status 3: last");
        let output = error.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(output.stdout.as_deref(), Some(&b"out\n"[..]));
        assert_eq!(output.stderr.as_deref(), Some(&b"first\nlast\n"[..]));

        let killed = run_process::<OsR>(Command::shell("kill -KILL $$")).await;
        let message = killed.unwrap_err().to_string();
        assert_eq!(message, "/bin/sh: killed by signal 9 (SIGKILL)");

        let unchecked = run_process::<OsR>(failing.check(false)).await.unwrap();
        assert_eq!(unchecked.status.code(), Some(3));
    });
}

/// PR-03: directory and environment are passed to the program.
pub fn the_surroundings_reach_the_program(backend: &OsBackend) {
    let folder = Folder::new();
    let path = folder.path().canonicalize().unwrap();
    run(backend, async {
        let here = text(Command::new("pwd").current_dir(&path)).await;
        assert_eq!(here.trim_end(), path.to_str().unwrap());

        let show = || Command::shell("echo ${ONE-none} ${TWO-none} ${HOME+home}");
        let set = show().env("ONE", "1").envs([("TWO", "2")]).env("HOME", "/");
        assert_eq!(text(set.clone()).await, "1 2 home\n");
        assert_eq!(text(set.env_remove("ONE")).await, "none 2 home\n");
        assert_eq!(text(show().env_clear().env("TWO", "2")).await, "none 2\n");
        let named = Command::new("/bin/sh").arg0("other");
        assert_eq!(text(named.args(["-c", "echo $0"])).await, "other\n");
    });
}

/// PR-03: a separate session, the user, the group and the mask of permissions are passed to the program.
pub fn identities_reach_the_program(backend: &OsBackend) {
    run(backend, async {
        assert_eq!(text(Command::shell("umask").umask(0o27)).await, "0027\n");
        assert_eq!(text(Command::new("true").umask(0o27)).await, "");
        if cfg!(target_os = "linux") {
            let ids = "read -r pid name state parent group session rest < /proc/$$/stat; \
                       echo $((pid == group)) $((pid == session))";
            let ids = || Command::shell(ids);
            assert_eq!(text(ids()).await, "0 0\n");
            assert_eq!(text(ids().group()).await, "1 0\n");
            assert_eq!(text(ids().session()).await, "1 1\n");
            assert_eq!(text(ids().session().group()).await, "1 1\n");
        }
        if rustix::process::getuid().is_root() {
            let ids = Command::shell("id -u; id -g").uid(1).gid(2);
            assert_eq!(text(ids).await, "1\n2\n");
        } else {
            let error = io_error(Command::new("true").uid(1)).await;
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
    });
}

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
        let (reader, writer) = io::pipe().unwrap();
        let writer: std::os::fd::OwnedFd = writer.into();
        output(Command::new("echo").arg("piped").stdout(writer)).await;
        assert_eq!(io::read_to_string(reader).unwrap(), "piped\n");

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

/// P6, P21: a process that a program has left behind holds its output open; with a group it is killed.
pub fn a_group_is_killed_with_its_leader(backend: &OsBackend) {
    run(backend, async {
        let leaves = Command::shell("sleep 60 & echo $!").group();
        let left = output(leaves).await;
        assert!(left.complete);
        let id = String::from_utf8(left.stdout.unwrap()).unwrap();
        wait_until_gone(id.trim_end().parse().unwrap());
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

/// PR-10, P5, P22: a program that cannot be started is an error of the system's kind that names the
/// program, also where a shell starts it.
pub fn what_cannot_be_started_is_named(backend: &OsBackend) {
    let folder = Folder::new();
    let file = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.into_os_string()
    };
    let plain = file("plain", "", 0o644);
    let bad = file("bad", "#!/no/such/interpreter\n", 0o755);
    let cases = [
        (Command::new("no-such-program"), io::ErrorKind::NotFound),
        (Command::new("/no/such/program"), io::ErrorKind::NotFound),
        (Command::new(plain), io::ErrorKind::PermissionDenied),
        (Command::new(bad), io::ErrorKind::NotFound),
        (
            Command::new("true").current_dir("/no/such/folder"),
            io::ErrorKind::NotFound,
        ),
        (
            Command::new("sort").env("PATH", folder.path()),
            io::ErrorKind::NotFound,
        ),
        (Command::new(""), io::ErrorKind::InvalidInput),
        (Command::new("tr\0ue"), io::ErrorKind::InvalidInput),
    ];
    run(backend, async {
        for (command, kind) in cases {
            for command in [command.clone(), command.umask(0o22)] {
                let error = io_error(&command).await;
                assert_eq!(error.kind(), kind, "{command:?}: {error}");
                let message = error.to_string();
                assert!(message.starts_with("cannot start `"), "{message}");
            }
        }
        let message = io_error(["no-such-program"]).await.to_string();
        assert!(message.contains("`no-such-program`"), "{message}");
        let both = Command::new("true").umask(0o22).arg0("other");
        let refused = io_error(both).await;
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    });
}

/// P22: a relative path is resolved against the current directory, whatever directory the program starts
/// in.
pub fn relative_programs_count_from_here(backend: &OsBackend) {
    let here = std::env::current_dir().unwrap();
    let mut up: String = here.components().skip(1).map(|_| "../").collect();
    up.push_str("bin/pwd");
    run(backend, async {
        for command in [Command::new(&up), Command::new(&up).umask(0o22)] {
            assert_eq!(text(command.current_dir("/")).await, "/\n");
        }
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

/// P13, P16: 500 programs at once each have the right status.
pub fn many_run_at_once(backend: &OsBackend) {
    run(backend, async {
        let group = task_group::<OsR, ProcessError, _, _>(async |tg| {
            for number in 0..500 {
                tg.spawn(async move {
                    let command = Command::shell(format!("exit {}", number % 200));
                    let command = command.stdout(Stdio::Null).stderr(Stdio::Null);
                    let output = run_process::<OsR>(command.check(false)).await?;
                    assert_eq!(output.status.code(), Some(number % 200));
                    Ok(())
                });
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// P20: programs that have to be forked are started like others.
pub fn forked_programs_are_like_others(backend: &OsBackend) {
    run(backend, async {
        for command in [
            Command::new("sort").group(),
            Command::new("sort").session(),
            Command::new("sort").uid(rustix::process::getuid().as_raw()),
        ] {
            assert_eq!(text(command.input("b\na\n")).await, "a\nb\n");
        }
        let missing = Command::new("/no/such/program").session();
        assert_eq!(io_error(missing).await.kind(), io::ErrorKind::NotFound);
    });
}

anyrt_conformance_kit::cases! { processes_run: descriptors [Process],
    a_program_is_fed_and_its_output_collected,
    a_failure_has_status_and_output,
    the_surroundings_reach_the_program,
    identities_reach_the_program,
    streams_may_be_connected_elsewhere,
    input_and_stdin_exclude_each_other,
    large_input_and_output_go_on_together,
    input_need_not_be_read,
    a_group_is_killed_with_its_leader,
    lingering_has_a_limit,
    output_has_a_limit,
    stderr_may_go_where_stdout_goes,
    what_cannot_be_started_is_named,
    relative_programs_count_from_here,
    the_programs_ends_of_pipes_block,
    programs_inherit_their_own_pipes_alone,
    many_run_at_once,
    forked_programs_are_like_others,
}
