//! A browser without a window, which opens a page and returns what its script has made of it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The browsers, by the names under which systems install them.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser, and a folder for its pages and its profile, which is removed with it.
pub(crate) struct Browser {
    name: &'static str,
    folder: PathBuf,
    count: AtomicU64,
}

impl Browser {
    /// Returns the browser of the system. Without one, the test is skipped; with `ANYRT_REQUIRE_SERVICES=1` it fails.
    pub(crate) fn find(test: &str) -> Option<Browser> {
        let is_there = |name: &&str| {
            let mut command = Command::new(name);
            let version = command.arg("--version").stderr(Stdio::null()).output();
            version.is_ok_and(|output| output.status.success())
        };
        let Some(name) = NAMES.into_iter().find(is_there) else {
            assert!(
                env::var_os("ANYRT_REQUIRE_SERVICES").is_none_or(|value| value != "1"),
                "there is no `chromium`"
            );
            eprintln!("skipped: there is no `chromium`");
            return None;
        };
        let folder = env::temp_dir().join(format!("anyrt-timeline-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Some(Browser {
            name,
            folder,
            count: AtomicU64::new(0),
        })
    }

    /// Opens a page, at a fragment of its address, and returns its elements as the script has left them.
    pub(crate) fn open(&self, page: &str, fragment: &str) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.html"));
        fs::write(&path, page).expect("a file");
        // For a look at it: the folder for pictures of all pages.
        if let Some(pictures) = env::var_os("ANYRT_TIMELINE_PICTURES") {
            let picture = Path::new(&pictures).join(format!(
                "{}-{number}.png",
                Path::new(self.folder.file_name().expect("a name")).display()
            ));
            self.run(
                &path,
                fragment,
                &format!("--screenshot={}", picture.display()),
            );
        }
        self.run(&path, fragment, "--dump-dom")
    }

    fn run(&self, page: &Path, fragment: &str, action: &str) -> String {
        let profile = self.folder.join("profile");
        let output = Command::new(self.name)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args([
                "--window-size=1440,900",
                "--virtual-time-budget=5000",
                action,
            ])
            .arg(format!("file://{}{fragment}", page.display()))
            .stdin(Stdio::null())
            .output()
            .expect("the browser starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What is left of it is in the system's temporary folder.
        drop(fs::remove_dir_all(&self.folder));
    }
}
