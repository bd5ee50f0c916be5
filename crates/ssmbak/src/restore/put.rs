//! Brings one parameter to its recorded state.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details};
use ssmbak_core::plan::{
    Action, Change, Field, IMAGE, PresentParameter, RecordedParameter, changed_fields, drop_expired,
};
use ssmbak_core::put::{creation, overwriting};
use ssmbak_core::restore_record::RowState;
use tokio::time::sleep;

use crate::bucket::BackupBucket;
use crate::capture::Capture;

use super::outcome::Trace;
use super::{RestoreOptions, between, present};
use crate::rate_limiter::WriteRate;
use crate::retry::{RetryPolicy, retry_throttled};
use crate::store::{ParameterStore, PutParameter};
use crate::{Error, ErrorKind};

/// Parameter Store keeps at most so many tags of a parameter.
const MOST_TAGS: usize = 50;

/// Whether a change begins with a PutParameter.
pub(super) fn puts(action: &Action) -> bool {
    match action {
        Action::Create(_) => true,
        Action::Update { fields, .. } => fields.iter().any(|field| *field != Field::Tags),
        Action::Delete { .. } => false,
    }
}

/// Makes a change whose turn it is; what needs another write waits for another turn.
pub(super) async fn put<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    change: &Change,
    options: &RestoreOptions,
    rate: &WriteRate,
    trace: &mut Trace,
) -> Result<(), Error> {
    match &change.action {
        Action::Create(to) => {
            let to = &unexpired(to, options.now.read());
            let put = creation(change.name.as_str(), to, None);
            create(capture.store(), (&change.name, to), &put, options, trace).await
        }
        Action::Update { to, from, fields } => {
            let to = &unexpired(to, options.now.read());
            let refused = update(capture, to, from, fields, options, trace).await;
            match refused {
                // Whether a type may be changed in place is not settled by AWS's documentation: it is tried first.
                Err(error) if fields.contains(&Field::Type) && refuses_type(&error) => {
                    recreate_delay(capture, to, from, options, rate, trace).await
                }
                other => other,
            }
        }
        Action::Delete { .. } => Ok(()),
    }
}

/// A policy may have expired since the plan was made.
fn unexpired(to: &RecordedParameter, now: Timestamp) -> Cow<'_, RecordedParameter> {
    let mut policies = to.details.as_ref().map(|details| details.policies.clone()).unwrap_or_default();
    if drop_expired(&mut policies, now).is_none() {
        return Cow::Borrowed(to);
    }
    let details = to.details.clone().map(|details| Details { policies, ..details });
    Cow::Owned(RecordedParameter { details, ..to.clone() })
}

/// Reads back what Parameter Store may drop after it has answered: an image id is checked only then, and is not kept if the
/// image is not there. `version` is what the put made, `before` what it replaced.
async fn confirm<S: ParameterStore>(
    store: &S,
    put: &PutParameter,
    name: &ParameterName,
    (before, version): (Option<u64>, Option<u64>),
    retry: RetryPolicy,
) -> Result<(), Error> {
    if put.data_type.as_deref() != Some(IMAGE) {
        return Ok(());
    }
    for attempt in 0..=retry.attempts {
        let found = retry_throttled(retry, || store.find(std::slice::from_ref(name))).await?;
        let is_kept = |present: &CurrentParameter| {
            let shown = present.details.version;
            let is_new = before.is_none_or(|before| shown > before) && version.is_none_or(|version| shown >= version);
            present.parameter_type == put.parameter_type && is_new
        };
        if found.get(name).is_some_and(is_kept) {
            return Ok(());
        }
        if attempt < retry.attempts {
            sleep(retry.first_pause.saturating_mul(1 << attempt.min(4))).await;
        }
    }
    let message = format!("parameter store accepted {name} and did not keep it: it is no image that can be seen here");
    let hint = "check that the image exists and that you have ec2:DescribeImages, then run the restore again";
    Err(Error::new(ErrorKind::Refused, message).with_hint(hint))
}

async fn create<S: ParameterStore>(
    store: &S,
    (name, to): (&ParameterName, &RecordedParameter),
    put: &PutParameter,
    options: &RestoreOptions,
    trace: &mut Trace,
) -> Result<(), Error> {
    let wanted = Wanted { name, to, tags: true };
    match write(store, put, &wanted, options, trace).await {
        // A name that was deleted moments ago may still be taken.
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            sleep(options.recreate_delay).await;
            write(store, put, &wanted, options, trace).await.map(drop)
        }
        other => other.map(drop),
    }
}

/// What a parameter is to be after a put.
struct Wanted<'a> {
    name: &'a ParameterName,
    to: &'a RecordedParameter,
    /// Whether the put sets the tags as well.
    tags: bool,
}

/// Puts, and if the answer does not say whether that was done, looks. Returns the number of the new version.
async fn write<S: ParameterStore>(
    store: &S,
    put: &PutParameter,
    wanted: &Wanted<'_>,
    options: &RestoreOptions,
    trace: &mut Trace,
) -> Result<Option<u64>, Error> {
    let touched = std::mem::replace(&mut trace.touched, true);
    let error = match retry_throttled(options.retry, || store.put(put)).await {
        Ok(version) => {
            trace.after = Some(RowState::version(version));
            let before = trace.before.as_ref().and_then(|before| before.version).filter(|_| put.overwrite);
            confirm(store, put, wanted.name, (before, version), options.retry).await?;
            return Ok(version);
        }
        Err(error) => error,
    };
    // A creation whose answer was lost is sent again by the SDK, and then finds what it has created.
    let may_be_done = is_in_doubt(&error) || error.kind == ErrorKind::AlreadyExists;
    if may_be_done && let Ok(Some(now)) = as_wanted(store, wanted, options).await {
        trace.after = Some(RowState::of(&now));
        return Ok(Some(now.details.version));
    }
    trace.touched = touched || is_in_doubt(&error);
    Err(error)
}

/// Whether a failed write may have been made all the same.
pub(super) fn is_in_doubt(error: &Error) -> bool {
    use ErrorKind::{AccessDenied, AlreadyExists, Credentials, KeyUnusable, NotFound, Refused, Throttled, TypeChange};
    let refusals = [AccessDenied, AlreadyExists, Credentials, KeyUnusable, NotFound, Refused, Throttled, TypeChange];
    !refusals.contains(&error.kind)
}

/// What Parameter Store has under a name, if that is what is wanted.
async fn as_wanted<S: ParameterStore>(
    store: &S,
    wanted: &Wanted<'_>,
    options: &RestoreOptions,
) -> Result<Option<CurrentParameter>, Error> {
    let Wanted { name, to, tags } = wanted;
    let mut found = retry_throttled(options.retry, || store.find(std::slice::from_ref(*name))).await?;
    let Some(mut parameter) = found.remove(*name) else { return Ok(None) };
    let spellings = [parameter.spelling.clone()];
    let mut values = retry_throttled(options.retry, || store.values(&spellings)).await?;
    let Some(Ok(value)) = values.remove(&parameter.spelling) else { return Ok(None) };
    if *tags {
        parameter.details.tags = Some(retry_throttled(options.retry, || store.tags(name)).await?);
    }
    let present = PresentParameter { parameter, value };
    Ok(changed_fields(to, &present).is_empty().then_some(present.parameter))
}

async fn update<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    to: &RecordedParameter,
    from: &PresentParameter,
    fields: &[Field],
    options: &RestoreOptions,
    trace: &mut Trace,
) -> Result<(), Error> {
    let store = capture.store();
    let name = &from.parameter.name;
    let mut present = trace.before.as_ref().and_then(|before| before.tags.clone());
    let put = fields.iter().any(|field| *field != Field::Tags);
    if put {
        let overwrite = overwriting(to, from, fields);
        let version = write(store, &overwrite, &Wanted { name, to, tags: false }, options, trace).await?;
        let planned = trace.before.as_ref().and_then(|before| before.version).map(|version| version + 1);
        if let Some(version) = version.filter(|version| planned.is_some_and(|planned| planned != *version)) {
            between::keep(capture, name, (&overwrite, version), options, trace).await;
            if trace.before.as_ref().is_some_and(|before| before.absent) {
                present = Some(BTreeMap::new());
            }
        }
    }
    let tags = to.details.as_ref().and_then(|details| details.tags.as_ref());
    let present = present.as_ref().or(from.parameter.details.tags.as_ref());
    let Some(tags) = tags.filter(|tags| fields.contains(&Field::Tags) || present.is_some_and(|now| now != *tags))
    else {
        return Ok(());
    };
    let changed = set_tags(store, &from.parameter.spelling, tags, present, options, trace).await;
    changed.map_err(|mut error| {
        if put {
            error.message = format!("everything but its tags is restored: {}", error.message);
        }
        error
    })
}

/// Brings tags to what was recorded. New ones are set before old ones are taken away, so that none is lost half-way.
async fn set_tags<S: ParameterStore>(
    store: &S,
    spelling: &str,
    recorded: &BTreeMap<String, String>,
    present: Option<&BTreeMap<String, String>>,
    options: &RestoreOptions,
    trace: &mut Trace,
) -> Result<(), Error> {
    let none = BTreeMap::new();
    let present = present.unwrap_or(&none);
    let (add, remove) = tag_changes(recorded, present);
    let fits = present.len() + add.keys().filter(|key| !present.contains_key(*key)).count() <= MOST_TAGS;
    let touched = std::mem::replace(&mut trace.touched, true);
    let adds = (&add, &[][..], "its new tags could not be set");
    let removes = (&none, &remove[..], "tags that it did not have could not be removed");
    let mut done = 0;
    for (add, remove, failure) in if fits { [adds, removes] } else { [removes, adds] } {
        if add.is_empty() && remove.is_empty() {
            continue;
        }
        if let Err(mut error) = retry_throttled(options.retry, || store.set_tags(spelling, add, remove)).await {
            trace.touched = touched || done > 0 || is_in_doubt(&error);
            error.message = format!("{failure}: {}", error.message);
            return Err(error);
        }
        done += 1;
    }
    let mut after = trace.after.take().or_else(|| trace.before.clone()).unwrap_or_default();
    (after.tags, after.version_id) = (Some(recorded.clone()), None);
    trace.after = Some(after);
    Ok(())
}

fn refuses_type(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::TypeChange | ErrorKind::Refused)
}

/// Deletes the parameter and creates it with the recorded type. Its present state is in the bucket already.
async fn recreate_delay<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    to: &RecordedParameter,
    from: &PresentParameter,
    options: &RestoreOptions,
    rate: &WriteRate,
    trace: &mut Trace,
) -> Result<(), Error> {
    let store = capture.store();
    let (name, spelling) = (&from.parameter.name, from.parameter.spelling.clone());
    let seen = options.now.read();
    let found = retry_throttled(options.retry, || store.find(std::slice::from_ref(name))).await?;
    present::still_recorded(capture, (name, found.get(name)), options, trace).await?;
    let left = match retry_throttled(options.retry, || store.delete(std::slice::from_ref(&spelling))).await {
        Err(error) if is_in_doubt(&error) => {
            trace.touched = true;
            let found = retry_throttled(options.retry, || store.find(std::slice::from_ref(name))).await;
            if found.is_ok_and(|found| found.is_empty()) { Vec::new() } else { return Err(error) }
        }
        answered => answered?,
    };
    if !left.is_empty() {
        return Err(Error::new(
            ErrorKind::TypeChange,
            "parameter store neither changes its type in place nor deletes it",
        ));
    }
    (trace.touched, trace.after) = (true, Some(RowState::absent()));
    // A deletion leaves no trace in Parameter Store; that it cannot be recorded is no reason to leave it at that.
    if let Err(error) = capture.deleted(name, seen, options.now.read()).await {
        tracing::warn!(name = %name, %error, "the deletion could not be recorded");
    }
    sleep(options.recreate_delay).await;
    // The tags went with the parameter: where none are recorded, those that it had come back.
    let mut from = from.clone();
    if let Some(tags) = trace.before.as_ref().and_then(|before| before.tags.clone()) {
        from.parameter.details.tags = Some(tags);
    }
    let put = creation(&spelling, to, Some(&from));
    rate.turn(1).await;
    create(store, (name, to), &put, options, trace).await.map_err(|mut error| {
        error.message = format!(
            "it was deleted to change its type and could not be created again ({}): run the restore again",
            error.message
        );
        error
    })
}

/// The tags to set, and the keys to take away.
fn tag_changes(
    recorded: &BTreeMap<String, String>,
    present: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let add = recorded
        .iter()
        .filter(|(key, value)| present.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let remove = present.keys().filter(|key| !recorded.contains_key(*key)).cloned().collect();
    (add, remove)
}
