//! The operations, each from JSON to JSON.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ssmbak::bucket::{BackupBucket as _, S3BackupBucket};
use ssmbak::clock;
use ssmbak::restore::{Outcome, ProgressObserver, Restore};
use ssmbak::s3::{CopyOptions, ObjectBucket};
use ssmbak::store::SsmParameterStore;
use ssmbak::{ParamPath, S3Path};
use ssmbak_cli::bucket::must_keep_new_versions;
use ssmbak_cli::commands::{new_restore_id, write_options};
use ssmbak_cli::error::CliError;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::ObjectVersion;
use ssmbak_core::plan::{Action, Change, Place, Plan, PlanOptions, Query as PlanQuery};
use ssmbak_core::restore_record::RestoreDraft;
use ssmbak_core::scope::Selection;

use crate::runtime::Stop;
use crate::session::Connection;
use crate::versions;

/// Carries out an operation by its name.
///
/// # Errors
/// [`CliError`], with the sentence and the hint of the command line.
pub async fn run(connection: &Connection, operation: &str, arguments: &str, stop: Stop) -> Result<Value, CliError> {
    match operation {
        "preview" => preview(connection, read(arguments)?).await,
        "restore" => restore(connection, read(arguments)?, stop).await,
        "versions" => {
            let query: Query = read(arguments)?;
            let bucket = connection.bucket(query.bucket.as_deref()).await?;
            versions::versions(&connection.s3(), &bucket, &query.selection()?, &query.instant()?, &query.paths).await
        }
        "object" => object(connection, read(arguments)?).await,
        "download" => download(connection, read(arguments)?).await,
        "restore_object" => restore_object(connection, read(arguments)?).await,
        _ => Err(CliError::usage(format!("there is no operation {operation:?}"), "")),
    }
}

/// Which parameters, at which time.
#[derive(Deserialize)]
pub struct Query {
    bucket: Option<String>,
    paths: Vec<String>,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    at: String,
    #[serde(default)]
    assume_absent: bool,
    #[serde(default)]
    no_delete: bool,
}

/// Which object, at which time.
#[derive(Deserialize)]
struct ObjectQuery {
    bucket: String,
    key: String,
    at: String,
    /// Where to write its bytes.
    #[serde(default)]
    file: String,
}

fn read<T: DeserializeOwned>(arguments: &str) -> Result<T, CliError> {
    serde_json::from_str(arguments).map_err(|error| CliError::usage(format!("wrong arguments: {error}"), ""))
}

fn instant(at: &str) -> Result<Instant, CliError> {
    let read = Instant::parse(at, clock::now(), &TimeZone::UTC);
    read.map_err(|error| CliError::usage(error.to_string(), error.hint()))
}

impl Query {
    fn instant(&self) -> Result<Instant, CliError> {
        instant(&self.at)
    }

    fn selection(&self) -> Result<Selection, CliError> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let selection = Selection::new(&paths, self.recursive, &self.include, &self.exclude);
        selection.map_err(|error| CliError::usage(error.to_string(), ""))
    }

    async fn path(
        &self,
        connection: &Connection,
    ) -> Result<(ParamPath<SsmParameterStore, S3BackupBucket>, S3BackupBucket), CliError> {
        let (selection, at) = (self.selection()?, self.instant()?);
        let bucket = connection.bucket(self.bucket.as_deref()).await?;
        let options =
            PlanOptions { assume_absent: self.assume_absent, keep_new: self.no_delete, now: Some(clock::now()) };
        let path = ParamPath::new(connection.aws.parameter_store(), bucket.clone(), selection, at);
        Ok((path.with_options(options), bucket))
    }
}

async fn preview(connection: &Connection, query: Query) -> Result<Value, CliError> {
    let (path, _) = query.path(connection).await?;
    Ok(plan(&path.preview().await?))
}

async fn restore(connection: &Connection, query: Query, stop: Stop) -> Result<Value, CliError> {
    let (path, bucket) = query.path(connection).await?;
    let wanted = path.preview().await?;
    let mut told = plan(&wanted);
    if wanted.changes.is_empty() {
        return Ok(told);
    }
    must_keep_new_versions(&bucket).await?;
    let caller = connection.aws.caller().await;
    let draft = RestoreDraft {
        id: new_restore_id(),
        place: Place {
            bucket: bucket.name().to_owned(),
            region: connection.aws.region().to_owned(),
            account: caller.as_ref().map(|caller| caller.account.clone()),
        },
        author: caller.map(|caller| caller.arn),
        question: PlanQuery {
            paths: query.paths.clone(),
            recursive: query.recursive,
            include: query.include.clone(),
            exclude: query.exclude.clone(),
            at: path.at().to_argument(),
            assume_absent: query.assume_absent,
            no_delete: query.no_delete,
            to: None,
        },
        undoes: None,
    };
    let restore = Restore::new(connection.aws.parameter_store(), bucket);
    let report = restore.apply_and_record(&wanted, draft, &write_options(&connection.aws, None), &Stopped(stop)).await;
    let outcomes = report.applied.outcomes.iter().map(outcome).collect::<Vec<_>>();
    if let Some(object) = told.as_object_mut() {
        object.insert("outcomes".to_owned(), Value::Array(outcomes));
        object.insert("stopped".to_owned(), report.applied.stopped.into());
        object.insert("restore_id".to_owned(), report.recorded.then(|| report.record.id.to_string()).into());
        if let Some(Value::Array(warnings)) = object.get_mut("warnings") {
            warnings.extend(report.applied.warnings.into_iter().map(Value::from));
        }
    }
    Ok(told)
}

/// Ends a restore before its next write.
struct Stopped(Stop);

impl ProgressObserver for Stopped {
    fn should_stop(&self) -> bool {
        self.0.is_set()
    }
}

fn plan(plan: &Plan) -> Value {
    let unknown = plan.unknown.iter().map(|unknown| {
        json!({
            "name": unknown.name.as_str(),
            "code": unknown.reason.code.as_str(),
            "reason": unknown.reason.message,
            "recorded_from": unknown.reason.recorded_from.map(Timestamp::as_microsecond),
        })
    });
    json!({
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "warnings": plan.warnings,
    })
}

fn change(change: &Change) -> Value {
    let to = change.recorded();
    let fields = match &change.action {
        Action::Update { fields, .. } => fields.iter().map(|field| field.as_str()).collect(),
        Action::Create(_) | Action::Delete { .. } => Vec::new(),
    };
    json!({
        "action": change.action_name(),
        "name": change.name.as_str(),
        "type": to.map(|to| to.parameter_type.as_str()),
        "value": to.map(|to| to.value.expose()),
        "description": to.and_then(|to| to.description.text.as_deref()),
        "version_id": to.map(|to| to.version_id.as_str()),
        "modified": change.modified().map(Timestamp::as_microsecond),
        "fields": fields,
    })
}

fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Done => json!({ "outcome": "done" }),
        Outcome::Skipped(reason) => json!({ "outcome": "skipped", "message": reason }),
        Outcome::Failed(error) => json!({
            "outcome": "failed",
            "code": error.kind.code(),
            "message": error.message,
            "hint": error.hint,
        }),
    }
}

/// The value of a stored version, byte for byte.
///
/// # Errors
/// [`CliError`] for the failed request.
pub async fn body(connection: &Connection, bucket: &str, key: &str, version_id: &str) -> Result<Vec<u8>, CliError> {
    let bucket = connection.bucket(Some(bucket)).await?;
    Ok(bucket.body(key, Some(version_id)).await?)
}

impl ObjectQuery {
    fn path(&self, connection: &Connection) -> Result<S3Path, CliError> {
        Ok(S3Path::new(connection.s3(), self.bucket.as_str(), self.key.as_str(), instant(&self.at)?))
    }
}

async fn object(connection: &Connection, query: ObjectQuery) -> Result<Value, CliError> {
    Ok(query.path(connection)?.preview().await?.as_ref().map_or(Value::Null, object_version))
}

async fn download(connection: &Connection, query: ObjectQuery) -> Result<Value, CliError> {
    let path = query.path(connection)?;
    let version = path.held().await?;
    let bucket = ObjectBucket::new(connection.s3(), query.bucket.as_str());
    bucket.download_file(version, Path::new(&query.file)).await?;
    Ok(Value::Null)
}

async fn restore_object(connection: &Connection, query: ObjectQuery) -> Result<Value, CliError> {
    query.path(connection)?.restore(&CopyOptions::default()).await?;
    Ok(Value::Null)
}

/// A row of a listing, with S3's names.
pub fn object_version(version: &ObjectVersion) -> Value {
    let etag = version.etag.as_deref().map(|etag| format!("\"{etag}\"")).unwrap_or_default();
    let mut row = json!({
        "Key": version.key,
        "VersionId": version.version_id,
        "LastModified": version.last_modified.as_microsecond(),
        "Size": version.size,
        "ETag": etag,
        "StorageClass": version.storage_class.as_deref().unwrap_or("STANDARD"),
        "IsLatest": version.is_latest,
        "tagset": {},
    });
    if let (true, Some(row)) = (version.is_marker, row.as_object_mut()) {
        row.insert("Deleted".to_owned(), true.into());
    }
    row
}
