//! `s3bak log`: the versions of a key.

use std::num::NonZeroUsize;

use clap::Args;
use serde::Serialize;
use ssmbak_core::object::ObjectVersion;

use super::question::{BucketArgs, Located, check_key};
use super::report::{Document, row};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak log data/report.csv -b BUCKET          every version and deletion, newest first
  s3bak log data/report.csv -b BUCKET -n 10    the last ten
";

/// Options of `s3bak log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// The object's key.
    key: String,
    /// Only so many.
    #[arg(short = 'n', long, value_name = "N")]
    most: Option<NonZeroUsize>,
    #[command(flatten)]
    bucket: BucketArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head<'a> {
    schema_version: u32,
    key: &'a str,
    bucket: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    version_id: &'a str,
    last_modified: String,
    size: u64,
    is_latest: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<&'a str>,
    #[serde(rename = "ETag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

#[derive(Serialize)]
struct Nothing {}

pub(super) async fn run(args: &LogArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let located = Located::read(std::slice::from_ref(&args.key))?;
    let key = located.one()?;
    check_key(key)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let mut count = 0;
    let mut failed = Ok(());
    let head = Head { schema_version: 1, key, bucket: bucket.name() };
    let mut document = None;
    bucket
        .versions_of(key, |version| {
            if args.most.is_some_and(|most| count >= most.get()) {
                return true;
            }
            count += 1;
            failed = show(ui, &head, &mut document, version);
            failed.is_err()
        })
        .await?;
    failed?;
    match document {
        Some(document) => document.end(&Nothing {})?,
        None if count == 0 => {
            let message = format!("the bucket has no version of {key:?}");
            return Err(CliError::failure(
                "NotFound",
                message,
                "check the key; s3bak preview PREFIX/ now -R lists a tree",
            ));
        }
        None => {}
    }
    Ok(Exit::Done)
}

fn show<'a>(
    ui: &'a Ui,
    head: &Head<'_>,
    document: &mut Option<Document<'a>>,
    version: &ObjectVersion,
) -> Result<(), CliError> {
    if !ui.is_json() {
        let verb = if version.is_marker {
            "deleted"
        } else if version.is_latest {
            "current"
        } else {
            "stored"
        };
        return ui.result(&format!("{}  {}", row(verb, version), text::line(&version.version_id)));
    }
    if document.is_none() {
        *document = Some(Document::begin(ui, head, "Versions")?);
    }
    let Some(document) = document else { return Ok(()) };
    document.item(&Row {
        version_id: &version.version_id,
        last_modified: version.last_modified.to_string(),
        size: version.size,
        is_latest: version.is_latest,
        storage_class: version.storage_class.as_deref(),
        etag: version.etag.as_deref(),
        deleted: version.is_marker,
    })
}
