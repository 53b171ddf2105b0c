//! Tests of the buffer and its search, compared with straightforward implementations.

use super::buffer::Buffer;
use super::search::Found;

/// Returns a pseudo-random number below `end`, so that a seed determines a test.
fn below(state: &mut u64, end: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % end as u64).unwrap()
}

#[test]
fn the_search_finds_what_a_plain_one_finds() {
    for seed in 1..3000_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // Two letters only, so that delimiters overlap with themselves.
        let mut letters = |count| -> Vec<u8> {
            (0..count)
                .map(|_| {
                    if below(&mut state, 2) == 0 {
                        b'a'
                    } else {
                        b'b'
                    }
                })
                .collect()
        };
        let text = letters(30);
        let delimiter = letters(1 + usize::try_from(seed).unwrap() % 5);
        let max = below(&mut state, 30);
        let place = text.windows(delimiter.len()).position(|w| w == delimiter);
        let mut buffer = Buffer::default();
        let mut found = buffer.find(&delimiter, max);
        for (received, byte) in text.iter().enumerate() {
            // Without new bytes, the result does not change.
            assert_eq!(buffer.find(&delimiter, max), found);
            if found != Found::NotYet {
                break;
            }
            assert!(place.is_none_or(|place| received < place + delimiter.len()));
            buffer.push(&[*byte]);
            found = buffer.find(&delimiter, max);
        }
        match found {
            Found::At(at) => assert_eq!(Some(at), place.filter(|place| *place <= max)),
            Found::TooFar => assert!(place.is_none_or(|place| place > max)),
            Found::NotYet => assert_eq!(place, None),
        }
    }
}

#[test]
fn too_far_is_said_as_soon_as_it_is_certain() {
    let mut buffer = Buffer::default();
    buffer.push(b"abc\r");
    assert_eq!(buffer.find(b"\r\n", 3), Found::NotYet);
    assert_eq!(buffer.find(b"\r\n", 2), Found::TooFar);
    buffer.push(b"x");
    assert_eq!(buffer.find(b"\r\n", 3), Found::TooFar);
    buffer.push(b"\r\n");
    assert_eq!(buffer.find(b"\r\n", 4), Found::TooFar);
    assert_eq!(buffer.find(b"\r\n", 5), Found::At(5));
    assert_eq!(buffer.find(b"c", 5), Found::At(2));
}

#[test]
fn bytes_come_out_as_they_went_in() {
    let mut state = 7;
    let mut buffer = Buffer::default();
    let mut expected = std::collections::VecDeque::new();
    let mut next = 0_u8;
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..below(&mut state, 3000))
            .map(|_| {
                next = next.wrapping_add(7);
                next
            })
            .collect();
        buffer.push(&bytes);
        expected.extend(bytes);
        let count = below(&mut state, buffer.len() + 1);
        if below(&mut state, 2) == 0 {
            let taken = buffer.take(count);
            assert!(taken.into_iter().eq(expected.drain(..count)));
        } else {
            assert!(buffer.bytes()[..count].iter().eq(expected.range(..count)));
            buffer.consume(count);
            expected.drain(..count);
        }
        assert_eq!(buffer.len(), expected.len());
    }
    // A large amount at once, with more bytes after it.
    let all: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut buffer = Buffer::default();
    buffer.push(&all);
    assert_eq!(buffer.take(200_000), all[..200_000]);
    assert_eq!(buffer.bytes(), &all[200_000..]);
    buffer.push(b"more");
    assert_eq!(buffer.take(100_004)[100_000..], *b"more");
    assert!(buffer.is_empty());
}

#[test]
fn the_memory_of_a_large_amount_goes_with_it() {
    for header in [0, 4] {
        let all: Vec<u8> = (0..=255).cycle().take(header + 1_000_000).collect();
        let mut buffer = Buffer::default();
        buffer.push(&all);
        buffer.push(b"x");
        assert_eq!(buffer.take(header), all[..header]);
        let taken = buffer.take(1_000_000);
        assert!(taken == all[header..]);
        assert!(taken.capacity() < 1_100_000);
        assert!(buffer.capacity() < 1000, "after {header} bytes");
        assert_eq!(buffer.bytes(), b"x");
        buffer.push(b"y");
        assert_eq!(buffer.take(2), b"xy");
    }
}

#[test]
fn a_search_begins_anew_after_a_large_amount_was_taken() {
    let mut buffer = Buffer::default();
    buffer.push(&[b'a'; 100_000]);
    buffer.push(b"\rab\r\n");
    assert_eq!(buffer.find(b"\r\n", 100_002), Found::TooFar);
    assert_eq!(buffer.take(100_000).len(), 100_000);
    assert_eq!(buffer.find(b"\r\n", 10), Found::At(3));
}
