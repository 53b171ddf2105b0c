//! The statements that the server knows, and their values.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::SqlError;

/// A statement that the server knows, by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Begin,
    Commit,
    Rollback,
    Insert,
    Find,
    All,
    AddOne,
    Square,
    IsNull,
    DivideByZero,
    Sleep,
}

/// The texts of the statements.
const TEXTS: [(&str, Statement); 12] = [
    ("BEGIN", Statement::Begin),
    ("START TRANSACTION", Statement::Begin),
    ("COMMIT", Statement::Commit),
    ("ROLLBACK", Statement::Rollback),
    (
        "INSERT INTO entries (name, value) VALUES ($1, $2)",
        Statement::Insert,
    ),
    ("SELECT value FROM entries WHERE name = $1", Statement::Find),
    (
        "SELECT name, value FROM entries ORDER BY name",
        Statement::All,
    ),
    ("SELECT $1::INT4 + 1", Statement::AddOne),
    ("SELECT $1::INT8 * $1", Statement::Square),
    ("SELECT $1::TEXT IS NULL", Statement::IsNull),
    ("SELECT 1 / 0", Statement::DivideByZero),
    ("SELECT true FROM pg_sleep($1::INT4)", Statement::Sleep),
];

impl Statement {
    /// Returns the statement with this text.
    pub(super) fn find(text: &str) -> Result<Statement, SqlError> {
        let known = TEXTS.iter().find(|(known, _)| *known == text);
        known.map(|(_, statement)| *statement).ok_or_else(|| {
            let message = format!("syntax error at or near \"{text}\"");
            SqlError::new(SqlState::SYNTAX_ERROR, message)
        })
    }

    /// Returns the types of the parameters.
    pub(super) fn parameters(self) -> &'static [Type] {
        match self {
            Statement::Insert => &[Type::TEXT, Type::INT8],
            Statement::Find | Statement::IsNull => &[Type::TEXT],
            Statement::AddOne | Statement::Sleep => &[Type::INT4],
            Statement::Square => &[Type::INT8],
            _ => &[],
        }
    }

    /// Returns the names and types of the columns.
    pub(super) fn columns(self) -> &'static [(&'static str, Type)] {
        match self {
            Statement::Find => &[("value", Type::INT8)],
            Statement::All => &[("name", Type::TEXT), ("value", Type::INT8)],
            Statement::AddOne | Statement::DivideByZero => &[("?column?", Type::INT4)],
            Statement::Square => &[("?column?", Type::INT8)],
            Statement::IsNull | Statement::Sleep => &[("?column?", Type::BOOL)],
            _ => &[],
        }
    }
}

/// A value of a parameter or a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int4(i32),
    Int8(i64),
    Text(String),
}

impl Value {
    /// Reads the binary form. Returns `None` if it is not one of the type.
    pub(super) fn from_binary(kind: &Type, bytes: &[u8]) -> Option<Value> {
        Some(match *kind {
            Type::INT4 => Value::Int4(i32::from_be_bytes(bytes.try_into().ok()?)),
            Type::INT8 => Value::Int8(i64::from_be_bytes(bytes.try_into().ok()?)),
            Type::TEXT => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
            _ => return None,
        })
    }

    /// Returns the binary form, or `None` for null.
    pub(super) fn to_binary(&self) -> Option<Vec<u8>> {
        match self {
            Value::Null => None,
            Value::Bool(value) => Some(vec![u8::from(*value)]),
            Value::Int4(value) => Some(value.to_be_bytes().to_vec()),
            Value::Int8(value) => Some(value.to_be_bytes().to_vec()),
            Value::Text(value) => Some(value.clone().into_bytes()),
        }
    }

    /// Returns the text form, or `None` for null.
    pub(super) fn to_text(&self) -> Option<Vec<u8>> {
        let text = match self {
            Value::Null => return None,
            Value::Bool(true) => "t".to_owned(),
            Value::Bool(false) => "f".to_owned(),
            Value::Int4(value) => value.to_string(),
            Value::Int8(value) => value.to_string(),
            Value::Text(value) => value.clone(),
        };
        Some(text.into_bytes())
    }
}
