//! Text over byte streams: ST-12, ST-13.

use std::io;
use std::pin::pin;

use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, InvalidUtf8, ObjectReceiveStream, ObjectSendStream,
    StapledObjectStream, TextStream, is_closed, is_end_of_stream, is_invalid_utf8,
    memory_byte_stream,
};

use super::byte_streams_support::Pieces;
use crate::erased::{Backend, R};
use crate::support::{Wakes, in_cancelled_scope, run};

const TEXT: &str = "zwölf € für 😀, ein \u{10ffff}";

/// ST-12: wherever chunks end, whole characters are received, and never an empty text.
pub fn characters_are_joined(backend: &Backend) {
    run(backend, async {
        for size in 1..TEXT.len() {
            for lossy in [true, false] {
                let pieces = Pieces::of(TEXT.as_bytes(), size).slow();
                let mut stream = if lossy {
                    TextStream::lossy(pieces)
                } else {
                    TextStream::new(pieces)
                };
                let mut text = String::new();
                let error = loop {
                    match stream.receive().await {
                        Ok(part) => {
                            assert!(!part.is_empty());
                            text.push_str(&part);
                        }
                        Err(error) => break error,
                    }
                };
                assert!(is_end_of_stream(&error));
                assert!(is_end_of_stream(&stream.receive().await.unwrap_err()));
                assert_eq!(text, TEXT);
            }
        }
    });
}

/// ST-13: invalid text is an error that has its position. All text before it was received, and nothing
/// after it is.
pub fn invalid_text_is_an_error(backend: &Backend) {
    run(backend, async {
        for size in 1..9 {
            let mut stream = TextStream::new(Pieces::of(b"\xc3\xbcber\xff!", size));
            let (text, error) = receive_all(&mut stream).await;
            assert_eq!(text, "über");
            for error in [error, stream.receive().await.unwrap_err()] {
                assert!(is_invalid_utf8(&error) && !is_end_of_stream(&error));
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                let inner = InvalidUtf8::of(&error);
                assert_eq!(inner.unwrap().valid_up_to(), 5);
                assert!(!inner.unwrap().is_at_the_end());
                assert!(error.to_string().contains("after 5 bytes"));
            }
            assert!(stream.into_parts().1.starts_with(b"\xff"));
        }
    });
}

/// ST-13: the end inside of a character is such an error, too.
pub fn an_end_inside_of_a_character_is_an_error(backend: &Backend) {
    run(backend, async {
        for size in 1..6 {
            let mut stream = TextStream::new(Pieces::of(b"ab\xe2\x82", size));
            let (text, error) = receive_all(&mut stream).await;
            assert_eq!(text, "ab");
            for error in [error, stream.receive().await.unwrap_err()] {
                let inner = InvalidUtf8::of(&error);
                assert_eq!(inner.unwrap().valid_up_to(), 2);
                assert!(inner.unwrap().is_at_the_end());
            }
            assert_eq!(stream.into_parts().1, b"\xe2\x82");
        }
    });
}

/// ST-13: if the option is set, invalid text is replaced instead.
pub fn invalid_text_is_replaced_if_asked_for(backend: &Backend) {
    run(backend, async {
        let bytes = b"a\xff\xfe\xe2\x82z\xf0\x9f\x98";
        let expected = String::from_utf8_lossy(bytes);
        assert_eq!(expected.matches(char::REPLACEMENT_CHARACTER).count(), 4);
        for size in 1..=bytes.len() {
            let mut stream = TextStream::lossy(Pieces::of(bytes, size).slow());
            let (text, error) = receive_all(&mut stream).await;
            assert_eq!(text, expected);
            assert!(is_end_of_stream(&error));
        }
    });
}

/// ST-13: text is sent as UTF-8, however little the stream accepts at once; after the end, nothing is sent.
pub fn text_is_sent_as_utf_8(backend: &Backend) {
    run(backend, async {
        let (near, mut far) = memory_byte_stream(1000);
        let mut near = TextStream::new(near);
        near.send("").await.unwrap();
        near.send(TEXT).await.unwrap();
        near.send(String::from("!")).await.unwrap();
        assert_eq!(
            far.receive(1000).await.unwrap(),
            format!("{TEXT}!").as_bytes()
        );
        near.send_eof().await.unwrap();
        near.send_eof().await.unwrap();
        assert!(is_closed(&near.send("").await.unwrap_err()));
        assert!(is_end_of_stream(&far.receive(1).await.unwrap_err()));
        far.send("zurück".as_bytes()).await.unwrap();
        assert_eq!(near.receive().await.unwrap(), "zurück");
        near.close().await.unwrap();
    });
}

/// ST-12, ST-13: a stream of text is a stream of objects, in both directions.
pub fn text_streams_are_object_streams(backend: &Backend) {
    async fn pass_on<S, R>(sender: &mut S, receiver: &mut R)
    where
        S: for<'a> ObjectSendStream<&'a str, SendError: std::fmt::Debug>
            + ObjectSendStream<String, SendError: std::fmt::Debug>,
        R: ObjectReceiveStream<Item = String, ReceiveError: std::fmt::Debug>,
    {
        ObjectSendStream::send(sender, "ab").await.unwrap();
        assert_eq!(receiver.receive().await.unwrap(), "ab");
        ObjectSendStream::send(sender, String::from("c"))
            .await
            .unwrap();
        <S as ObjectSendStream<String>>::send_eof(sender)
            .await
            .unwrap();
        assert_eq!(receiver.receive().await.unwrap(), "c");
        assert!(receiver.receive().await.is_err());
    }
    run(backend, async {
        let (near, far) = memory_byte_stream(1000);
        let (mut near, mut far) = (TextStream::new(near), TextStream::new(far));
        pass_on(&mut near, &mut far).await;
        let (near, far) = memory_byte_stream(1000);
        let (sender, _) = near.into_parts();
        let (_, receiver) = far.into_parts();
        let stapled = StapledObjectStream::new(TextStream::new(sender), TextStream::new(receiver));
        let (mut sender, mut receiver) = stapled.into_parts();
        pass_on(&mut sender, &mut receiver).await;
    });
}

/// C4, ST-13: a text that was sent in part is finished before the next.
pub fn a_text_that_was_broken_off_is_finished_first(backend: &Backend) {
    run(backend, async {
        for ends in [true, false] {
            let (near, far) = memory_byte_stream(2);
            let (mut near, mut far) = (TextStream::new(near), TextStream::new(far));
            let wakes = Wakes::new();
            {
                let mut send = pin!(near.send("ä€"));
                assert!(wakes.poll(send.as_mut()).is_pending());
            }
            let (next, expected) = if ends {
                ("", "ä€")
            } else {
                ("next", "ä€next")
            };
            let sending = async {
                if !next.is_empty() {
                    near.send(next).await.unwrap();
                }
                near.send_eof().await.unwrap();
            };
            let receiving = receive_all(&mut far);
            let ((), (text, error)) = futures_util::future::join(sending, receiving).await;
            assert_eq!(text, expected);
            assert!(is_end_of_stream(&error));
        }
    });
}

/// C4: in a cancelled scope nothing is received and nothing sent.
pub fn text_operations_are_cancel_points(backend: &Backend) {
    run(backend, async {
        let (near, far) = memory_byte_stream(100);
        let (mut near, mut far) = (TextStream::new(near), TextStream::new(far));
        near.send("here").await.unwrap();
        assert!(in_cancelled_scope::<R, _>(far.receive()).await.is_err());
        assert!(
            in_cancelled_scope::<R, _>(near.send("never"))
                .await
                .is_err()
        );
        assert!(in_cancelled_scope::<R, _>(near.send_eof()).await.is_err());
        near.send("!").await.unwrap();
        assert_eq!(far.receive().await.unwrap(), "here!");
    });
}

async fn receive_all<S>(stream: &mut TextStream<S>) -> (String, io::Error)
where
    S: anyrt_core::stream::ByteReceiveStream,
{
    let mut text = String::new();
    loop {
        match stream.receive().await {
            Ok(part) => {
                assert!(!part.is_empty());
                text.push_str(&part);
            }
            Err(error) => return (text, error),
        }
    }
}

anyrt_conformance_kit::cases! { text_streams: erased,
    characters_are_joined,
    invalid_text_is_an_error,
    an_end_inside_of_a_character_is_an_error,
    invalid_text_is_replaced_if_asked_for,
    text_is_sent_as_utf_8,
    text_streams_are_object_streams,
    a_text_that_was_broken_off_is_finished_first,
    text_operations_are_cancel_points,
}
