//! How reads end, and how much memory they need.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};

use super::Records;

/// A transport with bytes to read, and whether it stays open behind them.
#[derive(Debug, PartialEq)]
struct Bytes(&'static [u8], bool);

impl AsyncRead for Bytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.0.is_empty() && self.1 {
            return Poll::Pending;
        }
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Bytes {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// Reads with buffers of this size, until a read returns nothing.
fn reads(records: &mut Records<Bytes>, size: usize) -> Vec<Vec<u8>> {
    let mut reads = Vec::new();
    loop {
        let mut buffer = vec![0; size];
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(length)) = Pin::new(&mut *records).poll_read(&mut cx, &mut buffer)
        else {
            panic!("slices are always ready");
        };
        if length == 0 {
            return reads;
        }
        buffer.truncate(length);
        reads.push(buffer);
    }
}

const THREE: &[u8] = b"\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x00\x15\x03\x03\x00\x01c\x17\x03";

#[test]
fn a_read_ends_where_a_record_does() {
    let mut records = Records::new(Bytes(THREE, false));
    let expected: [&[u8]; 4] = [&THREE[..7], &THREE[7..12], &THREE[12..18], &THREE[18..]];
    assert_eq!(reads(&mut records, 100), expected);
}

#[test]
fn the_size_of_the_reads_makes_no_difference() {
    for size in 1..30 {
        let mut records = Records::new(Bytes(THREE, false));
        let mut end = 0;
        for read in reads(&mut records, size) {
            end += read.len();
            assert!(
                ![7, 12, 18]
                    .iter()
                    .any(|border| end - read.len() < *border && *border < end)
            );
        }
        assert_eq!(end, THREE.len());
    }
}

#[test]
fn what_was_read_past_a_record_is_kept() {
    let mut records = Records::new(Bytes(b"\x15\x03\x03\x00\x01cplain text", false));
    let mut buffer = [0; 12];
    let mut cx = Context::from_waker(Waker::noop());
    let read = Pin::new(&mut records).poll_read(&mut cx, &mut buffer);
    assert!(matches!(read, Poll::Ready(Ok(6))));
    assert_eq!(
        records.into_parts(),
        (Bytes(b"text", false), b"plain ".to_vec())
    );
}

#[test]
fn much_is_read_with_few_calls() {
    let record = [&b"\x17\x03\x03\x40\x00"[..], &[7; 0x4000]].concat();
    let bytes: &'static [u8] = record.repeat(6).leak();
    let mut records = Records::new(Bytes(bytes, false));
    // The session reads in this way. The transport always fills the buffer.
    let given = reads(&mut records, 4096).concat();
    assert!(given == bytes);
    // It is unknown when more bytes will come, so no memory is kept for them.
    assert_eq!(records.surplus.bytes.capacity(), 0);
}

#[test]
fn waiting_for_more_takes_no_memory() {
    let record = [&b"\x17\x03\x03\x0f\xfb"[..], &[7; 4091]].concat();
    let mut records = Records::new(Bytes(record.leak(), true));
    let mut cx = Context::from_waker(Waker::noop());
    for expected in [Poll::Ready(4096), Poll::Pending] {
        let read = Pin::new(&mut records).poll_read(&mut cx, &mut [0; 4096]);
        assert_eq!(read.map(Result::unwrap), expected);
    }
    assert_eq!(records.surplus.bytes.capacity(), 0);
}
