//! Descriptors: adopted, waited for, and passed on.
