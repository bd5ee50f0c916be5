//! Brings the bucket up to date with Parameter Store, one name at a time.

use std::time::Duration;

use jiff::Timestamp;
use ssmbak_core::capture::{
    Contents, EventClock, Write, deleted_here, find_locked, is_doubtfully_deleted, is_doubtfully_missing, is_settled,
    needs_all_records, on_event, on_sure_deletion, on_surely_missing, on_sweep,
};
use ssmbak_core::event::Change;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details, ParameterVersion};
use ssmbak_core::record::metadata::{encode_tombstone, encode_value};
use ssmbak_core::record::{Record, ValueRecord};
use ssmbak_core::sweep::SweepRecord;

use crate::bucket::{BackupBucket, Head, Keys, describe_versions};
use crate::read::in_order_of_storage;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind};

/// Records what Parameter Store says in the bucket.
#[derive(Clone, Debug)]
pub struct Capture<S, B> {
    store: S,
    bucket: B,
    pauses: [Duration; 3],
}

/// How long to wait before a parameter is looked at again that is missing although it was there moments ago.
const LOOK_AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// What was written for one name, without any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureReport {
    /// The writes, in the order in which they were made.
    pub writes: Vec<Written>,
    /// Parameter Store does not show the event's change yet: handle the event again.
    pub early: bool,
    /// Versions that cannot be decrypted, and so are not recorded.
    pub locked: Option<LockedVersions>,
}

/// Versions that cannot be decrypted, and so are not recorded. Where the bucket has anything about the name, they are noted there as
/// lost, and readers answer that they are unknown. Handling the event again, or a sweep, records them once their key can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedVersions {
    /// Which, and why: [`ErrorKind::KeyUnusable`].
    pub error: Error,
    /// Whether all of them were noted before this event was handled.
    pub was_noted: bool,
}

/// One write, as a log may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `version`, `tombstone` or `marker`.
    pub kind: &'static str,
    /// Parameter Store's version number.
    pub version: Option<u64>,
    /// When it came into effect.
    pub time: Option<Timestamp>,
    /// The parameter's type.
    pub parameter_type: Option<&'static str>,
    /// Bytes of the value.
    pub size: usize,
}

impl<S: ParameterStore, B: BackupBucket> Capture<S, B> {
    /// Captures from `store` into `bucket`.
    pub fn new(store: S, bucket: B) -> Self {
        Self { store, bucket, pauses: LOOK_AGAIN }
    }

    /// The same, with other pauses between the looks at a parameter that is missing although it was there moments ago.
    #[must_use]
    pub fn with_pauses(self, pauses: [Duration; 3]) -> Self {
        Self { pauses, ..self }
    }

    /// The store it reads.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The bucket it writes.
    pub fn bucket(&self) -> &B {
        &self.bucket
    }

    /// Handles one event: its name is brought up to date, and the event's own time recorded. `sent` is the queue's stamp
    /// of the message. Handling an event twice writes nothing the second time.
    ///
    /// If Parameter Store does not show the change yet, the event is [`CaptureReport::early`]: what is known is recorded, and the
    /// event must be handled again.
    ///
    /// A version that cannot be decrypted is [`CaptureReport::locked`].
    ///
    /// # Errors
    /// The first request that failed; what was written before stays, and handling the event again completes it. A version
    /// that cannot be decrypted and could not be noted as lost, because nothing in the bucket can carry the note, fails with
    /// [`ErrorKind::KeyUnusable`] after all others have been written.
    pub async fn event(
        &self,
        change: &Change,
        sent: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CaptureReport, Error> {
        let key = change.name.key();
        let clock = EventClock::of(change.time, sent, now);
        let (mut history, current) =
            futures_util::future::try_join(self.store.history(&change.name), self.current(key)).await?;
        let records = if needs_all_records(change, clock, history.as_deref(), current.as_ref()) {
            self.records(&change.name).await?
        } else {
            current.into_iter().collect()
        };
        let contents = Contents::new(&records);
        let mut decision = on_event(change, clock, history.as_deref(), &contents, now);
        if decision.early && is_doubtfully_deleted(change, history.as_deref(), &contents, now) {
            history = self.looked_again(&change.name).await?;
            decision = match history.as_deref() {
                Some(history) => on_event(change, clock, Some(history), &contents, now),
                None => on_sure_deletion(change, &contents, now),
            };
        }
        let history = history.unwrap_or_default();
        let locked = find_locked(&history, &Contents::new(&records), &decision.writes);
        let captured = self.write(&change.name, decision.writes, &history, None).await?;
        let early = decision.early;
        let Some(locked) = locked else { return Ok(CaptureReport { early, ..captured }) };
        let error = key_unusable(&change.name, &history, &locked.versions);
        if locked.is_hidden && !early {
            return Err(error);
        }
        Ok(CaptureReport { early, locked: Some(LockedVersions { error, was_noted: locked.was_noted }), ..captured })
    }

    /// Looks one name over: what would have to be written, if anything, so that the bucket says what Parameter Store says.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn find_drift(&self, name: &ParameterName, now: Timestamp) -> Result<Drift, Error> {
        self.find_drift_listed(name, None, None, now).await
    }

    /// As [`Capture::find_drift`], given the record of the last finished sweep, and by all that the bucket holds of the name: a
    /// false deletion below the key's current version is found by this alone.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn find_drift_by_all_versions(
        &self,
        name: &ParameterName,
        last: Option<&SweepRecord>,
        now: Timestamp,
    ) -> Result<Drift, Error> {
        let (mut history, records) =
            futures_util::future::try_join(self.store.history(name), self.records(name)).await?;
        let current = records.iter().rfind(|record| record.is_latest);
        let seen = current.zip(last).and_then(|(current, last)| last.saw_unchanged(name, current));
        if history.is_none() && is_doubtfully_missing(&Contents::new(&records), now) {
            history = self.looked_again(name).await?;
            if history.is_none() {
                let writes = on_surely_missing(&Contents::new(&records), seen, now);
                return Ok(Drift { name: name.clone(), writes, history, records });
            }
        }
        if let Some(present) = history.as_mut().and_then(|history| history.last_mut()) {
            present.details.tags = Some(self.store.tags(name).await?);
        }
        let writes = on_sweep(history.as_deref(), &Contents::new(&records), seen, now);
        Ok(Drift { name: name.clone(), writes, history, records })
    }

    /// As [`Capture::find_drift_by_all_versions`], of a name that nothing shows alive: where all that the bucket holds of it says that it was
    /// deleted, Parameter Store is not asked.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn find_drift_deleted(
        &self,
        name: &ParameterName,
        last: Option<&SweepRecord>,
        now: Timestamp,
    ) -> Result<Drift, Error> {
        let records = self.records(name).await?;
        let writes = on_sweep(None, &Contents::new(&records), None, now);
        if writes.is_empty() {
            return Ok(Drift { name: name.clone(), writes, history: None, records });
        }
        self.find_drift_by_all_versions(name, last, now).await
    }

    /// As [`Capture::find_drift`], given what a listing of Parameter Store says of the name, if it is on it, and the record of
    /// the last finished sweep. A name whose listed version is the one on top of its key costs no look at its history, and if
    /// its listed tags are those recorded, none at its tags.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn find_drift_listed(
        &self,
        name: &ParameterName,
        listed: Option<&CurrentParameter>,
        last: Option<&SweepRecord>,
        now: Timestamp,
    ) -> Result<Drift, Error> {
        let (mut history, current) = match listed {
            None => futures_util::future::try_join(self.store.history(name), self.current(name.key())).await?,
            Some(listed) => match self.current(name.key()).await? {
                Some(current) if self.settled(name, &listed.details, &current).await? => {
                    let (writes, history, records) = (Vec::new(), None, vec![current]);
                    return Ok(Drift { name: name.clone(), writes, history, records });
                }
                current => (self.store.history(name).await?, current),
            },
        };
        let seen = current.as_ref().zip(last).and_then(|(current, last)| last.saw_unchanged(name, current));
        if let Some(present) = history.as_mut().and_then(|history| history.last_mut()) {
            present.details.tags = Some(self.store.tags(name).await?);
        }
        let records = match current {
            None => self.records(name).await?,
            Some(current) => {
                let settled =
                    on_sweep(history.as_deref(), &Contents::new(std::slice::from_ref(&current)), seen, now).is_empty();
                if settled && history.is_some() { vec![current] } else { self.records(name).await? }
            }
        };
        if history.is_none() && is_doubtfully_missing(&Contents::new(&records), now) {
            history = self.looked_again(name).await?;
            if history.is_none() {
                let writes = on_surely_missing(&Contents::new(&records), seen, now);
                return Ok(Drift { name: name.clone(), writes, history, records });
            }
            if let Some(present) = history.as_mut().and_then(|history| history.last_mut()) {
                present.details.tags = Some(self.store.tags(name).await?);
            }
        }
        let writes = on_sweep(history.as_deref(), &Contents::new(&records), seen, now);
        Ok(Drift { name: name.clone(), writes, history, records })
    }

    /// Looks again, several times, at a parameter that was missing although a version of it is moments old.
    async fn looked_again(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        for pause in self.pauses {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let history = self.store.history(name).await?;
            if history.is_some() {
                return Ok(history);
            }
        }
        Ok(None)
    }

    /// Whether what a listing shows of a name is the version on top of its key, tags aside.
    ///
    /// # Errors
    /// The first request that failed.
    pub(crate) async fn is_on_top(&self, name: &ParameterName, listed: &CurrentParameter) -> Result<bool, Error> {
        let current = self.current(name.key()).await?;
        Ok(current.is_some_and(|current| is_settled(&Details { tags: None, ..listed.details.clone() }, &current)))
    }

    async fn settled(&self, name: &ParameterName, listed: &Details, current: &Record) -> Result<bool, Error> {
        if !is_settled(&Details { tags: None, ..listed.clone() }, current) {
            return Ok(false);
        }
        // Tags of an index that differ may be those of minutes ago: the parameter itself decides.
        if listed.tags.is_some() && is_settled(listed, current) {
            return Ok(true);
        }
        let tags = Some(self.store.tags(name).await?);
        Ok(is_settled(&Details { tags, ..listed.clone() }, current))
    }

    /// Records in the bucket what was found missing there.
    ///
    /// # Errors
    /// As [`Capture::event`]; [`ErrorKind::KeyUnusable`] for any version that cannot be decrypted, noted or not, after the
    /// writes.
    pub async fn record_drift(&self, drift: Drift) -> Result<CaptureReport, Error> {
        let Drift { name, writes, history, records } = drift;
        let tags = history.as_ref().and_then(|history| history.last()).and_then(|present| present.details.tags.clone());
        let history = history.unwrap_or_default();
        let locked = find_locked(&history, &Contents::new(&records), &writes);
        let captured = self.write(&name, writes, &history, tags).await?;
        locked.map_or(Ok(captured), |locked| Err(key_unusable(&name, &history, &locked.versions)))
    }

    /// Records a deletion that the caller has just made of a parameter that was recorded, alive and unchanged, at `seen`.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn deleted(&self, name: &ParameterName, seen: Timestamp, now: Timestamp) -> Result<CaptureReport, Error> {
        self.write(name, deleted_here(seen, now), &[], None).await
    }

    /// The record of a key's current version.
    async fn current(&self, key: &str) -> Result<Option<Record>, Error> {
        match self.bucket.head(key, None).await? {
            Head::Missing | Head::DeleteMarker => Ok(None),
            Head::Object { version_id, last_modified, size, metadata } => {
                let evidence =
                    crate::bucket::evidence_of(&self.bucket, key, &version_id, metadata.as_deref(), size).await?;
                Ok(Some(Record { version_id, last_modified, is_latest: true, size, evidence }))
            }
        }
    }

    async fn records(&self, name: &ParameterName) -> Result<Vec<Record>, Error> {
        let mut listed = self.bucket.versions(Keys::One(name.key())).await?;
        if let Some(spelling) = name.unslashed_name() {
            listed.extend(self.bucket.versions(Keys::One(spelling)).await?);
        }
        let described = describe_versions(&self.bucket, in_order_of_storage(listed)).await?;
        Ok(described.into_iter().map(|(_, record)| record).collect())
    }

    async fn write(
        &self,
        name: &ParameterName,
        writes: Vec<Write>,
        history: &[ParameterVersion],
        mut tags: Option<std::collections::BTreeMap<String, String>>,
    ) -> Result<CaptureReport, Error> {
        let present = history.last().map(ParameterVersion::identity);
        let is_present = |write: &Write| write.record().is_some_and(|record| Some(record.identity()) == present);
        // Tags have no history: those of now belong to the present version.
        if tags.is_none() && writes.iter().any(is_present) {
            tags = Some(self.store.tags(name).await?);
        }
        let mut captured = CaptureReport::default();
        for mut write in writes {
            if is_present(&write)
                && let Some(record) = write.record_mut()
            {
                record.details.tags.clone_from(&tags);
            }
            captured.writes.push(self.write_one(name.key(), &write).await?);
        }
        Ok(captured)
    }

    async fn write_one(&self, key: &str, write: &Write) -> Result<Written, Error> {
        match write {
            Write::Value { record, value } => self.write_value(key, record, value.expose().as_bytes()).await,
            Write::Again { record, version_id } => {
                let body = self.bucket.body(key, Some(version_id)).await?;
                self.write_value(key, record, &body).await
            }
            Write::Tombstone(tombstone) => {
                let encoded = encode_tombstone(tombstone);
                if let Some(sidecar) = &encoded.sidecar {
                    self.bucket.put_sidecar(sidecar).await?;
                }
                self.bucket.put(key, b"", &encoded).await?;
                Ok(Written {
                    kind: "tombstone",
                    version: None,
                    time: Some(tombstone.time),
                    parameter_type: None,
                    size: 0,
                })
            }
            Write::DeleteMarker => {
                self.bucket.delete_marker(key).await?;
                Ok(Written { kind: "marker", version: None, time: None, parameter_type: None, size: 0 })
            }
        }
    }

    async fn write_value(&self, key: &str, record: &ValueRecord, body: &[u8]) -> Result<Written, Error> {
        let encoded = encode_value(record);
        if let Some(sidecar) = &encoded.sidecar {
            self.bucket.put_sidecar(sidecar).await?;
        }
        self.bucket.put(key, body, &encoded).await?;
        Ok(Written {
            kind: "version",
            version: Some(record.details.version),
            time: Some(record.time),
            parameter_type: Some(record.parameter_type.as_str()),
            size: body.len(),
        })
    }
}

/// What looking a name over found.
#[derive(Clone, Debug)]
pub struct Drift {
    name: ParameterName,
    writes: Vec<Write>,
    history: Option<Vec<ParameterVersion>>,
    records: Vec<Record>,
}

impl Drift {
    /// The name that was looked over.
    pub fn name(&self) -> &ParameterName {
        &self.name
    }

    /// What would be written, in order; empty: the bucket has it all.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }
}

/// That these versions cannot be decrypted.
fn key_unusable(name: &ParameterName, history: &[ParameterVersion], versions: &[u64]) -> Error {
    let keys: std::collections::BTreeSet<&str> = history
        .iter()
        .filter(|version| version.value.is_none())
        .filter_map(|version| version.details.key_id.as_deref())
        .collect();
    let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
    let numbers = versions.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let message =
        format!("version {numbers} of {name} cannot be decrypted: KMS key {keys} is disabled or out of reach");
    Error::new(ErrorKind::KeyUnusable, message)
}
