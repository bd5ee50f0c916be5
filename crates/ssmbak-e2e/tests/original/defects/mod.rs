//! Known defects of ssmbak 0.5.2 in reading and restoring: each shown on the original, and gone. Those that other tests of
//! the workspace show already (throttling, errors, output) are not repeated.

mod attributes;
mod scope;
mod time;
mod values;
