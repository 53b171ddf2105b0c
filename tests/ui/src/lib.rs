//! Nothing: misuse is in `fail`, with the messages of the compiler beside it, and what has to compile
//! in `tests/good_use`.
