//! Operations on byte streams, cancelled at each of their polls: C4, ST-01, ST-08, ST-09, ST-12.

use anyrt_core::cancel::checkpoint;
use anyrt_core::stream::{
    BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, TextStream, memory_byte_pipe,
};
use futures_util::future::join;

use super::byte_streams_support::Pieces;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::Backend;
use crate::support::yields;

/// ST-01, C4: wherever receiving is cancelled, every byte is received once, in order.
pub fn a_byte_receive_loses_nothing(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (mut sender, mut receiver) = memory_byte_pipe(2);
            let sending = async {
                for byte in 0..20 {
                    sender.send(&[byte]).await.unwrap();
                    yields(1).await;
                }
                sender.close().await.unwrap();
            };
            let receiving = async {
                let mut received = Vec::new();
                let some = async {
                    for _ in 0..4 {
                        checkpoint().await;
                        received.extend(receiver.receive(3).await.unwrap());
                    }
                };
                cut.apply(some).await;
                while let Ok(more) = receiver.receive(3).await {
                    received.extend(more);
                }
                assert_eq!(received, (0..20).collect::<Vec<u8>>());
            };
            join(sending, receiving).await;
        },
        |_, ()| {},
    );
}

/// ST-01, C4: wherever sending is cancelled, the received bytes are a prefix of those that were sent.
pub fn a_cancelled_byte_send_leaves_a_beginning(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (mut sender, mut receiver) = memory_byte_pipe(3);
            let bytes: Vec<u8> = (0..40).collect();
            let sending = async {
                let send = async {
                    checkpoint().await;
                    sender.send(&bytes).await.unwrap();
                };
                let complete = cut.apply(send).await.is_some();
                sender.close().await.unwrap();
                complete
            };
            let receiving = async {
                let mut received = Vec::new();
                while let Ok(more) = receiver.receive(5).await {
                    received.extend(more);
                    yields(1).await;
                }
                received
            };
            let (complete, received) = join(sending, receiving).await;
            assert_eq!(received, bytes[..received.len()]);
            assert!(!complete || received.len() == bytes.len());
        },
        |_, ()| {},
    );
}

/// ST-08, ST-09, C4: wherever receiving a message is cancelled, its parts are still there.
pub fn a_buffered_receive_loses_nothing(backend: &Backend) {
    for size in [1, 3, 100] {
        cancel_everywhere(
            backend,
            async |cut| {
                let pieces = Pieces::of(b"4\r\nbody1\r\n!", size).slow();
                let mut stream = BufferedByteStream::new(pieces);
                let mut received = Vec::new();
                let receive = async {
                    received.push(stream.receive_until(b"\r\n", 10).await.unwrap());
                    received.push(stream.receive_exactly(4).await.unwrap());
                };
                cut.apply(receive).await;
                for at in received.len()..4 {
                    received.push(match at {
                        0 | 2 => stream.receive_until(b"\r\n", 10).await.unwrap(),
                        1 => stream.receive_exactly(4).await.unwrap(),
                        _ => stream.receive_exactly(1).await.unwrap(),
                    });
                }
                assert_eq!(received, [&b"4"[..], b"body", b"1", b"!"]);
            },
            |_, ()| {},
        );
    }
}

/// ST-12, C4: wherever receiving text is cancelled, no character is lost.
pub fn a_text_receive_loses_nothing(backend: &Backend) {
    const TEXT: &str = "ä€😀z";
    cancel_everywhere(
        backend,
        async |cut| {
            let mut stream = TextStream::new(Pieces::of(TEXT.as_bytes(), 1).slow());
            let mut text = String::new();
            let receive = async {
                for _ in 0..3 {
                    text += &stream.receive().await.unwrap();
                }
            };
            cut.apply(receive).await;
            while let Ok(more) = stream.receive().await {
                text += &more;
            }
            assert_eq!(text, TEXT);
        },
        |_, ()| {},
    );
}

/// ST-13, C4: wherever sending text is cancelled, all of it arrives or nothing, and the next text is whole.
pub fn a_text_is_sent_whole_or_not_at_all(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (sender, receiver) = memory_byte_pipe(2);
            let (mut sender, mut receiver) = (TextStream::new(sender), TextStream::new(receiver));
            let sending = async {
                let complete = cut.apply(sender.send("ä€😀")).await.is_some();
                sender.send("next").await.unwrap();
                sender.close().await.unwrap();
                complete
            };
            let receiving = async {
                let mut text = String::new();
                while let Ok(more) = receiver.receive().await {
                    text += &more;
                    yields(1).await;
                }
                text
            };
            let (complete, text) = join(sending, receiving).await;
            assert!(text == "ä€😀next" || text == "next" && !complete, "{text}");
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { byte_streams_everywhere: erased,
    a_byte_receive_loses_nothing,
    a_cancelled_byte_send_leaves_a_beginning,
    a_buffered_receive_loses_nothing,
    a_text_receive_loses_nothing,
    a_text_is_sent_whole_or_not_at_all,
}
