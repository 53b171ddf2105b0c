//! Spooled temporary files: FS-12, T4.

use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;

use anyrt_core::sync::CapacityLimiter;
use anyrt_core::temp::{self, TempBuilder};
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use crate::cancel_everywhere::{Way, cancel_everywhere};
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{in_cancelled_scope, run};

/// FS-12, T4: a spooled file is in memory until a write or a new length exceeds its limit; the position
/// stays.
pub fn a_spooled_file_moves_when_it_grows(backend: &Backend) {
    run(backend, async {
        let mut file = temp::spooled::<R>(10);
        file.write_all(b"01234").await.unwrap();
        file.write_all(b"56789").await.unwrap();
        file.set_len(10).await.unwrap();
        file.write_all(b"").await.unwrap();
        file.flush().await.unwrap();
        assert!(!file.is_rolled(), "it has as many bytes as are allowed");
        assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), 6);
        for before in [
            SeekFrom::Current(-7),
            SeekFrom::End(-11),
            SeekFrom::Start(u64::MAX),
        ] {
            let error = file.seek(before).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        let mut two = [0; 2];
        assert_eq!(file.read(&mut two).await.unwrap(), 2);
        assert_eq!(&two, b"67");
        file.write_all(b"abc").await.unwrap();
        assert!(file.is_rolled());
        assert_eq!(file.tell().await.unwrap(), 11);
        file.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        assert_eq!(file.read_to_end(&mut all).await.unwrap(), 11);
        assert_eq!(all, b"01234567abc");

        let mut long = temp::spooled::<R>(10);
        long.write_all(b"x").await.unwrap();
        long.set_len(11).await.unwrap();
        assert!(long.is_rolled());
        assert_eq!(long.tell().await.unwrap(), 1);
        let mut far = temp::spooled::<R>(10);
        assert_eq!(far.seek(SeekFrom::Start(9)).await.unwrap(), 9);
        far.write_all(b"x").await.unwrap();
        assert!(!far.is_rolled());
        far.write_all(b"y").await.unwrap();
        assert!(far.is_rolled());
        far.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"\0\0\0\0\0\0\0\0\0xy");

        let mut small = temp::spooled::<R>(10);
        small.write_all(b"xyz").await.unwrap();
        small.seek(SeekFrom::Start(1)).await.unwrap();
        let mut rest = Vec::new();
        let mut file = small.into_file().await.unwrap();
        file.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"yz");
    });
}

/// T4, F7: in memory no worker thread is used. If the system refuses the file, all bytes are still in memory, and
/// the write can be repeated.
pub fn a_refused_move_keeps_everything(backend: &Backend) {
    let folder = Folder::new();
    let parent = folder.join("later");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let builder = TempBuilder::<R>::new().parent(&parent).limiter(&limiter);
        let token = limiter.acquire_arc().await;
        let mut file = builder.spooled(4);
        file.write_all(b"0123").await.unwrap();
        file.seek(SeekFrom::Start(2)).await.unwrap();
        drop(token);
        let error = file.write_all(b"abc").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!file.is_rolled());
        assert_eq!(file.tell().await.unwrap(), 2);
        fs::create_dir(&parent).unwrap();
        file.write_all(b"abc").await.unwrap();
        assert!(file.is_rolled());
        file.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        file.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"01abc");
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 0, "it has no name");
    });
}

/// T4: wherever the move is cancelled, all bytes are in memory or in the file.
pub fn a_cancelled_move_keeps_everything(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let mut file = temp::spooled::<R>(4);
            file.write_all(b"0123").await.unwrap();
            let complete = cut.apply(file.write_all(b"45")).await.is_some();
            let position = file.tell().await.unwrap();
            assert!(position == 6 || position == 4 && !complete);
            if cut.way() != Way::Drop {
                assert_eq!(position == 6, complete);
            }
            file.seek(SeekFrom::Start(0)).await.unwrap();
            let mut all = Vec::new();
            file.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, b"012345"[..usize::try_from(position).unwrap()]);
        },
        |_, ()| {},
    );
}

/// FS-12, C4: a spooled file implements the traits of `futures::io`, on both sides of its limit, and its
/// operations are cancel points.
pub fn a_spooled_file_is_a_byte_stream(backend: &Backend) {
    fn is_stream(_: &(impl AsyncBufRead + AsyncWrite + AsyncSeek + Send)) {}
    run(backend, async {
        for max in [0, 100] {
            let mut file = temp::spooled::<R>(max);
            is_stream(&file);
            let written = poll_fn(|cx| Pin::new(&mut file).poll_write(cx, b"one\ntwo\n"));
            assert_eq!(written.await.unwrap(), 8);
            poll_fn(|cx| Pin::new(&mut file).poll_flush(cx))
                .await
                .unwrap();
            assert_eq!(file.is_rolled(), max == 0);
            let moved = poll_fn(|cx| Pin::new(&mut file).poll_seek(cx, SeekFrom::Start(2)));
            assert_eq!(moved.await.unwrap(), 2);
            let filled = poll_fn(|cx| Pin::new(&mut file).poll_fill_buf(cx).map_ok(<[u8]>::to_vec));
            assert_eq!(filled.await.unwrap(), b"e\ntwo\n");
            Pin::new(&mut file).consume(2);
            assert_eq!(file.tell().await.unwrap(), 4);
            let mut rest = [0; 10];
            let read = poll_fn(|cx| Pin::new(&mut file).poll_read(cx, &mut rest));
            assert_eq!(read.await.unwrap(), 4);
            assert_eq!(&rest[..4], b"two\n");

            let refused = in_cancelled_scope::<R, _>(file.write_all(b"more")).await;
            assert!(refused.is_err());
            assert!(in_cancelled_scope::<R, _>(file.set_len(200)).await.is_err());
            assert!(
                in_cancelled_scope::<R, _>(file.seek(SeekFrom::Start(0)))
                    .await
                    .is_err()
            );
            let mut buffer = [0; 8];
            assert!(
                in_cancelled_scope::<R, _>(file.read(&mut buffer))
                    .await
                    .is_err()
            );
            assert_eq!(file.tell().await.unwrap(), 8);
            assert_eq!(file.seek(SeekFrom::End(0)).await.unwrap(), 8);
            poll_fn(|cx| Pin::new(&mut file).poll_close(cx))
                .await
                .unwrap();
        }
    });
}

anyrt_conformance_kit::cases! { files_spooled: erased [Process],
    a_spooled_file_moves_when_it_grows,
    a_refused_move_keeps_everything: [unix_files],
    a_cancelled_move_keeps_everything,
    a_spooled_file_is_a_byte_stream,
}
