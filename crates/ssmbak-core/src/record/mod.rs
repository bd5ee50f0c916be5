//! What a stored version says: the record format of the bucket, read and written.
//!
//! One S3 object version (or delete marker) is one [`Record`]. Its key is the parameter's name, its body the value's
//! bytes. It describes itself twice: in the three tags that ssmbak 0.5.2 writes and reads ([`tags`]), and losslessly in
//! one user-metadata field ([`metadata`]), whose overflow lies in a content-addressed sidecar object.

pub mod metadata;
pub mod tags;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::parameter::{Description, Details, ParameterType};

/// How far an event's time and Parameter Store's own time of the same change may lie apart and still agree.
///
/// Events carry whole seconds; nothing published bounds the skew between the two clocks, so two seconds are assumed.
pub const CLOCK_AGREEMENT: Duration = Duration::from_secs(2);

/// How old an answer of Parameter Store may be: what a read shows was true at some moment within this time before it.
///
/// AWS documents no bound. Seconds are reported (aws-sdk-js#4349, aws-cdk-cli#830), and the tutorial of ssmbak 0.5.2 waits
/// two minutes, so two minutes are assumed.
pub const READ_LAG: SignedDuration = SignedDuration::from_secs(120);

/// Whether two times of one change agree, that is lie within [`CLOCK_AGREEMENT`] of each other.
pub fn times_agree(event: Timestamp, modified: Timestamp) -> bool {
    let apart = event.as_nanosecond().abs_diff(modified.as_nanosecond());
    // An event's whole second may have begun up to a second before the change: that second is not skew.
    let whole_second = if event.subsec_nanosecond() == 0 && modified >= event { 999_999_999 } else { 0 };
    apart <= CLOCK_AGREEMENT.as_nanos() + whole_second
}

/// Whether a recorded version is the one that was `lost`, or shows by its number that it is missing.
///
/// It is, if it was matched to that very event, or if it was recorded without its event and the two times agree. It is as
/// well, if it is of the event's second and `complete`: every later version of its incarnation and second is recorded too,
/// this event's among them. Only a first version is what a Create told of. Of a version whose number is known, only its own
/// record is.
pub fn accounts_for_change(value: &ValueRecord, complete: bool, lost: &LostVersion) -> bool {
    if let Some(number) = lost.locked {
        return value.identity() == (number, lost.time);
    }
    let second = lost.time.as_second();
    let same_event = match &value.event {
        Some(known) => known.id.is_some() && known.id == lost.event,
        None => false,
    };
    let of_kind = |number: u64| (number == 1) == lost.created;
    let of_second = |time: Timestamp, number: u64| time.as_second() == second && of_kind(number);
    let modified = value.details.modified;
    let own = value.event.is_none() && of_kind(value.details.version) && times_agree(lost.time, modified);
    // A later version shows its predecessor to be missing, where that is not recorded.
    let of_predecessor = |previous: Timestamp| of_second(previous, value.details.version.saturating_sub(1));
    same_event
        || own
        || (complete && of_second(modified, value.details.version))
        || (modified.as_second() > second && value.previous.is_some_and(of_predecessor))
}

/// How long after a tombstone its delete marker may be stored: the two are written one after the other by one invocation,
/// whose SDK gives up well before this. A marker whose own tombstone has expired must not take another's.
pub const MARKER_FOLLOWS: Duration = Duration::from_secs(60);

/// Which markers belong to which tombstones.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Positions of markers without a tombstone: deletions as ssmbak 0.5.2 records them.
    pub lone_markers: Vec<usize>,
    /// Positions of tombstones without a marker: the function was killed between the two, or the marker has expired.
    pub lone_tombstones: Vec<usize>,
}

/// Pairs each marker with the nearest tombstone before it that has none yet, whatever was written between them.
pub fn pair_markers(records: &[Record]) -> Pairing {
    let mut order: Vec<(usize, &Record)> = records.iter().enumerate().collect();
    // Within one second a listing does not tell markers from versions in order; a tombstone precedes its marker.
    order.sort_by_key(|(position, record)| {
        (record.last_modified, matches!(record.evidence, Evidence::DeleteMarker), *position)
    });
    let mut open: Vec<(usize, Timestamp)> = Vec::new();
    let mut pairing = Pairing::default();
    for (position, record) in order {
        match &record.evidence {
            Evidence::Tombstone(_) => open.push((position, record.last_modified)),
            Evidence::DeleteMarker => {
                let near = |(_, stored): &(usize, Timestamp)| {
                    record.last_modified.as_nanosecond().abs_diff(stored.as_nanosecond()) <= MARKER_FOLLOWS.as_nanos()
                };
                match open.iter().rposition(near) {
                    Some(tombstone) => {
                        open.remove(tombstone);
                    }
                    None => pairing.lone_markers.push(position),
                }
            }
            Evidence::Value(_) | Evidence::Legacy(_) | Evidence::Unreadable(_) => {}
        }
    }
    pairing.lone_tombstones = open.into_iter().map(|(position, _)| position).collect();
    pairing.lone_tombstones.sort_unstable();
    pairing
}

/// One version or delete marker of a key, with what it says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// S3's version id (`null` for objects older than the bucket's versioning).
    pub version_id: String,
    /// When S3 stored it, to the second.
    pub last_modified: Timestamp,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// Bytes of the body: the value's length.
    pub size: u64,
    /// What it says.
    pub evidence: Evidence,
}

/// What a stored version can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A version of the parameter, self-described.
    Value(Box<ValueRecord>),
    /// A version of the parameter as ssmbak 0.5.2 recorded it: tags alone.
    Legacy(LegacyRecord),
    /// A deletion, with its true time.
    Tombstone(TombstoneRecord),
    /// S3's own delete marker: it says nothing but its LastModified.
    DeleteMarker,
    /// Nothing that can be trusted; the reason, for the report.
    Unreadable(Unreadable),
}

/// A self-described version of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRecord {
    /// When it came into effect: Parameter Store's time where the event agrees with it, else the event's.
    pub time: Timestamp,
    /// The event that it was matched to; `None`: found in Parameter Store's history, without an event.
    pub event: Option<EventReference>,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description.
    pub description: Description,
    /// Version number, times, author and the remaining attributes.
    pub details: Details,
    /// `LastModifiedDate` of the version before it, as history showed it: the link by which two consecutive numbers are
    /// known to belong to one life of the parameter. `None`: the version before was not in history any more, or there
    /// is none.
    pub previous: Option<Timestamp>,
    /// The lowest version number from which on every version up to this one was in the bucket when this was written.
    pub floor: u64,
    /// Whether it was the parameter's present version when it was written.
    pub present: Presence,
    /// When it was seen to be the present version, by the clock of whoever looked, taken before looking. It was so within
    /// [`READ_LAG`] before.
    pub seen: Option<Timestamp>,
    /// Versions of which an event told, but which had left Parameter Store before they could be read.
    pub lost: Vec<LostVersion>,
}

impl ValueRecord {
    /// Version number and Parameter Store's time: together they name one version for all time, because a re-created
    /// parameter counts from 1 again at a later time.
    pub fn identity(&self) -> (u64, Timestamp) {
        (self.details.version, self.details.modified)
    }
}

/// Whether a version was the present one when its record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// It was already superseded.
    Superseded,
    /// It was the present version, as a handled event found it.
    Present,
    /// A sweep, long after, found it still present: whatever the bucket held against it is wrong.
    Confirmed,
}

/// The event a record was matched to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventReference {
    /// The event's own time, whole seconds as a rule.
    pub time: Timestamp,
    /// EventBridge's event id.
    pub id: Option<String>,
}

/// A version that an event told of and nobody could read any more, or that Parameter Store has and cannot decrypt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostVersion {
    /// The event's time, or Parameter Store's: from here on the value is unknown until the next record.
    pub time: Timestamp,
    /// Whether it was the parameter's first version: before it the parameter did not exist.
    pub created: bool,
    /// EventBridge's event id.
    pub event: Option<String>,
    /// Its number, where Parameter Store has it and its KMS key alone keeps it from being read. Once the key can be used, the
    /// version is recorded after all.
    pub locked: Option<u64>,
}

/// A version as ssmbak 0.5.2 recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyRecord {
    /// `ssmbakTime`: the event's second.
    pub time: Timestamp,
    /// `ssmbakType`: the type that the event named.
    pub parameter_type: ParameterType,
    /// `ssmbakDescription`, sanitised.
    pub description: Description,
}

/// A recorded deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TombstoneRecord {
    /// When the parameter was deleted (for [`DeletionSource::Observed`]: when it was found missing).
    pub time: Timestamp,
    /// How that is known.
    pub source: DeletionSource,
    /// EventBridge's event id.
    pub event: Option<String>,
    /// Of an event: `LastModifiedDate` of the oldest version in history when the deletion was handled: the parameter
    /// existed (again) by then; `None`: it did not exist. Of an observation: when it was last seen alive and unchanged.
    pub live: Option<Timestamp>,
    /// When the parameter was looked up to handle an event, by the clock of whoever looked; `None`: the read did not show
    /// the deletion yet, so that it says nothing (see [`TombstoneRecord::is_provisional`]). Of an observation: present if it
    /// was looked at several times, so that no read can have lagged.
    pub seen: Option<Timestamp>,
    /// Versions of which an event told, but which nobody could read any more.
    pub lost: Vec<LostVersion>,
}

impl TombstoneRecord {
    /// Whether it was recorded before Parameter Store's answers showed the deletion: what became of the parameter after it
    /// is not known.
    pub fn is_provisional(&self) -> bool {
        self.source == DeletionSource::Event && self.live.is_none() && self.seen.is_none()
    }

    /// Whether both are of one deletion, told by one event.
    pub fn is_same_deletion(&self, other: &Self) -> bool {
        self.source == other.source && self.time == other.time && self.event == other.event
    }
}

/// How a deletion is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionSource {
    /// A Delete event, or the expiry by a parameter policy: its time is the deletion's.
    Event,
    /// The parameter was looked up and found missing: it was deleted at some moment before.
    Observed,
}

/// Why a stored version says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// No metadata of ours and no tags of the original.
    #[error("it was not written by ssmbak: no ssmbak metadata and no ssmbakTime tag")]
    Foreign,
    /// A tag of the original's that cannot be read.
    #[error("its {0} tag cannot be read")]
    BadTag(&'static str),
    /// Metadata of ours that cannot be read.
    #[error("its ssmbak metadata cannot be read: {0}")]
    BadMetadata(String),
    /// Metadata of a later format.
    #[error("it was written by a newer ssmbak (format {0}): update this command")]
    NewerFormat(u64),
    /// The sidecar that holds its attributes is missing or not what its name says.
    #[error("the sidecar object with its attributes is missing or damaged")]
    BadSidecar,
    /// The body is empty although it is no tombstone.
    #[error("its body is empty, and a value never is")]
    Empty,
    /// The body is larger than any value.
    #[error("its body of {0} bytes is larger than a value can be")]
    TooLarge(u64),
}
