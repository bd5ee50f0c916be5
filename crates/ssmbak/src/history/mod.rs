//! The recorded changes of a selection, in order of time.

mod entry;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::compare::Attributes;
use ssmbak_core::log::{Entry, Operation, ValueChange, entries};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::plan::Field;
use ssmbak_core::record::Record;
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Reach;

pub use self::entry::{HistoryEntry, Values, Version};
use crate::bucket::BackupBucket;
use crate::read::{ReadBack, Reader, body_of, foreign_key, left_out};
use crate::recording_scope::scope_record;
use crate::{CONCURRENCY, ConcurrencyLimiter, Error, ErrorKind};

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

/// The changes of a selection, and what the reader should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The changes of each name in order of time, in order of name.
    of: Vec<Box<[HistoryEntry]>>,
    /// How many of the selected names the bucket knows, whether they changed in the time asked about or not.
    pub names: usize,
    /// Stored versions that cannot be read, as far as they were looked at, and keys that are no names.
    pub warnings: Vec<String>,
}

impl History {
    /// The changes of these names, in order of name, each name's in order of time.
    pub fn new(of: Vec<Vec<HistoryEntry>>, names: usize, warnings: Vec<String>) -> Self {
        let of = of.into_iter().filter(|entries| !entries.is_empty()).map(Vec::into_boxed_slice).collect();
        Self { of, names, warnings }
    }

    /// The changes of all names, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &HistoryEntry> {
        // The next change of each name; of those of one time the first name's.
        let next = |name: usize, place: usize| {
            let entry = self.of.get(name)?.get(place)?;
            Some(Reverse((entry.order(), name, place)))
        };
        let mut heap: BinaryHeap<_> = (0..self.of.len()).filter_map(|name| next(name, 0)).collect();
        std::iter::from_fn(move || {
            let Reverse((_, name, place)) = heap.pop()?;
            heap.extend(next(name, place + 1));
            self.of.get(name)?.get(place)
        })
    }

    /// Whether no change is recorded.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// Reads the changes of a selection.
///
/// Two versions of one size are both read, since nothing else tells whether the value changed. Names are read one after the
/// other, and of each its changes are kept alone. Of what was stored before `since` no more is read than matters.
///
/// # Errors
/// The first request that failed. A version that has expired or is not UTF-8 is no error but a doubt.
pub async fn history<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    options: HistoryOptions,
) -> Result<History, Error> {
    let reader = Reader::new(bucket, options.since.map_or(Reach::All, Reach::Since));
    let limiter = reader.limiter();
    let made = |name: ParameterName, read: ReadBack| async move {
        let (known, warnings) = (read.timeline.is_tracked(), left_out(&name, &read.timeline));
        let mut found = entries(&read.timeline);
        drop(read);
        found.retain(|entry| entry.is_within(options.since, options.until));
        let bodies = bodies(bucket, limiter, &name, &found, options.values).await?;
        let entries = told(&Arc::new(name.clone()), &found, &bodies, options.values);
        Ok((name, entries, known, warnings))
    };
    let (read, scope) = try_join(Box::pin(reader.each(selection, |_, _| true, made)), scope_record(bucket)).await?;
    let (mut of, foreign_keys) = read;
    of.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let names = of.iter().filter(|(_, _, known, _)| *known).count();
    let mut warnings: Vec<String> = of.iter_mut().flat_map(|(.., warnings)| std::mem::take(warnings)).collect();
    let excluded: Vec<&ParameterName> =
        of.iter().map(|(name, ..)| name).filter(|name| scope.excluded_since(name).is_some()).collect();
    match excluded.as_slice() {
        [] => {}
        [name] => warnings.push(format!("{name} is excluded from recording: its later changes are not known")),
        [name, ..] => warnings.push(format!(
            "{name} and {} more names are excluded from recording: their later changes are not known",
            excluded.len() - 1
        )),
    }
    warnings.extend(foreign_keys.iter().map(|key| foreign_key(key)));
    Ok(History {
        of: of.into_iter().map(|(_, entries, ..)| entries).filter(|of| !of.is_empty()).collect(),
        names,
        warnings,
    })
}

/// By S3 version of one name: its body, or why there is none.
type Bodies = BTreeMap<String, Result<ParameterValue, &'static str>>;

async fn bodies<B: BackupBucket>(
    bucket: &B,
    limiter: &ConcurrencyLimiter,
    name: &ParameterName,
    found: &[Entry],
    values: bool,
) -> Result<Bodies, Error> {
    let wanted: BTreeSet<String> = found
        .iter()
        .filter(|entry| entry.operation != Operation::Delete)
        .filter(|entry| values || entry.value == ValueChange::InDoubt)
        .flat_map(|entry| entry.record.iter().chain(&entry.before))
        .map(|record| record.version_id.clone())
        .collect();
    stream::iter(wanted)
        .map(|version| async move {
            let body = match limiter.run(|| body_of(bucket, name, &version)).await {
                Ok(body) => String::from_utf8(body).map(ParameterValue::new).map_err(|_| "is not UTF-8 text"),
                Err(error) if error.kind == ErrorKind::NotFound => Err("has expired from the bucket"),
                Err(error) if error.kind == ErrorKind::Archived => Err("is in an archive"),
                Err(error) if error.kind == ErrorKind::KeyUnusable => {
                    Err("is encrypted with a KMS key that cannot be used")
                }
                Err(error) => return Err(error),
            };
            Ok((version, body))
        })
        .buffer_unordered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await
}

/// The values of SecureStrings among what was read.
fn secrets<'a>(found: &[Entry], bodies: &'a Bodies) -> BTreeSet<&'a str> {
    let versions = found.iter().flat_map(|entry| entry.record.iter().chain(&entry.before));
    let secret = versions.filter(|record| {
        // What cannot be seen to be no secret is one.
        Attributes::of_record(record).is_none_or(|attributes| attributes.parameter_type.is_secret())
    });
    secret
        .filter_map(|record| match bodies.get(&record.version_id) {
            Some(Ok(value)) => Some(value.expose()),
            _ => None,
        })
        .collect()
}

fn told(name: &Arc<ParameterName>, found: &[Entry], bodies: &Bodies, values: bool) -> Box<[HistoryEntry]> {
    let secrets = secrets(found, bodies);
    let held = |value: &Option<ParameterValue>| value.iter().any(|value| secrets.contains(value.expose()));
    let mut all: Vec<HistoryEntry> = Vec::with_capacity(found.len());
    for entry in found {
        let body = |record: &Option<Record>| record.as_ref().and_then(|record| bodies.get(&record.version_id));
        let (after, before) = (body(&entry.record), body(&entry.before));
        let (changed, doubt) = compared(entry.value, after, before);
        let fields: Vec<Field> =
            changed.then_some(Field::Value).into_iter().chain(entry.fields.iter().copied()).collect();
        let read = |body: Option<&Result<ParameterValue, _>>| body.filter(|_| values)?.as_ref().ok().cloned();
        let (after, before) = (read(after), read(before));
        let values = Values { secret: held(&after), secret_before: held(&before), after, before };
        let mut told = HistoryEntry::new(Arc::clone(name), entry, &fields, doubt, values);
        if let Some(last) = all.last() {
            told.share(last);
        }
        all.push(told);
    }
    all.into_boxed_slice()
}

type Body<'a> = Option<&'a Result<ParameterValue, &'static str>>;

/// Whether the value changed, or why that is not known.
fn compared(value: ValueChange, after: Body<'_>, before: Body<'_>) -> (bool, Option<String>) {
    match (value, after, before) {
        (ValueChange::Changed, _, _) => (true, None),
        (ValueChange::NotCompared, _, _) => (false, None),
        (ValueChange::InDoubt, Some(Ok(after)), Some(Ok(before))) => (after != before, None),
        (ValueChange::InDoubt, Some(Err(why)), _) | (ValueChange::InDoubt, _, Some(Err(why))) => {
            (false, Some(format!("whether the value changed is not known: one of the two versions {why}")))
        }
        (ValueChange::InDoubt, _, _) => (false, Some("whether the value changed is not known".to_owned())),
    }
}
