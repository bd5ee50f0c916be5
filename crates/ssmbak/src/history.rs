//! The recorded changes of a selection, in order of time.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::compare::Attributes;
use ssmbak_core::log::{Entry, Operation, ValueChange, entries};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::plan::Field;
use ssmbak_core::record::Record;
use ssmbak_core::scope::Selection;

use crate::bucket::BackupBucket;
use crate::read::{body_of, timelines};
use crate::{CONCURRENCY, Error, ErrorKind};

/// Which changes to tell, and how much of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryOptions {
    /// Not those before this moment.
    pub since: Option<Timestamp>,
    /// Not those after this moment.
    pub until: Option<Timestamp>,
    /// Read the values, not only where nothing else says whether they changed.
    pub values: bool,
}

/// One recorded change of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The parameter.
    pub name: ParameterName,
    /// What happened.
    pub entry: Entry,
    /// What changed, as far as it is known, in the order of [`Field`].
    pub fields: Vec<Field>,
    /// Why it is not known whether the value changed.
    pub doubt: Option<String>,
    /// The value that came into effect, if values were asked for and it can be read.
    pub value: Option<ParameterValue>,
    /// The value before, likewise.
    pub before: Option<ParameterValue>,
    /// Whether the value is that of a SecureString, be it of another version: a value that was plain text before it
    /// became a secret is a secret.
    pub secret: bool,
    /// Whether the value before is, likewise.
    pub secret_before: bool,
}

/// The changes of a selection, oldest first, and what the reader should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The changes.
    pub entries: Vec<HistoryEntry>,
    /// How many of the selected names the bucket knows, whether they changed in the time asked about or not.
    pub names: usize,
    /// Stored versions that cannot be read, and keys that are no names.
    pub warnings: Vec<String>,
}

/// Reads the changes of a selection.
///
/// Two versions of one size are both read, since nothing else tells whether the value changed.
///
/// # Errors
/// The first request that failed. A version that has expired or is not UTF-8 is no error but a doubt.
pub async fn history<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    options: HistoryOptions,
) -> Result<History, Error> {
    let recorded = timelines(bucket, selection).await?;
    let mut found: Vec<(ParameterName, Entry)> = Vec::new();
    for (name, timeline) in &recorded.timelines {
        let within = entries(timeline).into_iter().filter(|entry| entry.is_within(options.since, options.until));
        found.extend(within.map(|entry| (name.clone(), entry)));
    }
    found.sort_by(|(a, one), (b, other)| (one.order(), a).cmp(&(other.order(), b)));
    let bodies = bodies(bucket, &found, options.values).await?;
    let secrets = secrets(&found, &bodies);
    let names = recorded.timelines.values().filter(|timeline| timeline.is_tracked()).count();
    let mut entries: Vec<HistoryEntry> =
        found.into_iter().map(|(name, entry)| told(name, entry, &bodies, options.values)).collect();
    for entry in &mut entries {
        let held = |value: &ParameterValue| secrets.contains(&(entry.name.clone(), value.expose().to_owned()));
        (entry.secret, entry.secret_before) = (entry.value.iter().any(held), entry.before.iter().any(held));
    }
    Ok(History { entries, names, warnings: recorded.warnings() })
}

/// By S3 version: its body, or why there is none.
type Bodies = BTreeMap<(ParameterName, String), Result<ParameterValue, &'static str>>;

async fn bodies<B: BackupBucket>(bucket: &B, found: &[(ParameterName, Entry)], values: bool) -> Result<Bodies, Error> {
    let wanted: BTreeSet<(ParameterName, String)> = found
        .iter()
        .filter(|(_, entry)| entry.operation != Operation::Delete)
        .filter(|(_, entry)| values || entry.value == ValueChange::InDoubt)
        .flat_map(|(name, entry)| {
            let both = entry.record.iter().chain(&entry.before);
            both.map(|record| (name.clone(), record.version_id.clone()))
        })
        .collect();
    stream::iter(wanted)
        .map(|(name, version)| async move {
            let body = match body_of(bucket, &name, &version).await {
                Ok(body) => String::from_utf8(body).map(ParameterValue::new).map_err(|_| "is not UTF-8 text"),
                Err(error) if error.kind == ErrorKind::NotFound => Err("has expired from the bucket"),
                Err(error) => return Err(error),
            };
            Ok(((name, version), body))
        })
        .buffer_unordered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await
}

/// The values of SecureStrings among what was read.
fn secrets(found: &[(ParameterName, Entry)], bodies: &Bodies) -> BTreeSet<(ParameterName, String)> {
    let versions =
        found.iter().flat_map(|(name, entry)| entry.record.iter().chain(&entry.before).map(move |r| (name, r)));
    let secret = versions.filter(|(_, record)| {
        // What cannot be seen to be no secret is one.
        Attributes::of_record(record).is_none_or(|attributes| attributes.parameter_type.is_secret())
    });
    secret
        .filter_map(|(name, record)| match bodies.get(&(name.clone(), record.version_id.clone())) {
            Some(Ok(value)) => Some((name.clone(), value.expose().to_owned())),
            _ => None,
        })
        .collect()
}

fn told(name: ParameterName, entry: Entry, bodies: &Bodies, values: bool) -> HistoryEntry {
    let body = |record: &Option<Record>| {
        record.as_ref().and_then(|record| bodies.get(&(name.clone(), record.version_id.clone()))).cloned()
    };
    let (after, before) = (body(&entry.record), body(&entry.before));
    let (changed, doubt) = match (entry.value, &after, &before) {
        (ValueChange::Changed, _, _) => (true, None),
        (ValueChange::NotCompared, _, _) => (false, None),
        (ValueChange::InDoubt, Some(Ok(after)), Some(Ok(before))) => (after != before, None),
        (ValueChange::InDoubt, Some(Err(why)), _) | (ValueChange::InDoubt, _, Some(Err(why))) => {
            (false, Some(format!("whether the value changed is not known: one of the two versions {why}")))
        }
        (ValueChange::InDoubt, _, _) => (false, Some("whether the value changed is not known".to_owned())),
    };
    let fields = changed.then_some(Field::Value).into_iter().chain(entry.fields.iter().copied()).collect();
    let read = |body: Option<Result<ParameterValue, _>>| body.filter(|_| values).and_then(Result::ok);
    HistoryEntry {
        fields,
        doubt,
        value: read(after),
        before: read(before),
        secret: false,
        secret_before: false,
        name,
        entry,
    }
}
