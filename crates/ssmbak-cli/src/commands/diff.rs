//! `ssmbak diff`: what changed between two times, or since a time.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::diff::{between, until_now};
use ssmbak_core::diff::Diff;
use ssmbak_core::instant::Instant;
use ssmbak_core::scope::Selection;

use super::planned_restore::{as_of, nothing_found};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::{RevealArgs, not_yet, read_time, refuse_scattered};
use crate::report::diff::{DiffQuestion, table};
use crate::report::json::DiffReport;
use crate::report::table::Look;
use crate::selection_args::{SelectionArgs, nothing_at};
use crate::time_args;
use crate::ui::text;
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak diff /app/ -R \"2 hours ago\"                      what changed since then
  ssmbak diff /app/ -R \"yesterday 18:00\" \"today 06:00\"    what changed overnight
  ssmbak diff /app/tls/chain 2026-06-15 -p                line by line
  ssmbak diff /app/ -R 1h > /dev/null || echo changed     in a script: 0 no difference, 4 differences or unknown
";

/// Options of `ssmbak diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Parameters and paths, then one time or two; without the second one Parameter Store's present is compared.
    #[arg(required = true, value_name = "PATH")]
    words: Vec<String>,
    #[command(flatten)]
    narrow: SelectionArgs,
    /// Show changes of multi-line values line by line.
    #[arg(short, long)]
    patch: bool,
    #[command(flatten)]
    reveal: RevealArgs,
}

/// Paths, the first time, and the second one unless it is now.
type Read<'a> = (&'a [String], Instant, Option<Instant>);

/// Tells paths from times: the last word is a time, and the one before it too if it can be read as one.
fn read<'a>(words: &'a [String], now: Timestamp, zone: &TimeZone) -> Result<Read<'a>, CliError> {
    let Some((last, rest)) = words.split_last() else {
        return Err(CliError::usage("no path and no time were given", FORM));
    };
    refuse_scattered(words, now, zone)?;
    let second = read_time(last, now, zone)?;
    let first = rest.split_last().filter(|(word, _)| !word.starts_with('/'));
    let (paths, from, to) = match first.and_then(|(word, paths)| Some((Instant::parse(word, now, zone).ok()?, paths))) {
        Some((first, paths)) => (paths, first, Some(second).filter(|_| !last.trim().eq_ignore_ascii_case("now"))),
        None => (rest, second, None),
    };
    if paths.is_empty() {
        return Err(CliError::usage("no path was given, only times", FORM));
    }
    if to.is_some_and(|to| from.at() > to.until()) {
        return Err(CliError::usage("the first time is later than the second", "exchange the two"));
    }
    Ok((paths, from, to))
}

const FORM: &str = "give paths, then one time or two: /app/ -R \"2 hours ago\", or /app/db/host 2024-06-15 2024-06-16";

pub(super) async fn run(args: &DiffArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let (now, zone) = (ssmbak::clock::now(), zone::local()?);
    let words = ctx.until_interrupted(time_args::words(&args.words, &args.narrow.bucket, ctx.global)).await?;
    let (paths, from, to) = read(&words, now, &zone)?;
    let selection = args.narrow.select(paths)?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.narrow.bucket).await?;
    ui.remark(&match &to {
        Some(to) => format!("from {}\n  to {}", bare(&from), bare(to)),
        None => format!("from {}\n  to now, as Parameter Store has it", bare(&from)),
    });
    let mut warnings: Vec<String> = [Some(from), to].iter().flatten().filter_map(|time| not_yet(time, now)).collect();
    let progress = ui.progress(0, "comparing");
    let work = async {
        match &to {
            Some(to) => between(&bucket, &selection, &from, to).await,
            None => until_now(&aws.parameter_store(), &bucket, &selection, &from).await,
        }
    };
    let diff = ctx.until_interrupted(work).await?;
    drop(progress);
    warnings.extend(diff.warnings.iter().cloned());
    let nothing = about_nothing(&diff, args, paths, &selection);
    warnings.extend(nothing.clone());
    for warning in &warnings {
        ui.warning(&text::line(warning));
    }
    if ui.is_json() {
        let until = to.unwrap_or_else(|| Instant::exact(now));
        let question = DiffQuestion {
            paths,
            recursive: args.narrow.recursive,
            from: &from,
            to: &until,
            bucket: bucket.name(),
            region: aws.region(),
            reveal: args.reveal.reveal,
        };
        ui.json(&DiffReport::new(&question, &diff, &warnings))?;
    } else {
        let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: args.reveal.reveal };
        ui.result(&table(&diff, args.patch, look))?;
    }
    nothing.map_or(Ok(()), |told| nothing_found(paths, told))?;
    Ok(if diff.is_empty() { Exit::Done } else { Exit::Difference })
}

fn about_nothing(diff: &Diff, args: &DiffArgs, paths: &[String], selection: &Selection) -> Option<String> {
    let nothing = diff.is_empty() && diff.unchanged == 0;
    nothing.then(|| nothing_at(paths, args.narrow.recursive, selection))
}

fn bare(at: &Instant) -> String {
    as_of(at).trim_start_matches("as of ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match read(&words, "2026-03-01T12:00:00Z".parse().unwrap(), &TimeZone::UTC) {
            Ok((paths, from, to)) => {
                let to = to.map_or("now".to_owned(), |to| to.to_string());
                format!("{} | {from} | {to}", paths.join(" "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_last_word_or_two_are_times() {
        let cases = [
            (vec!["/a", "2026-01-01"], "/a | 2026-01-01T00:00:00Z | now"),
            (vec!["/a", "2026-01-01", "now"], "/a | 2026-01-01T00:00:00Z | now"),
            (vec!["/a", "/b/", "2h", "1h"], "/a /b/ | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z"),
            (vec!["foo", "2h"], "foo | 2026-03-01T10:00:00Z | now"),
            (vec!["/a", "1h", "2h"], "the first time is later than the second"),
            (vec!["1h", "2h"], "no path was given, only times"),
            (vec!["1h"], "no path was given, only times"),
            (vec!["/a"], "no time was given: the last argument, /a, is a path"),
            (vec!["/a", "2026-01-01", "17:56"], "the time 2026-01-01 17:56 is two arguments"),
        ];
        for (words, expected) in cases {
            assert_eq!(shown(&words), expected, "{words:?}");
        }
    }
}
