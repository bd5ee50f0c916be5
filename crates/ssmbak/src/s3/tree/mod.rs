//! Trees of keys at an instant.
