//! The versions that were in effect, as S3 lists them, with the tags of ssmbak 0.5.2.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use serde_json::{Map, Value, json};
use ssmbak::bucket::S3BackupBucket;
use ssmbak::read::timelines;
use ssmbak::s3::ObjectBucket;
use ssmbak_cli::error::CliError;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::ObjectVersion;
use ssmbak_core::record::{Evidence, tags};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Absence, State};

use crate::operations::object_version;

/// The version or delete marker that decides about each name, and the names that the bucket has any evidence about.
///
/// # Errors
/// [`CliError`] for the first request that failed.
pub async fn versions(
    client: &Client,
    bucket: &S3BackupBucket,
    selection: &Selection,
    at: &Instant,
    paths: &[String],
) -> Result<Value, CliError> {
    let recorded = timelines(bucket, selection).await?.timelines;
    let tracked: Vec<&str> =
        recorded.iter().filter(|(_, timeline)| timeline.is_tracked()).map(|(name, _)| name.as_str()).collect();
    let mut listed: BTreeMap<String, Vec<ObjectVersion>> = BTreeMap::new();
    if !tracked.is_empty() {
        let objects = ObjectBucket::new(client.clone(), bucket.name());
        for path in paths {
            let prefix = if path.starts_with('/') { path.clone() } else { format!("/{path}") };
            let list = |row: &ObjectVersion| {
                listed.entry(row.key.clone()).or_default().push(row.clone());
                false
            };
            objects.versions_below(&prefix, list).await?;
        }
    }
    let mut found = Map::new();
    for (name, timeline) in &recorded {
        let Some(rows) = listed.get(name.as_str()) else { continue };
        let row = match timeline.state_at(at) {
            State::Held(held) => {
                let Some(row) = rows.iter().find(|row| row.version_id == held.record.version_id) else { continue };
                let (time, kind, description) = match &held.record.evidence {
                    Evidence::Value(value) => (value.time, value.parameter_type, &value.description),
                    Evidence::Legacy(legacy) => (legacy.time, legacy.parameter_type, &legacy.description),
                    Evidence::Tombstone(_) | Evidence::DeleteMarker | Evidence::Unreadable(_) => continue,
                };
                let tagset = tags::build(time, kind, description.text.as_deref());
                let tagset: Map<String, Value> =
                    tagset.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
                let mut row = object_version(row);
                row["tagset"] = Value::Object(tagset);
                row
            }
            State::Absent(Absence::Deleted(deleted)) => {
                let stored =
                    |row: &&ObjectVersion| row.is_marker && row.last_modified.as_second() >= deleted.as_second();
                let Some(row) = rows.iter().filter(stored).min_by_key(|row| row.last_modified) else { continue };
                let mut row = object_version(row);
                row["DeletedAt"] = deleted.as_microsecond().into();
                row
            }
            State::Absent(Absence::NotYetCreated(_)) | State::Unknown(_) => continue,
        };
        found.insert(name.as_str().to_owned(), row);
    }
    Ok(json!({ "versions": found, "tracked": tracked }))
}
