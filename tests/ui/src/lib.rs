//! An empty library: misuse is in `fail`, together with the messages of the compiler, and programs that
//! have to compile are in `tests/good_use`.
