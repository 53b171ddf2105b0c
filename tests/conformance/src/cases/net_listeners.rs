//! Listeners: addresses, ports and options.
