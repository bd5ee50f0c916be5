//! `s3bak diff`: what became of a tree between two times.

use clap::Args;
use serde::Serialize;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{Difference, difference};

use super::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use super::report::{Changed, Document, row};
use super::tree::tree;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak diff data/ yesterday -b BUCKET                          from yesterday until now
  s3bak diff data/ 2026-06-15T12:00 2026-06-15T18:00 -b BUCKET  between two times
";

/// Options of `s3bak diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The prefix of the tree, which ends in a slash; "" for the whole bucket.
    prefix: String,
    /// The earlier time.
    from: String,
    /// The later time [default: now].
    to: Option<String>,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head<'a> {
    schema_version: u32,
    prefix: &'a str,
    bucket: &'a str,
    from: String,
    to: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tail {
    added: u64,
    changed: u64,
    removed: u64,
}

pub(super) async fn run(args: &DiffArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let located = Located::read(std::slice::from_ref(&args.prefix))?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let from = moment(&args.from, ui)?;
    let to = match &args.to {
        Some(text) => moment(text, ui)?,
        None => Instant::exact(ssmbak::clock::now()),
    };
    if to.until() < from.at() {
        return Err(CliError::usage(format!("{to} is before {from}"), "give the earlier time first"));
    }
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let tree = tree(&bucket, "", None).with_prefixes(&located.keys).with_globs(globs);
    let mut versions = 0;
    let progress = ui.counter("listing versions");
    let find = |history: &_| {
        difference(history).map(|difference| match difference {
            Difference::Added(after) => Changed { before: None, after: Some(after) },
            Difference::Removed(before) => Changed { before: Some(before), after: None },
            Difference::Changed(before, after) => Changed { before: Some(before), after: Some(after) },
        })
    };
    let seen = |more| {
        versions += more;
        progress.advance(more);
    };
    let mut found = tree.found(&[from, to], find, seen).await?;
    drop(progress);
    check_found(versions, &bucket, &tree)?;
    let mut is_same = true;
    let mut tail = Tail { added: 0, changed: 0, removed: 0 };
    let head = Head {
        schema_version: 1,
        prefix: located.one()?,
        bucket: bucket.name(),
        from: from.to_string(),
        to: to.to_string(),
    };
    let mut document = if ui.is_json() { Some(Document::begin(ui, &head, "Changes")?) } else { None };
    for changed in found.rows() {
        let changed = changed?;
        // A restore leaves a copy, which is another version and the same object.
        if let (Some(before), Some(after)) = (&changed.before, &changed.after)
            && (tree.is_copy(after, before).await.unwrap_or(false)
                || tree.is_copy(before, after).await.unwrap_or(false))
        {
            continue;
        }
        is_same = false;
        match changed.name() {
            "added" => tail.added += 1,
            "removed" => tail.removed += 1,
            _ => tail.changed += 1,
        }
        match (&mut document, changed.after.as_ref().or(changed.before.as_ref())) {
            (Some(document), _) => document.item(&changed.report())?,
            (None, Some(version)) => ui.result(&row(changed.name(), version))?,
            (None, None) => {}
        }
    }
    match document {
        Some(document) => document.end(&tail)?,
        None => ui.result(&format!("{} added, {} changed, {} removed", tail.added, tail.changed, tail.removed))?,
    }
    Ok(if is_same { Exit::Done } else { Exit::Difference })
}
