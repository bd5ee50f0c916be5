//! How parameters and their values are put into text that people read.
//!
//! Values are hostile: whatever comes out of here steers no terminal. What the tables, the logs and the screens of the
//! commands have in common is here; none of it knows how wide the terminal is, or whether there is one.

pub mod bars;
pub mod difference;
pub mod parameter;
pub mod text;
