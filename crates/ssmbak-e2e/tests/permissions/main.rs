//! The permissions that are documented, and those that the function's role has, are those that the calls really made take:
//! nothing is missing and nothing is extra.

mod actions;
mod commands;
mod documented;
mod function;
mod incident;
mod stack;
mod stack_set;
