//! Which parameters a command is about that takes no time.

use clap::Args;
use ssmbak_core::scope::{Scope, Selection};

use crate::bucket::BucketArgs;
use crate::error::CliError;
use crate::query_args::wrong_path;

/// How the paths of a command are narrowed.
#[derive(Clone, Debug, Default, Args)]
pub struct SelectionArgs {
    /// Include all descendants of each path.
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// Include only names matching GLOB, such as '*_token' or '/app/*/db' (repeatable).
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Exclude names matching GLOB (repeatable).
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Where the changes are recorded.
    #[command(flatten)]
    pub bucket: BucketArgs,
}

impl SelectionArgs {
    /// What `paths` select.
    ///
    /// # Errors
    /// [`CliError::usage`] for what is no path or no glob.
    pub fn select(&self, paths: &[String]) -> Result<Selection, CliError> {
        let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
        Selection::new(&texts, self.recursive, &self.include, &self.exclude).map_err(|error| wrong_path(&error))
    }
}

/// That nothing is known at these paths, and what may help.
pub fn nothing_at(paths: &[String], recursive: bool, selection: &Selection) -> String {
    let narrowed = if selection.is_filtered() { ", as far as the globs go" } else { "" };
    let depth = if recursive || selection.scopes().iter().all(Scope::is_single) { "" } else { " directly" };
    let advice = match (recursive || selection.is_filtered(), paths.iter().any(|path| !path.ends_with('/'))) {
        (true, _) => "",
        (false, true) => "; a path ends in a slash, and -R takes all below it",
        (false, false) => "; -R takes all below it",
    };
    format!("nothing is recorded{depth} at {}{narrowed}{advice}", paths.join(" "))
}
