//! Programs that run to their end: PR-01 to PR-03, PR-10, P1, P4 to P6, P13, P16, P20 to P22.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

use anyrt_core::process::{Command, ProcessError, Stdio, run_process};
use anyrt_core::task::task_group;

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_support::{io_error, output, text, wait_until_gone};
use crate::support::run;

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
    a_group_is_killed_with_its_leader,
    what_cannot_be_started_is_named,
    relative_programs_count_from_here,
    many_run_at_once,
    forked_programs_are_like_others,
}
