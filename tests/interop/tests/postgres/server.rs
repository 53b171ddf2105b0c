//! A PostgreSQL server that is stopped when it is dropped.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A server in a temporary directory, which is ready when this exists; dropping this stops it and removes
/// the directory.
///
/// It listens only at a Unix socket, in a directory that no other user can enter, so no port can be in use.
#[derive(Debug)]
pub(crate) struct Server {
    process: Option<Child>,
    directory: PathBuf,
    socket: PathBuf,
}

impl Server {
    /// Starts a server, or returns the reason if none is installed.
    pub(crate) fn start() -> Result<Server, String> {
        let programs = installed().ok_or("PostgreSQL is not installed")?;
        let user = user()?;
        let name = format!("anyrt-postgres-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).map_err(|error| error.to_string())?;
        // From here on, dropping it cleans up.
        let mut server = Server {
            process: None,
            socket: directory.join(".s.PGSQL.5432"),
            directory,
        };
        if let Some(user) = user {
            chown(&server.directory, Some(user.0), Some(user.1)).expect("root may do that");
        }
        server.initialise(&programs, user);
        server.launch(&programs, user);
        server.wait_until_ready(&programs);
        Ok(server)
    }

    /// Returns the path of its socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    fn initialise(&self, programs: &Path, user: Option<User>) {
        let mut initdb = self.command(&programs.join("initdb"), user);
        initdb.args(["--auth=trust", "--username=postgres", "--no-sync"]);
        initdb.args(["--encoding=UTF8", "--locale=C", "--pgdata"]);
        let output = initdb.arg(self.directory.join("data")).output();
        let output = output.expect("initdb starts");
        assert!(output.status.success(), "{output:?}");
    }

    fn launch(&mut self, programs: &Path, user: Option<User>) {
        let mut postgres = self.command(&programs.join("postgres"), user);
        postgres.arg("-D").arg(self.directory.join("data"));
        postgres.arg("-k").arg(&self.directory);
        for setting in [
            "listen_addresses=",
            "fsync=off",
            // Lets the server notice that a connection was cut off while a query runs.
            "client_connection_check_interval=50ms",
        ] {
            postgres.args(["-c", setting]);
        }
        let log = fs::File::create(self.directory.join("log")).expect("a file");
        postgres.stderr(log).stdout(Stdio::null());
        self.process = Some(postgres.spawn().expect("the server starts"));
    }

    fn wait_until_ready(&mut self, programs: &Path) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let process = self.process.as_mut().expect("it was started");
        loop {
            let mut asking = Command::new(programs.join("pg_isready"));
            let asking = asking.arg("--quiet").arg("--host").arg(&self.directory);
            if UnixStream::connect(&self.socket).is_ok() && asking.status().unwrap().success() {
                return;
            }
            let ended = process.try_wait().expect("it is a child of ours");
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.directory.join("log"));
                panic!("the server did not start: {ended:?}, {log:?}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns a command that runs as the user, in the directory that the user owns.
    fn command(&self, program: &Path, user: Option<User>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory).stdin(Stdio::null());
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Stops at once, without saving anything: the directory is removed anyway.
            let mut kill = Command::new("kill");
            let asked = kill.args(["-QUIT", &process.id().to_string()]).status();
            if !asked.is_ok_and(|status| status.success()) {
                drop(process.kill());
            }
            drop(process.wait());
        }
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// A user and its group.
type User = (u32, u32);

/// Returns the user that the server has to run as, or `None` for the current one: it refuses to be root.
fn user() -> Result<Option<User>, String> {
    let me = fs::metadata("/proc/self").map(|process| process.uid());
    if me.unwrap_or(1) != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let id = |field: Option<&&str>| field.and_then(|number| number.parse().ok());
    fields
        .filter(|user| user[0] == "postgres")
        .find_map(|user| Some((id(user.get(2))?, id(user.get(3))?)))
        .map(Some)
        .ok_or_else(|| "PostgreSQL does not run as root, and there is no user `postgres`".into())
}

/// Returns the directory of the programs: that of the newest version as Debian installs them, or the first
/// on the path.
fn installed() -> Option<PathBuf> {
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}
