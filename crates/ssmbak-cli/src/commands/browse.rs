//! `ssmbak browse`: a time machine on the terminal.

use std::io::{self, IsTerminal as _};

use clap::Args;
use ssmbak_browse::Subject;
use ssmbak_core::instant::Instant;
use ssmbak_core::scope::{Scope, Selection};

use crate::arguments::rate;
use crate::browse::{Session, session};
use crate::bucket::BucketArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::{RevealArgs, read_time, refuse_scattered, wrong_path};
use crate::time_args;
use crate::ui::Ui;
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak browse /app/                          everything below the path, as of now
  ssmbak browse /app/ \"last friday 8pm\"        as of then
  ssmbak browse /app/ mark:before-deploy       as of a mark
  ssmbak browse / --include '*_token'          every token
";

pub(super) const AFTER: &str = "\
Keys:
  left, right  previous or next change of the entry under the cursor
  t, m, n      type a time, choose a mark, go to now
  v            show a secret
  Space, r     mark parameters; restore what is marked to the shown time,
               after a preview and a confirmation
  ?            all the others";

/// Options of `ssmbak browse`.
#[derive(Debug, Args)]
pub struct BrowseArgs {
    /// Parameters and paths, with everything below them; then, if you like, the time to begin at [default: now].
    #[arg(required = true, value_name = "PATH")]
    words: Vec<String>,
    /// Everything below the paths, which is so in any case.
    #[arg(short = 'R', long, hide = true)]
    recursive: bool,
    /// Include only names matching GLOB, such as '*_token' or '/app/*/db' (repeatable).
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Exclude names matching GLOB (repeatable).
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    #[command(flatten)]
    bucket: BucketArgs,
    #[command(flatten)]
    reveal: RevealArgs,
    /// Maximum writes per second (0 = unlimited) [default: 3, the quota of AWS; no limit on this machine].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
}

pub(super) async fn run(args: &BrowseArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    check_terminal(ctx.global, ctx.ui)?;
    let (now, zone) = (ssmbak::clock::now(), zone::local()?);
    refuse_scattered(&args.words, now, &zone)?;
    let (paths, time) = split(&args.words);
    let select = |paths: &[String]| {
        let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
        Selection::new(&texts, true, &args.include, &args.exclude).map_err(|error| wrong_path(&error))
    };
    let selection = select(paths)?;
    let time = ctx.until_interrupted(time_args::time(time, &args.bucket, ctx.global)).await?;
    let at = match time {
        Some(time) => read_time(&time, now, &zone)?,
        None => Instant::exact(now),
    };
    let (aws, bucket) = ctx.connect_to_bucket(&args.bucket).await?;
    let subject = Subject {
        paths: paths.to_vec(),
        root: root(&selection),
        whole: whole(&selection),
        region: aws.region().to_owned(),
        bucket: bucket.name().to_owned(),
        reveal: args.reveal.reveal,
        zone,
    };
    let session_of = Session {
        aws,
        bucket,
        selection,
        reveal: args.reveal.reveal,
        put_rate: args.put_rate,
        global: ctx.global,
        ui: ctx.ui,
    };
    session(&session_of, subject, at, ctx).await
}

/// Refuses what has no screen to draw on.
fn check_terminal(global: &GlobalArgs, ui: &Ui) -> Result<(), CliError> {
    if ui.is_json() {
        return Err(CliError::usage(
            "browse is for people and prints no JSON: `ssmbak log` and `ssmbak diff` do",
            "give them --output json",
        ));
    }
    if !ui.has_screen() {
        let message = "browse needs a terminal to draw on; without one, use `ssmbak log` and `ssmbak diff`";
        return Err(CliError::usage(message, ""));
    }
    if global.verbose > 0 && io::stderr().is_terminal() {
        return Err(CliError::usage("-v would write into the screen", "leave it out, or add 2> FILE"));
    }
    Ok(())
}

/// Tells paths from the time: the last word is one if it is not the only one and does not begin with a slash.
fn split(words: &[String]) -> (&[String], Option<&str>) {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() && !last.starts_with('/') => (rest, Some(last)),
        _ => (words, None),
    }
}

/// The deepest path that everything selected lies below.
fn root(selection: &Selection) -> String {
    let folder = |path: &str| path.rfind('/').map_or("/", |end| &path[..=end]).to_owned();
    let common = |a: String, b: String| {
        let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        folder(a.get(..alike).unwrap_or("/"))
    };
    selection.scopes().iter().map(|scope| folder(scope.path())).reduce(common).unwrap_or_else(|| "/".to_owned())
}

/// The paths of which everything below is selected.
fn whole(selection: &Selection) -> Vec<String> {
    if selection.is_filtered() {
        return Vec::new();
    }
    let folder = |scope: &Scope| match scope {
        Scope::Subtree(folder) => Some(folder.as_str().to_owned()),
        Scope::NameAndSubtree(name) => Some(format!("{name}/")),
        Scope::One(_) | Scope::Children(_) => None,
    };
    selection.scopes().iter().filter_map(folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_a_time_unless_it_is_a_path() {
        let shown = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (paths, time) = split(&words);
            format!("{} | {}", paths.join(" "), time.unwrap_or_default())
        };
        assert_eq!(shown(&["/a/"]), "/a/ | ");
        assert_eq!(shown(&["foo"]), "foo | ");
        assert_eq!(shown(&["/a/", "/b"]), "/a/ /b | ");
        assert_eq!(shown(&["/a/", "2 hours ago"]), "/a/ | 2 hours ago");
        assert_eq!(shown(&["/a/", "/b", "mark:x"]), "/a/ /b | mark:x");
    }

    #[test]
    fn the_tree_begins_where_everything_lies_below() {
        let of = |paths: &[&str], globs: &[String]| {
            let selection = Selection::new(paths, true, globs, &[]).unwrap();
            format!("{} [{}]", root(&selection), whole(&selection).join(" "))
        };
        assert_eq!(of(&["/app/"], &[]), "/app/ [/app/]");
        assert_eq!(of(&["/app/db"], &[]), "/app/ [/app/db/]");
        assert_eq!(of(&["/"], &[]), "/ [/]");
        assert_eq!(of(&["foo"], &[]), "/ [/foo/]");
        assert_eq!(of(&["/app/db/", "/app/dbx/"], &[]), "/app/ [/app/db/ /app/dbx/]");
        assert_eq!(of(&["/app/", "/other/"], &["*_token".to_owned()]), "/ []");
    }
}
