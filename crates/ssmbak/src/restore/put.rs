//! Brings one parameter to its recorded state.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Description, Details, ParameterType};
use ssmbak_core::plan::{Action, Change, Field, IMAGE, PresentParameter, RecordedParameter, drop_expired, tier_to_put};
use tokio::time::sleep;

use crate::bucket::BackupBucket;
use crate::capture::Capture;

use super::RestoreOptions;
use super::pace::Pace;
use crate::patience::{Patience, patiently};
use crate::store::{ParameterStore, PutParameter};
use crate::{Error, ErrorKind};

/// The data type that a parameter has if none is given.
const TEXT: &str = "text";

pub(super) async fn put<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    change: &Change,
    options: &RestoreOptions,
    seen: Timestamp,
    pace: &mut Pace,
) -> Result<(), Error> {
    let store = capture.store();
    match &change.action {
        Action::Create(to) => {
            let to = unexpired(to, options.now.read());
            create(store, &creation(change.name.as_str(), &to, None), options, pace).await
        }
        Action::Update { to, from, fields } => {
            let to = &unexpired(to, options.now.read());
            let refused = update(store, to, from, fields, options, pace).await;
            match refused {
                // Whether a type may be changed in place is not settled by AWS's documentation: it is tried first.
                Err(error) if fields.contains(&Field::Type) && refuses_type(&error) => {
                    rebirth(capture, to, from, options, seen, pace).await
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

/// Puts, and reads back what Parameter Store may drop after it has answered: an image id is checked only then, and is not
/// kept if the image is not there. `before` is the version that it replaces.
async fn put_and_confirm<S: ParameterStore>(
    store: &S,
    put: &PutParameter,
    before: Option<u64>,
    patience: Patience,
) -> Result<(), Error> {
    patiently(patience, || store.put(put)).await?;
    if put.data_type.as_deref() != Some(IMAGE) {
        return Ok(());
    }
    let name =
        ParameterName::parse(&put.spelling).map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
    for attempt in 0..=patience.attempts {
        let found = patiently(patience, || store.find(std::slice::from_ref(&name))).await?;
        let is_kept = |present: &CurrentParameter| {
            present.parameter_type == put.parameter_type && before.is_none_or(|before| present.details.version > before)
        };
        if found.get(&name).is_some_and(is_kept) {
            return Ok(());
        }
        if attempt < patience.attempts {
            sleep(patience.first_pause.saturating_mul(1 << attempt.min(4))).await;
        }
    }
    let message = format!("parameter store accepted {name} and did not keep it: it is no image that can be seen here");
    let hint = "check that the image exists and that you have ec2:DescribeImages, then run the restore again";
    Err(Error::new(ErrorKind::Refused, message).with_hint(hint))
}

async fn create<S: ParameterStore>(
    store: &S,
    put: &PutParameter,
    options: &RestoreOptions,
    pace: &mut Pace,
) -> Result<(), Error> {
    pace.take(1).await;
    let first = put_and_confirm(store, put, None, options.patience).await;
    match first {
        // A name that was deleted moments ago may still be taken.
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            sleep(options.rebirth).await;
            put_and_confirm(store, put, None, options.patience).await
        }
        other => other,
    }
}

async fn update<S: ParameterStore>(
    store: &S,
    to: &RecordedParameter,
    from: &PresentParameter,
    fields: &[Field],
    options: &RestoreOptions,
    pace: &mut Pace,
) -> Result<(), Error> {
    let spelling = &from.parameter.spelling;
    if fields.iter().any(|field| *field != Field::Tags) {
        let overwrite = overwriting(to, from, fields);
        pace.take(1).await;
        put_and_confirm(store, &overwrite, Some(from.parameter.details.version), options.patience).await?;
    }
    if fields.contains(&Field::Tags) {
        let (add, remove) = tag_changes(to, from);
        patiently(options.patience, || store.set_tags(spelling, &add, &remove)).await?;
    }
    Ok(())
}

fn refuses_type(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::TypeChange | ErrorKind::Refused)
}

/// Deletes the parameter and creates it with the recorded type. Its present state is in the bucket already.
async fn rebirth<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    to: &RecordedParameter,
    from: &PresentParameter,
    options: &RestoreOptions,
    seen: Timestamp,
    pace: &mut Pace,
) -> Result<(), Error> {
    let store = capture.store();
    let spelling = from.parameter.spelling.clone();
    let left = patiently(options.patience, || store.delete(std::slice::from_ref(&spelling))).await?;
    if !left.is_empty() {
        return Err(Error::new(
            ErrorKind::TypeChange,
            "parameter store neither changes its type in place nor deletes it",
        ));
    }
    // A deletion leaves no trace in Parameter Store; that it cannot be recorded is no reason to leave it at that.
    if let Err(error) = capture.deleted(&from.parameter.name, seen, options.now.read()).await {
        tracing::warn!(name = %from.parameter.name, %error, "the deletion could not be recorded");
    }
    sleep(options.rebirth).await;
    create(store, &creation(&spelling, to, Some(from)), options, pace).await.map_err(|mut error| {
        error.message = format!(
            "it was deleted to change its type and could not be created again ({}): run the restore again",
            error.message
        );
        error
    })
}

/// The parameter as recorded. What ssmbak 0.5.2 did not record is taken from `from`, where it exists.
fn creation(spelling: &str, to: &RecordedParameter, from: Option<&PresentParameter>) -> PutParameter {
    let secret = to.parameter_type == ParameterType::SecureString;
    let present = from.map(|from| &from.parameter.details);
    let details = to.details.as_ref().or(present);
    let tags = to.details.as_ref().and_then(|details| details.tags.clone());
    let policies = details.map(|details| details.policies.clone()).filter(|policies| !policies.is_empty());
    PutParameter {
        spelling: spelling.to_owned(),
        value: to.value.clone(),
        parameter_type: to.parameter_type,
        description: to.description.text.clone().unwrap_or_default(),
        tier: tier(to, policies.as_deref().unwrap_or_default(), present.and_then(|present| present.tier.as_deref())),
        // Text is the default, and some types of parameter and some endpoints take no other way to say so.
        data_type: details.and_then(|details| details.data_type.clone()).filter(|data_type| data_type != TEXT),
        key_id: details.and_then(|details| details.key_id.clone()).filter(|_| secret),
        allowed_pattern: details.and_then(|details| details.allowed_pattern.clone()),
        policies,
        tags: tags.or_else(|| present.and_then(|present| present.tags.clone())).unwrap_or_default(),
        overwrite: false,
    }
}

/// The tier to put with, `present` being that of the parameter that is there.
fn tier(to: &RecordedParameter, policies: &[String], present: Option<&str>) -> Option<String> {
    let recorded = to.details.as_ref().and_then(|details| details.tier.as_deref());
    tier_to_put(&to.value, policies, recorded, present.filter(|_| to.details.is_none()))
}

fn overwriting(to: &RecordedParameter, from: &PresentParameter, fields: &[Field]) -> PutParameter {
    let mut put = creation(&from.parameter.spelling, to, Some(from));
    let now = &from.parameter.details;
    put.overwrite = true;
    put.tags = BTreeMap::new();
    put.description = description(&to.description, from);
    // Whether an overwrite that leaves the data type out keeps another one is not documented.
    if put.data_type.is_none() && now.data_type.as_deref().is_some_and(|data_type| data_type != TEXT) {
        put.data_type = Some(TEXT.to_owned());
    }
    // Advanced cannot be lowered; without a recorded tier the present one stays.
    if now.tier.as_deref() == Some("Advanced") {
        put.tier = Some("Advanced".to_owned());
    }
    if put.parameter_type == ParameterType::SecureString && put.key_id.is_none() {
        put.key_id.clone_from(&now.key_id);
    }
    let pattern = to.details.as_ref().map_or(&now.allowed_pattern, |details| &details.allowed_pattern);
    // An empty pattern takes a present one away; where there is none there is nothing to take.
    put.allowed_pattern = pattern.clone().or_else(|| now.allowed_pattern.as_ref().map(|_| String::new()));
    put.policies = match &to.details {
        Some(details) if fields.contains(&Field::Policies) => Some(details.policies.clone()),
        _ => None,
    };
    put
}

/// A sanitised description that says what the present one says gives way to it: it is the whole of it.
fn description(recorded: &Description, from: &PresentParameter) -> String {
    let present = from.parameter.description.as_deref();
    let text = if recorded.agrees_with(present) { present } else { recorded.text.as_deref() };
    text.unwrap_or_default().to_owned()
}

fn tag_changes(to: &RecordedParameter, from: &PresentParameter) -> (BTreeMap<String, String>, Vec<String>) {
    let empty = BTreeMap::new();
    let recorded = to.details.as_ref().and_then(|details| details.tags.as_ref()).unwrap_or(&empty);
    let present = from.parameter.details.tags.as_ref().unwrap_or(&empty);
    let add = recorded
        .iter()
        .filter(|(key, value)| present.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let remove = present.keys().filter(|key| !recorded.contains_key(*key)).cloned().collect();
    (add, remove)
}

#[cfg(test)]
mod tests;
