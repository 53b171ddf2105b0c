//! The timeline of a run: a page that shows it, or a text.
//!
//! The page is one file: a template with a style and a script, and the events as JSON.

mod json;

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Write, stderr};
use std::path::{Path, PathBuf, absolute};
use std::thread;

use self::json::Json;
use crate::events::{Event, EventKind, EventList, FATE_NAMES, KIND_NAMES, PACKET_NAMES};
use crate::run::Outcome;
use crate::stats::Stats;

/// The parts of the page.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 4] = [
    include_str!("model.js"),
    include_str!("layout.js"),
    include_str!("draw.js"),
    include_str!("controls.js"),
];

/// The number of latest events that a page has in any case: a browser has to hold them.
const MOST: usize = 200_000;

/// The course of a run, for a person: the hosts, what they send to each other, their tasks, crashes, partitions
/// and notes, in the order of time.
///
/// [`to_html`](Timeline::to_html) returns a page for a browser, in one file that loads nothing; `Display` lists the
/// events, one a line. It comes from an [`Outcome`] whose events were [kept](crate::Config::keep_events).
/// [`Config::trace`](crate::Config::trace) and [`Seeds::trace`](crate::Seeds::trace) write the page to a file.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anyrt::net::{Listener, connect_tcp, listen_tcp};
/// use anyrt::stream::ByteSendStreamExt;
/// use anyrt::sim::{Config, Simulation};
///
/// let outcome = Config::new(7).keep_events(true).run(async {
///     let sim = Simulation::current().expect("this is a simulation");
///     sim.host("server").start(|| async {
///         let listener = listen_tcp(Some("0.0.0.0"), 80).await.unwrap();
///         let mut stream = listener.accept().await.unwrap();
///         stream.send(b"hello").await.unwrap();
///     });
///     anyrt::sleep(Duration::from_millis(1)).await;
///     let stream = connect_tcp("server", 80).await.unwrap();
///     sim.note("connected");
///     drop(stream);
/// });
/// let timeline = outcome.timeline();
/// assert!(timeline.to_string().contains("note: connected"), "{timeline}");
/// let page = timeline.to_html();
/// assert!(page.starts_with("<!doctype html>"));
/// assert!(page.contains("server"));
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    title: Option<String>,
    seed: u64,
    hash: u64,
    stats: Stats,
    failure: Option<String>,
    command: Option<String>,
    events: EventList,
}

impl<T> Outcome<T> {
    /// Returns the timeline of the run. It is empty unless [`Config::keep_events`](crate::Config::keep_events) is
    /// on.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// assert!(outcome.timeline().to_html().contains("<html"));
    /// ```
    pub fn timeline(&self) -> Timeline {
        let run = (self.seed, self.hash, self.stats);
        let failure = self.result.as_ref().err().map(ToString::to_string);
        Timeline::new(run, self.events.clone()).with_failure(failure)
    }
}

impl Timeline {
    pub(crate) fn new((seed, hash, stats): (u64, u64, Stats), events: EventList) -> Timeline {
        Timeline {
            title: None,
            seed,
            hash,
            stats,
            failure: None,
            command: None,
            events,
        }
    }

    pub(crate) fn with_failure(mut self, failure: Option<String>) -> Timeline {
        self.failure = failure;
        self
    }

    /// Sets the name of what was run, for the title.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// let page = outcome.timeline().with_title("the first election").to_html();
    /// assert!(page.contains("the first election"));
    /// ```
    pub fn with_title(mut self, title: impl Into<String>) -> Timeline {
        self.title = Some(title.into());
        self
    }

    /// Sets the command that repeats the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// let page = outcome.timeline().with_command("ANYRT_SIM_SEED=7 cargo test election").to_html();
    /// assert!(page.contains("cargo test election"));
    /// ```
    pub fn with_command(mut self, command: impl Into<String>) -> Timeline {
        self.command = Some(command.into());
        self
    }

    /// Returns the page, in one file. The texts of the program in it are data, whatever they contain.
    ///
    /// Of a run with more than 200,000 events, it has the latest, and of the earlier ones those that are about hosts
    /// and tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// assert!(outcome.timeline().to_html().contains("<html"));
    /// ```
    pub fn to_html(&self) -> String {
        let (head, rest) = split(PAGE, "@style@");
        let (body, rest) = split(rest, "@data@");
        let (before, tail) = split(rest, "@script@");
        let script = SCRIPTS.join("\n");
        [head, STYLE, body, &self.json(), before, &script, tail].concat()
    }

    /// Writes the page to a file, and the place of the file to the standard error stream: also the reason, if it
    /// cannot be written.
    pub(crate) fn write(&self, path: &Path) {
        let full = absolute(path).unwrap_or_else(|_| path.to_owned());
        let full = self.file_in(full);
        let written = self.save(&full);
        let name = full.display();
        let line = match written {
            Ok(()) => format!("the timeline of seed {} is in {name}", self.seed),
            Err(error) => format!("the timeline cannot be written to {name}: {error}"),
        };
        // A closed stream does not make the run fail. Not `eprintln!`, which tests capture.
        let _ = writeln!(stderr(), "{line}");
    }

    /// Returns the file for a path: in a folder, one that is named after the test or program, and the seed. A path with a slash at
    /// its end is a folder, which is created.
    fn file_in(&self, path: PathBuf) -> PathBuf {
        let is_named = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if is_named {
            // The error of writing to the file has the reason.
            let _ = fs::create_dir_all(&path);
        }
        if !is_named && !path.is_dir() {
            return path;
        }
        let title = self.title.clone().unwrap_or_else(program);
        let title = title.replace("::", "-");
        let is_safe = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        let name: String = title
            .chars()
            .map(|c| if is_safe(c) { c } else { '-' })
            .collect();
        path.join(format!("{name}-seed-{}.html", self.seed))
    }

    /// Writes the page to a file.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// let file = std::env::temp_dir().join(format!("anyrt-timeline-{}.html", std::process::id()));
    /// outcome.timeline().save(&file)?;
    /// assert!(std::fs::read_to_string(&file)?.contains("<html"));
    /// # std::fs::remove_file(file)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.to_html())
    }

    fn title(&self) -> String {
        let what = match &self.title {
            Some(title) => format!("{title}: seed {}", self.seed),
            None => format!("seed {}", self.seed),
        };
        let how = if self.failure.is_some() {
            "failed"
        } else {
            "passed"
        };
        format!("{what} {how}")
    }

    fn facts(&self, left_out: usize) -> String {
        let Stats {
            elapsed,
            steps,
            spawned,
            packets,
            draws,
            ..
        } = self.stats;
        let mut facts = format!(
            "{elapsed:.3?} of virtual time, {steps} steps, {spawned} tasks, {packets} packets, {draws} draws; hash \
             {:016x}",
            self.hash
        );
        if left_out > 0 {
            facts += &format!("; {left_out} early events are left out");
        }
        facts
    }

    /// Returns the names of the hosts, by number.
    fn hosts(&self) -> Vec<String> {
        let mut hosts = vec!["main".to_owned()];
        let mut add = |number: u32, name: Option<&str>| {
            let number = number as usize;
            for more in hosts.len()..=number {
                hosts.push(format!("host {more}"));
            }
            if let Some(name) = name {
                name.clone_into(&mut hosts[number]);
            }
        };
        for event in self.events.iter() {
            let is_start = event.kind == EventKind::Start;
            add(event.host, event.text().filter(|_| is_start));
            if let Some(packet) = event.packet() {
                add(packet.to, None);
            }
        }
        hosts
    }

    fn json(&self) -> String {
        let early = self.events.len().saturating_sub(MOST);
        let is_kept = |(number, event): &(usize, Event)| *number >= early || is_about_hosts(event);
        let rows: Vec<Event> = self
            .events
            .iter()
            .enumerate()
            .filter(is_kept)
            .map(|(_, event)| event)
            .collect();
        let left_out = self.events.len() - rows.len();
        let mut json = Json::new();
        json.text("title", Some(&self.title()));
        json.text("failure", self.failure.as_deref());
        json.text("command", self.command.as_deref());
        json.text("facts", Some(&self.facts(left_out)));
        json.number("elapsed", self.stats.elapsed.as_nanos());
        json.texts("hosts", &self.hosts());
        json.texts("kinds", &KIND_NAMES);
        json.texts("packets", &PACKET_NAMES);
        json.texts("fates", &FATE_NAMES);
        json.events(&rows);
        json.end()
    }
}

/// Returns whether an event explains later ones: what they are about, and in which state that is.
fn is_about_hosts(event: &Event) -> bool {
    !matches!(
        event.kind,
        EventKind::Poll
            | EventKind::Thread
            | EventKind::Advance
            | EventKind::Choose
            | EventKind::Send
            | EventKind::Fault
            | EventKind::Note
    )
}

/// Returns the name of the test that this thread runs, or else of the program.
fn program() -> String {
    let thread = thread::current();
    if let Some(name) = thread.name().filter(|name| *name != "main") {
        return name.to_owned();
    }
    let program = env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_stem);
    name.map_or("run".into(), |name| name.to_string_lossy().into_owned())
}

fn split<'a>(text: &'a str, at: &str) -> (&'a str, &'a str) {
    text.split_once(at).expect("the template has its places")
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())?;
        for event in self.events.iter() {
            write!(f, "\n{event}")?;
        }
        match &self.failure {
            Some(failure) => write!(f, "\n{failure}"),
            None => Ok(()),
        }
    }
}
