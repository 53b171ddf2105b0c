//! Names of hosts and services.
