//! What a command is asked about: paths, globs and a time.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak_core::instant::{Instant, InstantError};
use ssmbak_core::plan::Query;
use ssmbak_core::scope::{ScopeError, Selection};

use crate::error::CliError;
use crate::selection_args::SelectionArgs;

/// Which parameters, and as of when.
#[derive(Clone, Debug, Default, Args)]
pub struct QueryArgs {
    /// Parameters (/app/db/host) and paths (/app/ for those directly under it); the last one is the time.
    #[arg(value_name = "PATH")]
    pub words: Vec<String>,
    /// Time, instead of the last argument: a time or mark:NAME.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// How the paths are narrowed.
    #[command(flatten)]
    pub narrow: SelectionArgs,
}

/// What a restore is to bring back.
#[derive(Clone, Debug, Default, Args)]
pub struct RestoreQueryArgs {
    /// Which parameters, and as of when.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Treat parameters first recorded after TIME as nonexistent (deletes them, like ssmbak 0.5.2).
    #[arg(long)]
    pub assume_absent: bool,
    /// Whether secrets are shown.
    #[command(flatten)]
    pub reveal: RevealArgs,
}

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct RevealArgs {
    /// Show the values of SecureString parameters.
    #[arg(long, env = "SSMBAK_REVEAL", hide_env_values = true, value_parser = yes_or_no)]
    pub reveal: bool,
}

/// What an environment variable says: only a plain yes shows secrets, and what is neither is refused.
fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
        "" | "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
        _ => Err("set SSMBAK_REVEAL to 1 to show secrets, or to 0".to_owned()),
    }
}

/// What a command is asked about.
#[derive(Clone, Debug)]
pub struct ResolvedQuery {
    /// The paths as they were given.
    pub paths: Vec<String>,
    /// What they select.
    pub selection: Selection,
    /// The time.
    pub at: Instant,
    /// What the reader of the answer should know about the question.
    pub warnings: Vec<String>,
}

impl RestoreQueryArgs {
    /// The question as it is saved and recorded.
    pub fn query(&self, asked: &ResolvedQuery) -> Query {
        let SelectionArgs { recursive, include, exclude, .. } = self.query.narrow.clone();
        Query {
            paths: asked.paths.clone(),
            recursive,
            include,
            exclude,
            at: asked.at.to_argument(),
            assume_absent: self.assume_absent,
            ..Query::default()
        }
    }
}

impl QueryArgs {
    /// Reads paths and time, relative times counted from `now`.
    ///
    /// # Errors
    /// [`CliError::usage`] for what is no path or no time.
    pub fn read(&self, now: Timestamp, local: &TimeZone) -> Result<ResolvedQuery, CliError> {
        let (paths, time) = match (&self.at, self.words.split_last()) {
            (Some(time), _) => (self.words.as_slice(), time),
            (None, Some((time, paths))) => (paths, time),
            (None, None) => return Err(CliError::usage("no path and no time were given", FORM)),
        };
        if self.at.is_none() {
            refuse_scattered(&self.words, now, local)?;
        }
        let at = read_time(time, now, local)?;
        if paths.is_empty() {
            return Err(CliError::usage("no path was given, only a time", FORM));
        }
        for path in paths {
            check_path(path, now, local)?;
        }
        let selection = self.narrow.select(paths)?;
        let warnings = not_yet(&at, now).into_iter().collect();
        Ok(ResolvedQuery { paths: paths.to_vec(), selection, at, warnings })
    }
}

const FORM: &str = "give paths, then the time: /app/db/host 2024-06-15T17:56:58, or /app/ -R \"2 hours ago\"";

const QUOTE: &str = "quote a time of several words, such as \"2024-06-15 17:56\"";

/// Reads a time given on the command line.
///
/// # Errors
/// [`CliError::usage`] with the forms that are understood.
pub fn read_time(text: &str, now: Timestamp, local: &TimeZone) -> Result<Instant, CliError> {
    Instant::parse(text, now, local).map_err(|error| match error {
        InstantError::Unreadable { .. } if text.starts_with('/') => {
            CliError::usage(format!("no time was given: the last argument, {text}, is a path"), FORM)
        }
        error => CliError::usage(error.to_string(), error.hint()),
    })
}

/// Refuses a time whose words were not quoted: its last word may be a time as well, and another one.
///
/// # Errors
/// [`CliError::usage`] with the whole time.
pub(crate) fn refuse_scattered(words: &[String], now: Timestamp, local: &TimeZone) -> Result<(), CliError> {
    const COUNTS: [&str; 6] = ["two", "three", "four", "five", "six", "seven"];
    for (count, told) in (2..).zip(COUNTS).collect::<Vec<_>>().into_iter().rev() {
        let Some(tail) = words.len().checked_sub(count).and_then(|from| words.get(from..)) else { continue };
        let whole = tail.join(" ");
        let is_time = !matches!(
            Instant::parse(&whole, now, local),
            Err(InstantError::Unreadable { .. } | InstantError::Empty | InstantError::OutOfRange { .. })
        );
        // Two spans, as `diff` takes them, are no time together.
        let are_spans = tail.iter().all(|word| is_span(word));
        if is_time && !are_spans && !tail.iter().any(|word| word.starts_with('/')) {
            return Err(CliError::usage(format!("the time {whole} is {told} arguments"), QUOTE));
        }
    }
    Ok(())
}

/// Whether a word is a time before now, such as `2h`.
fn is_span(word: &str) -> bool {
    let word = word.trim_start_matches('-');
    let clock = word.contains(':') || word.ends_with("am") || word.ends_with("pm");
    !clock && word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(|c: char| c.is_ascii_alphabetic())
}

/// Refuses a path that is a piece of an unquoted time.
fn check_path(path: &str, now: Timestamp, local: &TimeZone) -> Result<(), CliError> {
    if !path.starts_with('/') && Instant::parse(path, now, local).is_ok() {
        let message = format!("{path} is a time, and only the last argument can be one");
        return Err(CliError::usage(message, QUOTE));
    }
    Ok(())
}

/// The error for a path or glob that cannot be read.
pub fn wrong_path(error: &ScopeError) -> CliError {
    CliError::usage(error.to_string(), "")
}

/// A warning, if a time has not come yet.
pub(crate) fn not_yet(at: &Instant, now: Timestamp) -> Option<String> {
    at.is_future(now).then(|| format!("{at} has not come yet: the latest recorded state is taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_shows_secrets() {
        let said = |text: &str| yes_or_no(text).ok();
        assert!(["1", "true", "YES", " on "].map(said).iter().all(|yes| *yes == Some(true)));
        assert!(["", "0", "false", "No", "off", " "].map(said).iter().all(|no| *no == Some(false)));
        assert!(["disabled", "never", "banana", "2"].map(said).iter().all(Option::is_none));
    }
    use crate::exit::Exit;

    fn read(words: &[&str]) -> Result<ResolvedQuery, CliError> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        QueryArgs { words, ..QueryArgs::default() }.read(now, &TimeZone::UTC)
    }

    fn refusal(words: &[&str]) -> String {
        match read(words) {
            Err(error) if error.exit() == Exit::Usage => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_word_is_the_time() {
        let asked = read(&["/a/b", "/c/", "2 hours ago"]).unwrap();
        assert_eq!(asked.paths, ["/a/b", "/c/"]);
        assert_eq!(asked.at.to_string(), "2026-03-01T10:00:00Z");
        assert!(asked.warnings.is_empty());
    }

    #[test]
    fn the_time_may_be_an_option() {
        let words = vec!["/a/b".to_owned(), "/c/".to_owned()];
        let asked = QueryArgs { words, at: Some("2h".to_owned()), ..QueryArgs::default() };
        let asked = asked.read("2026-03-01T12:00:00Z".parse().unwrap(), &TimeZone::UTC).unwrap();
        assert_eq!((asked.paths.len(), asked.at.to_string().as_str()), (2, "2026-03-01T10:00:00Z"));
    }

    #[test]
    fn a_time_to_come_is_answered_with_a_warning() {
        let asked = read(&["/a", "2026-03-02"]).unwrap();
        insta::assert_snapshot!(asked.warnings.join("\n"), @"2026-03-02T00:00:00Z has not come yet: the latest recorded state is taken");
    }

    #[test]
    fn what_is_no_path_or_no_time_is_told() {
        insta::assert_snapshot!(refusal(&["/a"]), @"no time was given: the last argument, /a, is a path");
        insta::assert_snapshot!(refusal(&["15m"]), @"no path was given, only a time");
        insta::assert_snapshot!(refusal(&["/a", "2024-06-15", "17:56"]), @"the time 2024-06-15 17:56 is two arguments");
        insta::assert_snapshot!(refusal(&["/a", "2024-06-15", "15m"]), @"2024-06-15 is a time, and only the last argument can be one");
        insta::assert_snapshot!(refusal(&["/a/", "Nov", "26", "16:56"]), @"the time Nov 26 16:56 is three arguments");
        insta::assert_snapshot!(refusal(&["/a/", "2", "hours", "ago"]), @"the time 2 hours ago is three arguments");
        insta::assert_snapshot!(refusal(&["/a/", "last", "friday", "8am"]), @"the time last friday 8am is three arguments");
        insta::assert_snapshot!(refusal(&["/a", "soon"]), @r#"cannot read "soon" as a time"#);
        insta::assert_snapshot!(refusal(&["/a*", "15m"]), @r#"a path takes no wildcards: "/a*"; give the path above it and select with --include"#);
        insta::assert_snapshot!(refusal(&["a/b", "15m"]), @r#""a/b" is not a parameter or path: a name of several levels starts with a slash; write /app/host, not app/host"#);
    }
}
