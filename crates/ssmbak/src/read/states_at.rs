//! What the bucket says of each name at an instant, from no more of its versions than that takes.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::record::{Evidence, Record, Unreadable};
use ssmbak_core::recording_scope::ScopeRecord;
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Absence, State, Timeline, Unknown, initial_window, next_window};
use ssmbak_core::unknown::UnknownReason;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{body_is_out_of_reach, by_name::by_name};
use crate::bucket::{BackupBucket, StoredVersion, record_and_body_of, record_of};
use crate::recording_scope::scope_record;
use crate::{ConcurrencyLimiter, Error};

/// How many versions of a key are asked for at once; the limiter bounds the requests.
const VERSIONS: usize = 512;

/// What the bucket says of a selection at an instant.
#[derive(Debug, Default)]
pub struct BucketStates {
    /// Of every selected name that the bucket has anything about.
    pub by_name: BTreeMap<ParameterName, Answer>,
    /// Keys within the selection's reach that are no parameter names.
    pub foreign_keys: Vec<String>,
    /// Which names the pipeline records.
    pub scope: ScopeRecord,
}

/// Why nothing is known of a name that the bucket has nothing about.
pub(crate) fn nothing_known(scope: &ScopeRecord, name: &ParameterName) -> UnknownReason {
    scope.excluded_since(name).map_or(Unknown::NothingRecorded, Unknown::Excluded).into()
}

/// What the bucket says of one name at an instant.
#[derive(Debug)]
pub struct Answer {
    /// What was true.
    pub state: AnswerState,
    /// Whether nothing was stored about the name since then.
    pub is_last: bool,
    /// When the last of the name was stored.
    pub last_stored: Option<Timestamp>,
    /// Whether what deleted it is a tombstone, and no bare delete marker.
    pub has_tombstone: bool,
    /// Versions that say nothing, as far as they were read: their S3 version, and why.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// As [`State`], and owned.
#[derive(Debug)]
pub enum AnswerState {
    /// It existed, as this record says.
    Held {
        /// The stored version.
        record: Box<Record>,
        /// When it came into effect.
        since: Timestamp,
        /// Its body, where it has been read already.
        body: Option<Vec<u8>>,
    },
    /// It did not exist.
    Absent(Absence),
    /// The evidence does not tell.
    Unknown(Unknown),
}

/// What others need to know before all is read.
#[derive(Debug, Default)]
pub struct ListingProgress {
    /// Names that existed at the instant and of which the tags of that time are known.
    tagged: Option<UnboundedSender<ParameterName>>,
}

impl ListingProgress {
    /// For those who want to know the names while they are being found: the receiver is told of those with tags.
    pub(crate) fn told() -> (Self, UnboundedReceiver<ParameterName>) {
        let (sender, receiver) = unbounded_channel();
        (Self { tagged: Some(sender) }, receiver)
    }

    fn answered(&self, name: &ParameterName, answer: Option<&Answer>) {
        let Some(Answer { state: AnswerState::Held { record, .. }, .. }) = answer else { return };
        let Evidence::Value(value) = &record.evidence else { return };
        if let Some(tagged) = self.tagged.as_ref().filter(|_| value.details.tags.is_some()) {
            // Nobody listens any more when the present could not be read.
            tagged.send(name.clone()).ok();
        }
    }
}

/// What the bucket says of a selection at an instant.
///
/// Of each key as few versions are read as tell (see [`next_window`]). A version that is likely to be restored is read with its
/// body, in one request. What it finds on the way goes to `finding`.
///
/// # Errors
/// The first request that failed.
pub async fn read_states_at<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    at: &Instant,
    limiter: &ConcurrencyLimiter,
    finding: &ListingProgress,
) -> Result<BucketStates, Error> {
    let states = Box::pin(read_recorded_states_at(bucket, selection, at, limiter, finding));
    let (mut states, scope) = try_join(states, Box::pin(scope_record(bucket))).await?;
    for (name, answer) in &mut states.by_name {
        // Its last record says nothing of the time since then.
        let excluded = scope.excluded_since(name).filter(|since| answer.is_last && *since < at.until());
        if let Some(since) = excluded {
            answer.state = AnswerState::Unknown(Unknown::Excluded(since));
        }
    }
    Ok(BucketStates { scope, ..states })
}

/// As [`read_states_at`], whatever the pipeline leaves out.
pub(crate) async fn read_recorded_states_at<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    at: &Instant,
    limiter: &ConcurrencyLimiter,
    finding: &ListingProgress,
) -> Result<BucketStates, Error> {
    let read = |name: ParameterName, versions| async move {
        let answer = answer(bucket, versions, at.until(), limiter).await?;
        finding.answered(&name, answer.as_ref());
        Ok(answer.map(|answer| (name, answer)))
    };
    let (of, foreign_keys) = by_name(bucket, selection, read).await?;
    Ok(BucketStates { by_name: of.into_iter().collect(), foreign_keys, ..BucketStates::default() })
}

/// What the versions of one name, in storage order, say of `until`; `None` if all of them are gone.
async fn answer<B: BackupBucket>(
    bucket: &B,
    versions: Vec<StoredVersion>,
    until: Timestamp,
    limiter: &ConcurrencyLimiter,
) -> Result<Option<Answer>, Error> {
    let stored: Vec<Timestamp> = versions.iter().map(|version| version.last_modified).collect();
    // If nothing was stored since, the present is the answer, and its value need not be read.
    let changed_since = stored.last().is_some_and(|last| *last > until);
    let mut records: Vec<Record> = Vec::new();
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut look = initial_window(&stored, until);
    let mut looked = look.clone();
    loop {
        let versions = versions.get(look.clone()).unwrap_or_default();
        let read: Vec<Option<(Record, Option<Vec<u8>>)>> = stream::iter(versions)
            .map(|version| async move {
                if changed_since && version.last_modified <= until && !version.is_marker {
                    match limiter.run(|| record_and_body_of(bucket, version)).await {
                        // That its value cannot be had matters only if it is the version in effect.
                        Err(error) if body_is_out_of_reach(&error) => {}
                        read => return Ok(read?.map(|(record, body)| (record, Some(body)))),
                    }
                }
                let read = limiter.run(|| record_of(bucket, version)).await?;
                Ok::<_, Error>(read.map(|record| (record, None)))
            })
            .buffered(VERSIONS)
            .boxed()
            .try_collect()
            .await?;
        let mut found = Vec::with_capacity(read.len());
        for (record, body) in read.into_iter().flatten() {
            bodies.extend(body.map(|body| (record.version_id.clone(), body)));
            found.push(record);
        }
        let older = if look.start < looked.start { 0 } else { records.len() };
        records.splice(older..older, found);
        looked = looked.start.min(look.start)..looked.end.max(look.end);
        match next_window(&stored, &looked, &records, until) {
            Some(next) => look = next,
            None => break,
        }
    }
    if records.is_empty() {
        return Ok(None);
    }
    let timeline = Timeline::new(records);
    let state = match timeline.state_by(until) {
        State::Held(held) => {
            let body = bodies.remove(&held.record.version_id);
            AnswerState::Held { record: Box::new(held.record.clone()), since: held.since, body }
        }
        State::Absent(absence) => AnswerState::Absent(absence),
        State::Unknown(reason) => AnswerState::Unknown(reason.clone()),
    };
    let unreadable =
        timeline.unreadable().map(|(record, reason)| (record.version_id.clone(), reason.clone())).collect();
    let is_tombstone = |record: &Record, at: Timestamp| match &record.evidence {
        Evidence::Tombstone(tombstone) => tombstone.time == at,
        _ => false,
    };
    let has_tombstone = match &state {
        AnswerState::Absent(Absence::Deleted(at)) => timeline.records().iter().any(|record| is_tombstone(record, *at)),
        _ => false,
    };
    let last_stored = stored.last().copied();
    Ok(Some(Answer { state, is_last: !changed_since, last_stored, has_tombstone, unreadable }))
}
