//! The bytes that pass through a stream.

use arbitrary::{Arbitrary, Result, Unstructured};

/// More bytes than the streams buffer, and few enough that an input is fast.
const MOST: usize = 200_000;

/// More text than is received at first, and little enough for libFuzzer.
const MOST_TEXT: usize = 10_000;

/// Many bytes in a short description: libFuzzer prefers short inputs, and streams have thresholds at 64
/// KiB.
#[derive(Arbitrary, Clone, Debug)]
pub struct Content {
    #[arbitrary(with = many)]
    bytes: Vec<u8>,
    /// Whether there are only two letters, so that patterns overlap with themselves.
    of_two_letters: bool,
    times: u16,
    /// A number that rarely makes the content long; most inputs do not need many bytes.
    rarely_long: u8,
}

impl Content {
    /// Returns all of the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let times = match self.rarely_long % 32 {
            31 => usize::from(self.times),
            _ => usize::from(self.times % 4),
        };
        let all = self.bytes.len() * (times + 1);
        let letter = |byte: u8| match self.of_two_letters {
            true => b'a' + byte % 2,
            false => byte,
        };
        self.bytes
            .iter()
            .map(|byte| letter(*byte))
            .cycle()
            .take(all.min(MOST))
            .collect()
    }
}

/// Text with characters of every length in UTF-8, and with many invalid ones.
#[derive(Arbitrary, Clone, Debug)]
pub struct AlmostText(#[arbitrary(with = many)] Vec<Piece>);

#[derive(Arbitrary, Clone, Debug)]
enum Piece {
    Character(char),
    /// A character without its last bytes.
    Beginning(char, u8),
    /// A byte that may be invalid at its place.
    Byte(u8),
    Ascii(u8),
    Same(u8, u16),
}

impl AlmostText {
    /// Returns all of the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.0 {
            match *piece {
                Piece::Character(character) => push(&mut bytes, character, 4),
                Piece::Beginning(character, count) => push(&mut bytes, character, count),
                Piece::Byte(byte) => bytes.push(byte),
                Piece::Ascii(byte) => bytes.push(byte % 128),
                Piece::Same(byte, times) if bytes.len() < MOST_TEXT => {
                    let most = if byte % 64 == 63 { MOST_TEXT } else { 8 };
                    let times = usize::from(times) % most;
                    let character = char::from(byte);
                    for _ in 0..times {
                        push(&mut bytes, character, 4);
                    }
                }
                Piece::Same(..) => {}
            }
        }
        bytes
    }
}

/// Appends at most `count` bytes of the character.
fn push(bytes: &mut Vec<u8>, character: char, count: u8) {
    let mut room = [0; 4];
    let all = character.encode_utf8(&mut room).as_bytes();
    bytes.extend_from_slice(&all[..all.len().min(count.into())]);
}

/// Creates up to 255 items. The implementation for `Vec` reads after each item whether it was the last,
/// which random bytes confirm too soon.
pub fn many<'a, T: Arbitrary<'a>>(input: &mut Unstructured<'a>) -> Result<Vec<T>> {
    take(input, u8::MAX)
}

/// Creates up to 15 items, as [`many`] does.
pub fn few<'a, T: Arbitrary<'a>>(input: &mut Unstructured<'a>) -> Result<Vec<T>> {
    take(input, 15)
}

fn take<'a, T: Arbitrary<'a>>(input: &mut Unstructured<'a>, most: u8) -> Result<Vec<T>> {
    let count = u8::arbitrary(input)? & most;
    let mut items = Vec::new();
    while items.len() < count.into() && !input.is_empty() {
        items.push(T::arbitrary(input)?);
    }
    Ok(items)
}
