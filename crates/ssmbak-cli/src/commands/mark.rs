//! `ssmbak mark` and `ssmbak marks`: names for moments.

use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use ssmbak::BackupBucket as _;
use ssmbak::mark::{mark, marks};
use ssmbak_core::mark::{Mark, MarkName};

use crate::bucket::BucketArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::read_time;
use crate::report::columns::unbroken;
use crate::report::table::Look;
use crate::time_args;
use crate::ui::text;
use crate::zone;

pub(super) const MARK_EXAMPLES: &str = "\
Examples:
  ssmbak mark before-deploy -m \"release 7\"     mark this point in time
  ssmbak mark friday --at \"last friday 8pm\"    mark another
  ssmbak restore /app/ -R mark:before-deploy   restore that point in time
";

pub(super) const MARKS_EXAMPLES: &str = "\
Examples:
  ssmbak marks                      list them
  ssmbak marks --delete friday      forget one; the history stays
";

/// Options of `ssmbak mark`.
#[derive(Debug, Args)]
pub struct MarkArgs {
    /// The mark's name: letters, digits, _, . and -.
    name: String,
    /// Point in time [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What to say of it.
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Replace an existing mark of this name.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// Options of `ssmbak marks`.
#[derive(Debug, Args)]
pub struct MarksArgs {
    /// Delete this mark.
    #[arg(long, value_name = "NAME")]
    delete: Option<String>,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// What `mark` and `marks` print.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MarksReport {
    schema_version: u32,
    bucket: String,
    region: String,
    marks: Vec<MarkReport>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MarkReport {
    name: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
}

impl MarksReport {
    fn new(bucket: &str, region: &str, marks: &[Mark], warnings: Vec<String>) -> Self {
        let one = |mark: &Mark| MarkReport {
            name: mark.name.to_string(),
            at: mark.at.to_argument(),
            text: mark.text.clone(),
            author: mark.author.clone(),
        };
        let marks = marks.iter().map(one).collect();
        Self { schema_version: 1, bucket: bucket.to_owned(), region: region.to_owned(), marks, warnings }
    }
}

fn named(name: &str) -> Result<MarkName, CliError> {
    MarkName::parse(name).map_err(|error| CliError::usage(error.to_string(), "give one like before-deploy"))
}

pub(super) async fn set(args: &MarkArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let name = named(&args.name)?;
    let given = ctx.until_interrupted(time_args::time(args.at.as_deref(), &args.bucket, ctx.global)).await?;
    let now = ssmbak::clock::now();
    let at = match given {
        Some(time) => read_time(&time, now, &zone::local()?)?,
        // To the millisecond, which is short enough to be typed.
        None => read_time(&format!("{now:.3}"), now, &TimeZone::UTC)?,
    };
    if at.is_future(now) {
        return Err(CliError::usage(format!("{at} has not come yet, and cannot be marked"), "give a time in the past"));
    }
    let text = args.message.clone().filter(|text| !text.is_empty());
    let set = Mark { name, at, text, author: None };
    let (aws, bucket) = ctx.connect_to_bucket(&args.bucket).await?;
    ctx.until_interrupted(bucket.put_mark(&set, args.force)).await?;
    if ui.is_json() {
        ui.json(&MarksReport::new(bucket.name(), aws.region(), std::slice::from_ref(&set), Vec::new()))?;
    } else {
        ui.remark(&format!("mark:{} is {}", set.name, set.at));
    }
    Ok(Exit::Done)
}

pub(super) async fn list(args: &MarksArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let delete = args.delete.as_deref().map(named).transpose()?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.bucket).await?;
    if let Some(name) = &delete {
        match ctx.until_interrupted(mark(&bucket, name)).await {
            // One that cannot be read can be deleted all the same.
            Err(error) if error.code() == ssmbak::ErrorKind::Unreadable.code() => {}
            other => drop(other?),
        }
        ctx.until_interrupted(bucket.delete_marker(&name.key())).await?;
        ui.remark(&format!("the mark {name} is deleted"));
    }
    let found = ctx.until_interrupted(marks(&bucket)).await?;
    let exit = Exit::Done.partly_if(!found.warnings.is_empty());
    for warning in &found.warnings {
        ui.warning(&text::line(warning));
    }
    if ui.is_json() {
        ui.json(&MarksReport::new(bucket.name(), aws.region(), &found.marks, found.warnings))?;
    } else if found.marks.is_empty() {
        ui.remark("there are no marks");
    } else if delete.is_none() {
        let rows: Vec<_> = found
            .marks
            .iter()
            .map(|mark| {
                let said = mark.text.as_deref().map(text::line).unwrap_or_default();
                (None, vec![mark.name.to_string(), mark.at.to_argument(), said])
            })
            .collect();
        let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: false };
        ui.result(&unbroken(&["Mark", "Time", "Text"], &rows, look, &[0, 1]))?;
    }
    Ok(exit)
}
