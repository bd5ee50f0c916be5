//! The parameters of the fake, with their past states.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use ssmbak::Error;
use ssmbak::store::PutParameter;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details, ParameterType, ParameterVersion};

use super::{DEFAULT_KEY, Habits, KEPT_VERSIONS, thrown};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) habits: Habits,
    pub(super) parameters: BTreeMap<ParameterName, Parameter>,
    /// The writes, in order: `put /a`, `delete /a`.
    pub(super) journal: Vec<String>,
    /// When puts began, where they take their time.
    pub(super) put_starts: Vec<Instant>,
    /// The states of each parameter and their beginnings, for late reads.
    past: BTreeMap<ParameterName, Vec<(Timestamp, Option<Parameter>)>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Parameter {
    pub(super) versions: Vec<ParameterVersion>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Parameter {
    pub(super) fn listed(&self, name: &ParameterName) -> Option<CurrentParameter> {
        let present = self.versions.last()?;
        Some(CurrentParameter {
            name: name.clone(),
            spelling: name.unslashed_name().unwrap_or(name.as_str()).to_owned(),
            parameter_type: present.parameter_type,
            description: present.description.clone(),
            details: present.details.clone(),
        })
    }
}

impl State {
    /// The state that lookups show, while they are late.
    pub(super) fn late_lookup(&self) -> Option<Timestamp> {
        self.habits.late_lookups.filter(|(_, left)| *left > 0).map(|(then, _)| then)
    }

    /// Adds the present state of a parameter to its past.
    pub(super) fn remember(&mut self, name: &ParameterName, now: Timestamp) {
        let parameter = self.parameters.get(name).cloned();
        self.past.entry(name.clone()).or_default().push((now, parameter));
    }

    /// A parameter at `time`.
    pub(super) fn parameter(&self, name: &ParameterName, time: Timestamp) -> Option<&Parameter> {
        let past = self.past.get(name)?;
        past.iter().rfind(|(since, _)| *since <= time)?.1.as_ref()
    }

    /// All that existed at `time`.
    pub(super) fn all(&self, time: Timestamp) -> impl DoubleEndedIterator<Item = (&ParameterName, &Parameter)> {
        self.past.keys().filter_map(move |name| Some((name, self.parameter(name, time)?)))
    }

    pub(super) fn put(&mut self, put: &PutParameter, now: Timestamp) -> Result<(), Error> {
        let refuse = |code: &str| Err(thrown("PutParameter", code, &format!("put {}", put.spelling)));
        let Ok(name) = ParameterName::parse(&put.spelling) else {
            return refuse("ValidationException");
        };
        if self.habits.unwritable.contains(name.as_str()) {
            return refuse("AccessDeniedException");
        }
        let limit = if put.tier.as_deref() == Some("Advanced") { 8192 } else { 4096 };
        if put.value.is_empty() || put.value.len() > limit || put.description.chars().count() > 1024 {
            return refuse("ValidationException");
        }
        let before = self.parameters.get(&name).cloned();
        let last = before.as_ref().and_then(|parameter| parameter.versions.last());
        match last {
            Some(_) if !put.overwrite => return refuse("ParameterAlreadyExists"),
            Some(_) if !put.tags.is_empty() => return refuse("ValidationException"),
            Some(last) if last.parameter_type != put.parameter_type && self.habits.fixed_types => {
                return refuse("HierarchyTypeMismatchException");
            }
            Some(last)
                if last.details.tier.as_deref() == Some("Advanced") && put.tier.as_deref() == Some("Standard") =>
            {
                return refuse("ValidationException");
            }
            _ => {}
        }
        let secret = put.parameter_type == ParameterType::SecureString;
        let key_id = secret.then(|| put.key_id.clone().unwrap_or_else(|| DEFAULT_KEY.to_owned()));
        if key_id.as_ref().is_some_and(|key| self.habits.disabled_keys.contains(key)) {
            return refuse("InvalidKeyId");
        }
        let is_image = put.data_type.as_deref() == Some("aws:ec2:image");
        if is_image && self.habits.missing_images.contains(put.value.expose()) {
            return Ok(());
        }
        let kept = last.filter(|_| !self.habits.drops_omitted);
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let version = ParameterVersion {
            value: Some(put.value.clone()),
            parameter_type: put.parameter_type,
            // The adapter always sends a description with an overwrite.
            description: filled(&put.description).filter(|_| !self.habits.drops_descriptions),
            details: Details {
                version: last.map_or(1, |last| last.details.version + 1),
                modified: now,
                author: Some("arn:aws:iam::123456789012:user/somebody".to_owned()),
                tier: put
                    .tier
                    .clone()
                    .or_else(|| last.and_then(|last| last.details.tier.clone()))
                    .or_else(|| Some("Standard".to_owned())),
                data_type: Some(put.data_type.clone().unwrap_or_else(|| "text".to_owned())),
                key_id,
                allowed_pattern: match &put.allowed_pattern {
                    Some(pattern) => filled(pattern),
                    None => kept.and_then(|kept| kept.details.allowed_pattern.clone()),
                },
                policies: match &put.policies {
                    Some(policies) => policies.clone(),
                    None => last.map(|last| last.details.policies.clone()).unwrap_or_default(),
                },
                tags: None,
            },
        };
        let kept_versions = self.habits.kept_versions.unwrap_or(KEPT_VERSIONS);
        let parameter = self.parameters.entry(name.clone()).or_default();
        if before.is_none() {
            parameter.tags.clone_from(&put.tags);
        }
        parameter.versions.push(version);
        if parameter.versions.len() > kept_versions {
            parameter.versions.remove(0);
        }
        self.journal.push(format!("put {name}"));
        self.remember(&name, now);
        Ok(())
    }

    pub(super) fn readable(&self, version: &ParameterVersion) -> bool {
        let third = version.details.modified.as_millisecond().rem_euclid(3);
        version.details.key_id.as_ref().is_none_or(|key| !self.habits.disabled_keys.contains(key))
            && self.habits.locked_third != Some(third)
    }
}
