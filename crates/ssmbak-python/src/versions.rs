//! The versions that were in effect, as S3 lists them, with the tags of ssmbak 0.5.2.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use ssmbak::bucket::S3BackupBucket;
use ssmbak::read::timelines;
use ssmbak::{Error, ErrorKind};
use ssmbak_cli::error::CliError;
use ssmbak_core::instant::Instant;
use ssmbak_core::record::{Evidence, tags};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Absence, State};

/// What S3 lists of a key: its versions by id, and its delete markers with their times.
#[derive(Default)]
struct Rows {
    versions: BTreeMap<String, Map<String, Value>>,
    markers: Vec<(Timestamp, Map<String, Value>)>,
}

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
    let mut listed = BTreeMap::new();
    if !tracked.is_empty() {
        for path in paths {
            list(client, bucket.name(), path, &mut listed).await?;
        }
    }
    let mut found = Map::new();
    for (name, timeline) in &recorded {
        let Some(rows) = listed.get_mut(name.as_str()) else { continue };
        let row = match timeline.state_at(at) {
            State::Held(held) => {
                let Some(mut row) = rows.versions.remove(&held.record.version_id) else { continue };
                let (time, kind, description) = match &held.record.evidence {
                    Evidence::Value(value) => (value.time, value.parameter_type, &value.description),
                    Evidence::Legacy(legacy) => (legacy.time, legacy.parameter_type, &legacy.description),
                    Evidence::Tombstone(_) | Evidence::DeleteMarker | Evidence::Unreadable(_) => continue,
                };
                let tagset = tags::build(time, kind, description.text.as_deref());
                let tagset: Map<String, Value> =
                    tagset.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
                row.insert("tagset".to_owned(), Value::Object(tagset));
                row
            }
            State::Absent(Absence::Deleted(deleted)) => {
                let stored = |(time, _): &&(Timestamp, Map<String, Value>)| time.as_second() >= deleted.as_second();
                let Some((_, row)) = rows.markers.iter().filter(stored).min_by_key(|(time, _)| *time) else { continue };
                let mut row = row.clone();
                row.insert("DeletedAt".to_owned(), deleted.as_microsecond().into());
                row
            }
            State::Absent(Absence::NotYetCreated(_)) | State::Unknown(_) => continue,
        };
        found.insert(name.as_str().to_owned(), Value::Object(row));
    }
    Ok(json!({ "versions": found, "tracked": tracked }))
}

async fn list(client: &Client, bucket: &str, path: &str, listed: &mut BTreeMap<String, Rows>) -> Result<(), CliError> {
    let prefix = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut next = (None, None);
    loop {
        let request = client.list_object_versions().bucket(bucket).prefix(&prefix);
        let page = request.set_key_marker(next.0).set_version_id_marker(next.1).send().await;
        let page =
            page.map_err(|_| Error::new(ErrorKind::Other, format!("failed to list the versions in {bucket}")))?;
        for version in page.versions() {
            let (Some(key), Some(id)) = (version.key(), version.version_id()) else { continue };
            let mut row = common(key, id, version.is_latest(), version.last_modified());
            row.insert("Size".to_owned(), version.size().unwrap_or_default().into());
            row.insert("ETag".to_owned(), version.e_tag().unwrap_or_default().into());
            let class = version.storage_class().map_or("STANDARD", |class| class.as_str());
            row.insert("StorageClass".to_owned(), class.into());
            listed.entry(key.to_owned()).or_default().versions.insert(id.to_owned(), row);
        }
        for marker in page.delete_markers() {
            let (Some(key), Some(id)) = (marker.key(), marker.version_id()) else { continue };
            let mut row = common(key, id, marker.is_latest(), marker.last_modified());
            row.extend([
                ("Size".to_owned(), 0.into()),
                ("ETag".to_owned(), "".into()),
                ("StorageClass".to_owned(), "STANDARD".into()),
                ("Deleted".to_owned(), true.into()),
                ("tagset".to_owned(), json!({})),
            ]);
            let time = marker.last_modified().and_then(|time| Timestamp::from_second(time.secs()).ok());
            listed.entry(key.to_owned()).or_default().markers.push((time.unwrap_or_default(), row));
        }
        next = (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
        if page.is_truncated() != Some(true) || next.0.is_none() {
            return Ok(());
        }
    }
}

fn common(
    key: &str,
    id: &str,
    is_latest: Option<bool>,
    modified: Option<&aws_sdk_s3::primitives::DateTime>,
) -> Map<String, Value> {
    let modified = modified.map(|time| time.secs() * 1_000_000 + i64::from(time.subsec_nanos() / 1_000));
    Map::from_iter([
        ("Key".to_owned(), key.into()),
        ("VersionId".to_owned(), id.into()),
        ("IsLatest".to_owned(), is_latest.unwrap_or_default().into()),
        ("LastModified".to_owned(), modified.unwrap_or_default().into()),
    ])
}
