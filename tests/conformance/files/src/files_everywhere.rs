//! Files against a model, cancelled at each poll: F3, F4.

use std::cell::{Cell, RefCell};
use std::io::SeekFrom;
use std::sync::Arc;

use anyrt_core::fs::{File, OpenOptions};
use anyrt_core::sync::CapacityLimiter;

use crate::bytes::bytes;
use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;

#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    ReadExact(usize),
    Write(usize),
    Seek(SeekFrom),
    SetLength(u64),
    Flush,
}

/// The expected contents and position of a file.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    bytes: Vec<u8>,
    position: usize,
}

impl Model {
    /// Applies the step to the model, and returns the bytes that the file has to read.
    fn apply(&mut self, step: &Step) -> Vec<u8> {
        match *step {
            Step::Read(most) | Step::ReadExact(most) => {
                let begin = self.position.min(self.bytes.len());
                let end = (begin + most).min(self.bytes.len());
                self.position = end.max(self.position);
                return self.bytes[begin..end].to_vec();
            }
            Step::Write(count) => {
                let end = self.position + count;
                if self.bytes.len() < end {
                    self.bytes.resize(end, 0);
                }
                self.bytes[self.position..end].copy_from_slice(&bytes(count));
                self.position = end;
            }
            Step::Seek(to) => {
                let (base, distance) = match to {
                    SeekFrom::Start(to) => (0, i64::try_from(to).unwrap()),
                    SeekFrom::Current(by) => (self.position, by),
                    SeekFrom::End(by) => (self.bytes.len(), by),
                };
                self.position = base.saturating_add_signed(isize::try_from(distance).unwrap());
            }
            Step::SetLength(length) => self.bytes.resize(usize::try_from(length).unwrap(), 0),
            Step::Flush => {}
        }
        Vec::new()
    }
}

async fn apply(file: &mut File<R>, model: &RefCell<Model>, step: &Step) {
    let mut read = Vec::new();
    match *step {
        Step::Read(most) => {
            read.resize(most, 0);
            let count = file.read(&mut read).await.unwrap();
            read.truncate(count);
        }
        Step::ReadExact(count) => {
            read.resize(count, 0);
            file.read_exact(&mut read).await.unwrap();
        }
        // Fewer bytes than are gathered: they are accepted as a whole.
        Step::Write(count) => assert_eq!(file.write(&bytes(count)).await.unwrap(), count),
        Step::Seek(to) => drop(file.seek(to).await.unwrap()),
        Step::SetLength(length) => file.set_len(length).await.unwrap(),
        Step::Flush => file.flush().await.unwrap(),
    }
    let expected = model.borrow_mut().apply(step);
    assert!(read == expected, "{step:?}");
}

fn check(backend: &Backend, length: usize, steps: &[Step]) {
    // Bytes in the system's memory may be read at once; not with a limiter, because its tokens count calls.
    let limiter = Arc::new(CapacityLimiter::new(1));
    for options in [OpenOptions::new(), OpenOptions::new().limiter(&limiter)] {
        check_opened(backend, &options.read(true).write(true), length, steps);
    }
}

fn check_opened(backend: &Backend, options: &OpenOptions<R>, length: usize, steps: &[Step]) {
    let folder = Folder::new();
    let path = folder.join("file");
    cancel_everywhere(
        backend,
        async |cut| {
            let model = Model {
                bytes: bytes(length),
                position: 0,
            };
            fs::write(&path, &model.bytes).unwrap();
            let model = RefCell::new(model);
            let mut file = options.open(&path).await.unwrap();
            let done = Cell::new(0);
            cut.apply(async {
                for step in steps {
                    apply(&mut file, &model, step).await;
                    done.set(done.get() + 1);
                }
            })
            .await;
            // The cancelled step was carried out, or it was not.
            if let Some(step) = steps.get(done.get()) {
                let position = file.tell().await.unwrap();
                let length = file.metadata().await.unwrap().len();
                let seen = (usize::try_from(position).unwrap(), length);
                let look = |model: &Model| (model.position, model.bytes.len() as u64);
                let before = model.borrow().clone();
                let mut after = before.clone();
                after.apply(step);
                let reads = matches!(step, Step::Read(_) | Step::ReadExact(_) | Step::Write(_));
                if seen != look(&before) {
                    assert!(!reads, "{step:?} took something although it was cancelled");
                    assert_eq!(seen, look(&after), "{step:?}, before {:?}", look(&before));
                    model.replace(after);
                    done.set(done.get() + 1);
                }
            }
            for step in &steps[done.get()..] {
                apply(&mut file, &model, step).await;
            }
            file.close().await.unwrap();
            assert!(fs::read(&path).unwrap() == model.borrow().bytes);
        },
        |_, ()| {},
    );
}

/// F3, F4: wherever reads, writes and seeks are cancelled, each is carried out or not, and the file stays
/// in step with the model.
pub fn cancelled_operations_keep_to_the_model(backend: &Backend) {
    use Step::{Flush, Read, ReadExact, Seek, SetLength, Write};
    check(
        backend,
        40_000,
        &[
            Read(10),
            Write(5),
            Seek(SeekFrom::Current(-3)),
            ReadExact(20_000),
            Write(7),
            Flush,
            Seek(SeekFrom::End(-10)),
            Read(5),
            Seek(SeekFrom::Current(2)),
        ],
    );
    check(
        backend,
        40_000,
        &[
            Write(300),
            Read(16_500),
            Seek(SeekFrom::Current(10)),
            Read(3),
            SetLength(17_000),
            Read(40_000),
            Write(100),
            SetLength(9),
            Seek(SeekFrom::Start(4)),
            ReadExact(5),
        ],
    );
}

/// F3, F4, F5: the same while the file is read ahead: sequential reads return the bytes in order, and any
/// other operation happens at the position after the bytes consumed.
pub fn cancelled_reading_ahead_keeps_to_the_model(backend: &Backend) {
    use Step::{Flush, Read, Seek, SetLength, Write};
    const PIECE: usize = 64 << 10;
    check(
        backend,
        1 << 20,
        &[
            Read(PIECE),
            Read(PIECE),
            Read(PIECE),
            Read(PIECE),
            Write(10),
            Flush,
            Read(PIECE),
            Read(PIECE),
            Read(PIECE),
            Seek(SeekFrom::Current(-7)),
            Read(PIECE),
            Read(PIECE),
            SetLength(700_000),
            Read(PIECE),
            Seek(SeekFrom::Start(690_000)),
            Read(10_000),
            Read(1),
            Write(5),
        ],
    );
}

anyrt_conformance_kit::cases! { files_everywhere: erased [Process],
    cancelled_reading_ahead_keeps_to_the_model,
    cancelled_operations_keep_to_the_model,
}
