//! `s3bak manifest`: a restore as manifests for S3 Batch Operations.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use ssmbak::s3::CopyOptions;
use ssmbak::s3::tree::{ManifestPlan, Target};
use ssmbak_core::object::{ObjectPlanOptions, S3Location};

use super::checked_target;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::s3::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use crate::s3::report::bytes;
use crate::s3::tree::{sum, tree};
use crate::ui::Ui;

pub(in crate::s3) const MANIFEST_EXAMPLES: &str = "\
Examples:
  s3bak manifest data/ yesterday -b BUCKET --out plan    what a restore would do, as manifests for S3 Batch Operations
  s3bak manifest data/ yesterday -b BUCKET --out plan --to s3://OTHER/was/data/    jobs keep the whole key
  s3bak manifest data/ yesterday -b BUCKET --out plan --inventory s3://INV/…/manifest.json    without a listing
";

/// Options of `s3bak manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// Prefixes of trees, which end in a slash, "" for the whole bucket; the last one is the time.
    #[arg(required = true, value_name = "PREFIX")]
    words: Vec<String>,
    /// Directory that the manifests go to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Delete what was created after that time too.
    #[arg(long)]
    delete_new: bool,
    /// Store all that the tree held in another bucket or below another prefix, which ends in the tree's own.
    #[arg(long, value_name = "s3://BUCKET/PREFIX/", conflicts_with = "delete_new")]
    to: Option<String>,
    /// Plan from an S3 Inventory of all versions (CSV) instead of a listing: s3://INV/…/manifest.json.
    #[arg(long, value_name = "URL")]
    inventory: Option<String>,
    /// Storage class of the copies [default: the version's own].
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<String>,
    /// Maximum concurrent requests [default: 128].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Option<u16>,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(in crate::s3) async fn manifest(args: &ManifestArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    if !globs.is_everything() {
        return Err(CliError::usage("a manifest is of whole trees", "leave out --include and --exclude"));
    }
    let to = args.to.as_deref().map(|to| checked_target(to, &located.keys)).transpose()?;
    let inventory = args.inventory.as_deref().map(inventory_location).transpose()?;
    let at = moment(time, ui)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let tree = tree(&bucket, "", args.concurrency).with_prefixes(&located.keys);
    let to = to.map(|to| Target { bucket: bucket.beside(to.bucket), prefix: to.key });
    let inventory = match &inventory {
        Some(location) => Some(tree.inventory(location, at).await?),
        None => None,
    };
    if let Some(inventory) = &inventory {
        ui.remark(&format!("planned from an inventory of {}; later changes: s3bak batch finish", inventory.created));
    }
    let progress = ui.counter(if inventory.is_some() { "reading the inventory" } else { "listing versions" });
    let options = ObjectPlanOptions { delete_new: args.delete_new };
    let seen = |more| progress.advance(more);
    let plan = match (&inventory, &to) {
        (Some(inventory), to) => tree.plan_of_inventory(inventory, at, options, to.as_ref(), seen).await?,
        (None, Some(to)) => tree.contents_at(at, to, seen).await?,
        (None, None) => tree.plan(at, options, seen).await?,
    };
    check_found(plan.totals.versions, &bucket, &tree)?;
    let copy = CopyOptions { fast: true, storage_class: args.storage_class.clone(), ..CopyOptions::default() };
    let mut plan = tree.compared(plan, None, to.as_ref(), &copy).await?;
    drop(progress);
    let described = ManifestPlan {
        schema_version: 1,
        bucket: bucket.name().to_owned(),
        prefixes: located.keys.clone(),
        to: args.to.clone(),
        inventory: args.inventory.clone(),
        at: at.to_argument(),
        created: ssmbak::clock::now().to_string(),
        delete_new: args.delete_new,
        jobs: Vec::new(),
        rest: BTreeMap::new(),
        bytes: 0,
        dollars: String::new(),
    };
    let written = described.write(&mut plan, &args.out, args.storage_class.as_deref())?;
    if ui.is_json() {
        ui.json(&written)?;
        return Ok(Exit::Done);
    }
    ui.result(&sum(&plan.totals))?;
    for job in &written.jobs {
        let class = job.class.storage_class.as_deref().unwrap_or("STANDARD");
        ui.result(&format!("{:<14} {:>12} rows  {class}", job.file, job.rows))?;
    }
    for rest in written.rest.values() {
        ui.result(&format!("{:<14} {:>12} rows  not by a job", rest.file, rest.rows))?;
    }
    ui.result(&format!("{} to copy, about {} $ for requests", bytes(written.bytes), written.dollars))?;
    ui.hint("jobs keep no website redirect, ACL, Object Lock or encryption other than the bucket's");
    Ok(Exit::Done)
}

fn inventory_location(text: &str) -> Result<S3Location, CliError> {
    let read = S3Location::parse(text).ok().flatten();
    read.filter(|read| read.key.ends_with("manifest.json")).ok_or_else(|| {
        CliError::usage(format!("{text:?} is not an inventory"), "give its manifest.json: s3://BUCKET/…/manifest.json")
    })
}
