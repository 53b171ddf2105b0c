//! Connecting: names, several addresses, happy eyeballs.
