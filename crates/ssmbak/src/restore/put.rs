//! Brings one parameter to its recorded state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ssmbak_core::parameter::{Description, ParameterType};
use ssmbak_core::plan::{Action, Change, Field, PresentParameter, RecordedParameter};
use tokio::time::sleep;

use crate::bucket::BackupBucket;
use crate::capture::Capture;

use super::RestoreOptions;
use super::pace::Pace;
use crate::patience::patiently;
use crate::store::{ParameterStore, PutParameter};
use crate::{Error, ErrorKind};

pub(super) async fn put<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    change: &Change,
    options: &RestoreOptions,
    seen: Timestamp,
    pace: &mut Pace,
) -> Result<(), Error> {
    let store = capture.store();
    match &change.action {
        Action::Create(to) => create(store, &creation(change.name.as_str(), to, None), options, pace).await,
        Action::Update { to, from, fields } => {
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

async fn create<S: ParameterStore>(
    store: &S,
    put: &PutParameter,
    options: &RestoreOptions,
    pace: &mut Pace,
) -> Result<(), Error> {
    pace.take(1).await;
    let first = patiently(options.patience, || store.put(put)).await;
    match first {
        // A name that was deleted moments ago may still be taken.
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            sleep(options.rebirth).await;
            patiently(options.patience, || store.put(put)).await
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
        patiently(options.patience, || store.put(&overwrite)).await?;
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
    PutParameter {
        spelling: spelling.to_owned(),
        value: to.value.clone(),
        parameter_type: to.parameter_type,
        description: to.description.text.clone().unwrap_or_default(),
        tier: details.and_then(|details| details.tier.clone()),
        data_type: details.and_then(|details| details.data_type.clone()),
        key_id: details.and_then(|details| details.key_id.clone()).filter(|_| secret),
        allowed_pattern: details.and_then(|details| details.allowed_pattern.clone()),
        policies: details.map(|details| details.policies.clone()).filter(|policies| !policies.is_empty()),
        tags: tags.or_else(|| present.and_then(|present| present.tags.clone())).unwrap_or_default(),
        overwrite: false,
    }
}

fn overwriting(to: &RecordedParameter, from: &PresentParameter, fields: &[Field]) -> PutParameter {
    let mut put = creation(&from.parameter.spelling, to, Some(from));
    let now = &from.parameter.details;
    put.overwrite = true;
    put.tags = BTreeMap::new();
    put.description = description(&to.description, from);
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
