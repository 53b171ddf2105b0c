//! Nothing: the tests are in `fail`, with the messages of the compiler beside them, and in `pass`.
