//! The disk against the file system of Linux: random operations with the same results and errors on both.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const NAMES: [&str; 8] = ["a", "a", "b", "b", "c", "l", ".", ".."];

/// Draws of numbers that are the same in each run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    /// Returns a relative path of up to three names, which leads up by three folders at most.
    fn path(&mut self) -> String {
        let count = 1 + self.below(3);
        let names: Vec<_> = (0..count).map(|_| NAMES[self.below(NAMES.len())]).collect();
        names.join("/") + ["", "", "", "/"][self.below(4)]
    }

    /// Returns the target of a link, which does not lead up.
    fn target(&mut self) -> String {
        let path = self.path().replace("..", "c");
        path.trim_end_matches('/').to_owned()
    }
}

/// An operation on one or two paths.
#[derive(Debug)]
enum Step {
    CreateDir(String),
    RemoveDir(String),
    RemoveFile(String),
    Replace(String, String),
    HardLink(String, String),
    Symlink(String, String),
    Write(String),
    Read(String),
    Kind(String, bool),
    ReadLink(String),
    List(String),
}

impl Step {
    fn draw(draws: &mut Draws) -> Step {
        match draws.below(14) {
            0 | 1 => Step::CreateDir(draws.path()),
            2 => Step::RemoveDir(draws.path()),
            3 => Step::RemoveFile(draws.path()),
            4 | 5 => Step::Replace(draws.path(), draws.path()),
            6 => Step::HardLink(draws.path(), draws.path()),
            7 => Step::Symlink(draws.target(), draws.path()),
            8 | 9 => Step::Write(draws.path()),
            10 => Step::Read(draws.path()),
            11 => Step::Kind(draws.path(), draws.below(2) == 0),
            12 => Step::ReadLink(draws.path()),
            _ => Step::List(draws.path()),
        }
    }

    fn on_linux(&self, base: &Path) -> io::Result<String> {
        let at = |path: &str| base.join(path);
        Ok(match self {
            Step::CreateDir(path) => done(fs::create_dir(at(path)))?,
            Step::RemoveDir(path) => done(fs::remove_dir(at(path)))?,
            Step::RemoveFile(path) => done(fs::remove_file(at(path)))?,
            Step::Replace(from, to) => done(fs::rename(at(from), at(to)))?,
            Step::HardLink(original, link) => done(fs::hard_link(at(original), at(link)))?,
            Step::Symlink(target, link) => done(symlink(target, at(link)))?,
            Step::Write(path) => done(fs::write(at(path), "text"))?,
            Step::Read(path) => fs::File::open(at(path)).map(|_| String::new())?,
            Step::Kind(path, true) => kind(fs::metadata(at(path))?.is_dir(), false),
            Step::Kind(path, false) => {
                let metadata = fs::symlink_metadata(at(path))?;
                kind(metadata.is_dir(), metadata.is_symlink())
            }
            Step::ReadLink(path) => format!("{:?}", fs::read_link(at(path))?),
            Step::List(path) => {
                let entries = fs::read_dir(at(path))?;
                let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
                names.sort();
                format!("{names:?}")
            }
        })
    }

    fn on_disk(&self, files: &dyn FileSystem, base: &Path) -> io::Result<String> {
        let at = |path: &str| base.join(path);
        Ok(match self {
            Step::CreateDir(path) => done(files.create_dir(&at(path), 0o777))?,
            Step::RemoveDir(path) => done(files.remove_dir(&at(path)))?,
            Step::RemoveFile(path) => done(files.remove_file(&at(path)))?,
            Step::Replace(from, to) => done(files.rename(&at(from), &at(to), true))?,
            Step::HardLink(original, link) => done(files.hard_link(&at(original), &at(link)))?,
            Step::Symlink(target, link) => done(files.symlink(target.as_ref(), &at(link)))?,
            Step::Write(path) => done(write_all(&*open(files, at(path), "wct")?, b"text"))?,
            Step::Read(path) => open(files, at(path), "r").map(|_| String::new())?,
            Step::Kind(path, follow) => {
                let metadata = files.metadata(&at(path), *follow)?;
                kind(metadata.is_dir(), metadata.is_symlink())
            }
            Step::ReadLink(path) => format!("{:?}", files.read_link(&at(path))?),
            Step::List(path) => {
                let entries = files.read_dir(&at(path))?;
                let names: Vec<_> = entries.into_iter().map(|(name, _)| name).collect();
                format!("{names:?}")
            }
        })
    }
}

fn done(outcome: io::Result<()>) -> io::Result<String> {
    outcome.map(|()| String::new())
}

fn kind(is_dir: bool, is_symlink: bool) -> String {
    format!("folder: {is_dir}, link: {is_symlink}")
}

#[test]
fn random_operations_have_the_results_of_linux() {
    let long = std::env::var_os("ANYRT_LONG_TESTS").is_some();
    for seed in 1..if long { 1_000 } else { 100 } {
        let root = tempfile::tempdir().unwrap();
        let below = Path::new("1/2/3/4");
        let real = root.path().join(below);
        fs::create_dir_all(&real).unwrap();
        simulated(|files, _| {
            let own = Path::new("/").join(below);
            for folder in ["/1", "/1/2", "/1/2/3", "/1/2/3/4"] {
                files.create_dir(folder.as_ref(), 0o777).unwrap();
            }
            let mut draws = Draws(seed);
            let mut steps = Vec::new();
            for _ in 0..80 {
                let step = Step::draw(&mut draws);
                let number = |error: io::Error| error.raw_os_error().unwrap();
                let on_linux = step.on_linux(&real).map_err(number);
                let on_disk = step.on_disk(files, &own).map_err(number);
                steps.push(step);
                assert_eq!(on_disk, on_linux, "seed {seed}: {steps:#?}");
            }
        });
    }
}
