//! Serving: handlers, errors while accepting, several listeners.
