//! Arguments and results.

use std::collections::BTreeMap;

use anyrt::to_process::{self, WorkerError};
use serde::{Deserialize, Serialize};

use super::{divide, echo, process};

/// PR-11, W10: values and errors are returned unchanged; the function can still be called directly.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn values_and_errors_come_back() {
    assert_eq!(divide((6, 2)), Ok(3));
    let divided = to_process::run(divide, (6, 2)).await.unwrap();
    assert_eq!(divided, Ok(3));
    let divided = to_process::run(divide, (6, 0)).await.unwrap();
    assert_eq!(divided, Err("by zero".to_owned()));
}

/// Sends values of 100 MiB, and receives them.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn large_values_go_through() {
    let text = "0123456789abcdef".repeat(100 << 16);
    assert_eq!(text.len(), 100 << 20);
    let answer = to_process::run(echo, text.clone()).await.unwrap();
    assert!(answer == text);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
enum Adjacent {
    Number(u64),
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Both { number: i64, text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    kept: Option<u8>,
    #[serde(default)]
    other: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shapes {
    tagged: Vec<Tagged>,
    adjacent: Vec<Adjacent>,
    untagged: Vec<Untagged>,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
    some: Option<String>,
    none: Option<String>,
    unit: (),
    wide: (u128, i128, char, f32),
    keys: BTreeMap<u32, Vec<u8>>,
}

#[anyrt::process_fn]
fn same_shapes(shapes: Shapes) -> Shapes {
    shapes
}

#[anyrt::process_fn]
fn same_option(option: Option<Option<u8>>) -> Option<Option<u8>> {
    option
}

/// W10: each shape of serde's data model.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn shapes_go_through() {
    let rest = [
        (
            "a".to_owned(),
            serde_json::json!({ "b": [1, 2.5, null, "c"] }),
        ),
        ("d".to_owned(), serde_json::json!(true)),
    ];
    for left_out in [None, Some(1)] {
        let shapes = Shapes {
            tagged: vec![Tagged::Circle { radius: 1.5 }, Tagged::Square { side: 2.0 }],
            adjacent: vec![Adjacent::Number(u64::MAX), Adjacent::Nothing],
            untagged: vec![
                Untagged::Number(-3),
                Untagged::Text("text".to_owned()),
                Untagged::Both {
                    number: 4,
                    text: "both".to_owned(),
                },
            ],
            inner: Inner {
                left_out,
                kept: None,
                other: 9,
            },
            rest: rest.clone().into(),
            some: Some("some".to_owned()),
            none: None,
            unit: (),
            wide: (u128::MAX, i128::MIN, '\u{10ffff}', 0.5),
            keys: [(1, vec![0, 255]), (2, vec![])].into(),
        };
        let answer = to_process::run(same_shapes, shapes.clone()).await.unwrap();
        assert_eq!(answer, shapes);
    }
    // As documented.
    for (sent, back) in [(Some(Some(1)), Some(Some(1))), (Some(None), None)] {
        assert_eq!(to_process::run(same_option, sent).await.unwrap(), back);
    }
}

/// A value that cannot be sent if it is negative, or received if it is odd.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Picky(i32);

impl Serialize for Picky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0.. => serializer.serialize_i32(self.0),
            _ => Err(serde::ser::Error::custom("it is negative")),
        }
    }
}

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Picky, D::Error> {
        match i32::deserialize(deserializer)? {
            odd if odd % 2 == 1 => Err(serde::de::Error::custom("it is odd")),
            even => Ok(Picky(even)),
        }
    }
}

#[anyrt::process_fn]
fn minus((from, number): (i32, Picky)) -> Picky {
    Picky(from - number.0)
}

/// W11: values that cannot be sent are errors, and the worker stays usable.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn values_that_cannot_be_sent_are_errors() {
    let worker = to_process::run(process, ()).await.unwrap();
    let call = async |from, number| to_process::run(minus, (from, Picky(number))).await;
    assert_eq!(call(10, 2).await.unwrap(), Picky(8));
    for (number, expected) in [(-1, "negative"), (1, "odd")] {
        let Err(WorkerError::Argument(error)) = call(10, number).await else {
            panic!("it cannot be sent");
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    for (from, expected) in [(0, "negative"), (3, "odd")] {
        let Err(WorkerError::ReturnValue(error)) = call(from, 2).await else {
            panic!("it cannot be sent");
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
}
