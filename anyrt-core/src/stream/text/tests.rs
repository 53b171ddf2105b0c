//! Tests of the parts that do not depend on how text is split.

use std::io::ErrorKind;
use std::pin::pin;
use std::task::Waker;

use futures_io::AsyncWrite;

use super::*;
use crate::stream::HalfClose;

/// A stream that cannot end one direction alone, like TLS 1.2.
struct Whole<'a> {
    closed: &'a mut bool,
}

impl AsyncWrite for Whole<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!*self.closed, "it can be used as before");
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self.get_mut().closed = true;
        Poll::Ready(Ok(()))
    }
}

impl Attributes for Whole<'_> {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide::<HalfClose>(|| false);
    }
}

#[test]
fn the_end_alone_is_refused_where_it_would_close_both_directions() {
    let mut closed = false;
    let mut text = TextStream::new(Whole {
        closed: &mut closed,
    });
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = pin!(text.send_eof()).poll(&mut cx) else {
        panic!("it has to be refused");
    };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let sent = pin!(text.send("more")).poll(&mut cx);
    assert!(matches!(sent, Poll::Ready(Ok(()))));
    let ended = pin!(text.close()).poll(&mut cx);
    assert!(matches!(ended, Poll::Ready(Ok(()))));
    assert!(closed);
}
