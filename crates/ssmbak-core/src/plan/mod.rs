//! What a restore will change: state at an instant × present state → a [`Plan`], a value to print, save and apply.

mod adjust;
mod destination;
pub(crate) mod fields;
mod kms;
pub mod present;
mod query;
pub mod saved;

pub use adjust::{IMAGE, drop_expired, tier_to_put};
pub use destination::{Destination, DestinationError, OnConflict};
pub use fields::{Field, changed_fields};
pub use kms::{KmsKeys, KmsKeysError};
pub use query::{Place, Query};

use jiff::Timestamp;

use crate::name::ParameterName;
use crate::parameter::{CurrentParameter, Description, Details, ParameterType, ParameterValue};
use crate::record::Evidence;
use crate::timeline::{Absence, Held};
use crate::unknown::UnknownReason;

/// A parameter as it was at the instant asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedParameter {
    /// When the version that was in effect came into effect.
    pub modified: Timestamp,
    /// The S3 version it was read from.
    pub version_id: String,
    /// The value.
    pub value: ParameterValue,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description, possibly sanitised by the original.
    pub description: Description,
    /// The remaining attributes; `None` if ssmbak 0.5.2 recorded it.
    pub details: Option<Details>,
}

impl RecordedParameter {
    /// What a version in effect says, given its value; `None` if the record is of no version.
    pub fn of(held: Held<'_>, value: ParameterValue) -> Option<Self> {
        let record = held.record;
        let (parameter_type, description, details) = match &record.evidence {
            Evidence::Value(value) => (value.parameter_type, value.description.clone(), Some(value.details.clone())),
            Evidence::Legacy(legacy) => (legacy.parameter_type, legacy.description.clone(), None),
            Evidence::Tombstone(_) | Evidence::DeleteMarker | Evidence::Unreadable(_) => return None,
        };
        let version_id = record.version_id.clone();
        Some(Self { modified: held.since, version_id, value, parameter_type, description, details })
    }
}

/// A parameter as it is now, value included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentParameter {
    /// All but the value.
    pub parameter: CurrentParameter,
    /// The value.
    pub value: ParameterValue,
}

/// What was true of a name at the instant asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// It existed.
    Held(Box<RecordedParameter>),
    /// It did not exist.
    Absent(Absence),
    /// The evidence does not tell, for this reason.
    Unknown(UnknownReason),
}

/// What the name is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    /// It exists.
    Exists(Box<PresentParameter>),
    /// It does not exist.
    Missing,
    /// It exists and cannot be read, for this reason.
    Unreadable(UnknownReason),
}

/// What is to be done to one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It existed then and does not now.
    Create(Box<RecordedParameter>),
    /// It exists and differs.
    Update {
        /// As it was.
        to: Box<RecordedParameter>,
        /// As it is.
        from: Box<PresentParameter>,
        /// In what they differ, never empty.
        fields: Vec<Field>,
    },
    /// It did not exist then and does now.
    Delete {
        /// As it is.
        from: Box<PresentParameter>,
        /// The evidence that it did not exist.
        because: Absence,
    },
}

/// One row of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The parameter.
    pub name: ParameterName,
    /// What is to be done.
    pub action: Action,
}

impl Change {
    /// `create`, `update` or `delete`.
    pub fn action_name(&self) -> &'static str {
        match self.action {
            Action::Create(_) => "create",
            Action::Update { .. } => "update",
            Action::Delete { .. } => "delete",
        }
    }

    /// The state to be restored, `None` for a deletion.
    pub fn recorded(&self) -> Option<&RecordedParameter> {
        match &self.action {
            Action::Create(to) | Action::Update { to, .. } => Some(to),
            Action::Delete { .. } => None,
        }
    }

    /// The time of the event that set the state to be restored, where an event did.
    pub fn modified(&self) -> Option<Timestamp> {
        match &self.action {
            Action::Create(to) | Action::Update { to, .. } => Some(to.modified),
            Action::Delete { because: Absence::Deleted(at), .. } => Some(*at),
            Action::Delete { because: Absence::NotYetCreated(_), .. } => None,
        }
    }
}

/// A name whose state at the instant is unknown. It is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The parameter.
    pub name: ParameterName,
    /// Why.
    pub reason: UnknownReason,
}

/// How to read the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Treat what is unknown because it was recorded later as not existing, as ssmbak 0.5.2 did. Names about which
    /// nothing is recorded are not changed either.
    pub assume_absent: bool,
    /// Plan no deletion.
    pub keep_new: bool,
    /// The present moment, by which an expiration policy has passed or not; `None`: no policy counts as passed.
    pub now: Option<Timestamp>,
}

impl PlanOptions {
    /// The same, as of `now` where no moment is given.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        Self { now: self.now.or(Some(now)), ..self }
    }
}

/// What a restore will change. Rows are in order of name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub changes: Vec<Change>,
    /// How many parameters are already as they were.
    pub unchanged: usize,
    /// How many recorded names are known not to have existed then, and do not exist now.
    pub absent: usize,
    /// Names of which it is not known what they were.
    pub unknown: Vec<UnknownName>,
    /// Names that exist at the destination with other values, and are not overwritten.
    pub skipped: Vec<ParameterName>,
    /// Paths of several at which there is no parameter, neither then nor now.
    pub nothing_at: Vec<String>,
    /// What the reader of the plan should know.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Adds the verdict on one name.
    ///
    /// What belongs to the pipeline itself is never changed: without it no command finds its bucket.
    pub fn add(&mut self, name: ParameterName, target: Target, present: Present, options: PlanOptions) {
        self.add_any(name, target, present, options);
        if let Some(own) = self.changes.pop_if(|change| change.name.is_of_pipeline()) {
            self.warnings.push(format!("{} belongs to the pipeline itself and is not changed", own.name));
        }
    }

    fn add_any(&mut self, name: ParameterName, target: Target, present: Present, options: PlanOptions) {
        match (target, present) {
            (Target::Unknown(reason), _) => self.unknown.push(UnknownName { name, reason }),
            (Target::Absent(_), Present::Missing) => self.absent += 1,
            (Target::Absent(_), _) if options.keep_new => self.unchanged += 1,
            (_, Present::Unreadable(reason)) => self.unknown.push(UnknownName { name, reason }),
            (Target::Absent(because), Present::Exists(from)) => {
                self.changes.push(Change { name, action: Action::Delete { from, because } });
            }
            (Target::Held(mut to), Present::Missing) => {
                self.warnings.extend(adjust::adjust(&name, &mut to, None, options.now));
                self.changes.push(Change { name, action: Action::Create(to) });
            }
            (Target::Held(to), Present::Exists(from)) => self.compare(name, to, from, options.now),
        }
    }

    fn compare(
        &mut self,
        name: ParameterName,
        mut to: Box<RecordedParameter>,
        from: Box<PresentParameter>,
        now: Option<Timestamp>,
    ) {
        let notes = adjust::adjust(&name, &mut to, Some(&from.parameter), now);
        let fields = changed_fields(&to, &from);
        if fields::tier_would_fall(&to, &from.parameter) {
            self.warnings.push(format!(
                "{name} stays in the Advanced tier: Parameter Store cannot lower a tier (delete and create it to do so)"
            ));
        }
        let recorded = to.details.as_ref().and_then(|details| details.tags.as_ref());
        let tags = from.parameter.details.tags.as_ref().filter(|tags| !tags.is_empty() && recorded.is_none());
        if let Some(tags) = tags.filter(|_| fields.contains(&Field::Type)) {
            let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            self.warnings.push(format!(
                "{name} keeps its present tags ({}): those it had with the other type are not recorded",
                tags.join(", ")
            ));
        }
        if fields.is_empty() {
            self.unchanged += 1;
        } else {
            self.warnings.extend(notes);
            self.changes.push(Change { name, action: Action::Update { to, from, fields } });
        }
    }

    /// Puts the rows in order of name. To be called once all names are in.
    pub fn sort(&mut self) {
        self.changes.sort_by(|a, b| a.name.cmp(&b.name));
        self.unknown.sort_by(|a, b| a.name.cmp(&b.name));
        self.warnings.sort();
        self.warnings.dedup();
    }

    /// How many rows create, update and delete.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.action {
                Action::Create(_) => counts.create += 1,
                Action::Update { .. } => counts.update += 1,
                Action::Delete { .. } => counts.delete += 1,
            }
        }
        counts
    }
}

/// Rows of a plan by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Parameters to create.
    pub create: usize,
    /// Parameters to update.
    pub update: usize,
    /// Parameters to delete.
    pub delete: usize,
}

#[cfg(test)]
mod tests;
