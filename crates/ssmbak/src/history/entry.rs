//! A change as it is kept until all are told: without the records that it was made of.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use ssmbak_core::compare::Attributes;
use ssmbak_core::log::{Entry, Operation};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{ParameterType, ParameterValue};
use ssmbak_core::plan::Field;
use ssmbak_core::record::{Evidence, Record};

/// One recorded change of one parameter.
///
/// A tree may have a million of them: what few have is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    name: Arc<ParameterName>,
    order: Timestamp,
    version: Option<Version>,
    rest: Option<Box<Rest>>,
    /// One bit for each of [`Field::all`].
    fields: u16,
    operation: Operation,
    /// Whether its time is where it stands among others.
    in_order: bool,
}

/// What is told of a version.
#[derive(Clone, PartialEq, Eq)]
pub struct Version {
    author: Option<Arc<str>>,
    id: Box<str>,
    number: u64,
    size: u64,
    parameter_type: Option<ParameterType>,
    numbered: bool,
}

/// What most changes do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rest {
    time: Option<Timestamp>,
    until: Option<Timestamp>,
    reason: Option<String>,
    values: Values,
    size_before: Option<u64>,
}

/// The values of a change, if they were asked for and can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The value that came into effect.
    pub after: Option<ParameterValue>,
    /// The value before.
    pub before: Option<ParameterValue>,
    /// Whether the value is that of a SecureString, be it of another version: a value that was plain text before it
    /// became a secret is a secret.
    pub secret: bool,
    /// Whether the value before is, likewise.
    pub secret_before: bool,
}

impl HistoryEntry {
    /// A change of this name: what changed, as far as it is known, why it is not known whether the value did, and the values.
    pub fn new(
        name: Arc<ParameterName>,
        entry: &Entry,
        fields: &[Field],
        doubt: Option<String>,
        values: Values,
    ) -> Self {
        let in_order = entry.time == Some(entry.order());
        let size_before = entry.before.as_ref().map(|record| record.size).filter(|_| values != Values::default());
        let rest = Rest {
            time: entry.time.filter(|_| !in_order),
            until: entry.until,
            reason: entry.reason.clone().or(doubt),
            values,
            size_before,
        };
        let has = |field: &Field| fields.contains(field);
        let bits = Field::all().enumerate().filter(|(_, field)| has(field)).map(|(bit, _)| 1 << bit);
        Self {
            name,
            order: entry.order(),
            version: entry.record.as_ref().map(Version::of),
            rest: (rest != Rest::default()).then(|| Box::new(rest)),
            fields: bits.sum(),
            operation: entry.operation,
            in_order,
        }
    }

    /// The parameter.
    pub fn name(&self) -> &ParameterName {
        &self.name
    }

    /// What happened.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// When it happened, or since when it is not known; `None`: since ever.
    pub fn time(&self) -> Option<Timestamp> {
        if self.in_order { Some(self.order) } else { self.rest.as_ref().and_then(|rest| rest.time) }
    }

    /// Of an unknown span: where it ends; `None`: it has not.
    pub fn until(&self) -> Option<Timestamp> {
        self.rest.as_ref().and_then(|rest| rest.until)
    }

    /// The version that came into effect; of a deletion the one that ended.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// What changed, as far as it is known, in the order of [`Field`].
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        Field::all().enumerate().filter(|(bit, _)| self.fields >> bit & 1 == 1).map(|(_, field)| field)
    }

    /// Why it is not known what happened or whether the value changed, or how a deletion is known where no event told of it.
    pub fn reason(&self) -> Option<&str> {
        self.rest.as_ref().and_then(|rest| rest.reason.as_deref())
    }

    /// The values, as far as they were asked for.
    pub fn values(&self) -> Option<&Values> {
        self.rest.as_ref().map(|rest| &rest.values)
    }

    /// Bytes of the value before, where values were asked for.
    pub fn size_before(&self) -> Option<u64> {
        self.rest.as_ref().and_then(|rest| rest.size_before)
    }

    /// Where it stands among others.
    pub(super) fn order(&self) -> Timestamp {
        self.order
    }

    /// Names the author with the same text as a change before it, if it is the same.
    pub(super) fn share(&mut self, before: &Self) {
        let author = |of: &Self| of.version.as_ref().and_then(|version| version.author.clone());
        if let (Some(version), Some(known)) = (&mut self.version, author(before))
            && version.author.as_ref() == Some(&known)
        {
            version.author = Some(known);
        }
    }
}

impl Version {
    fn of(record: &Record) -> Self {
        let details = match &record.evidence {
            Evidence::Value(value) => Some(&value.details),
            _ => None,
        };
        Self {
            author: details.and_then(|details| details.author.as_deref()).map(Arc::from),
            id: record.version_id.as_str().into(),
            number: details.map_or(0, |details| details.version),
            size: record.size,
            parameter_type: Attributes::of_record(record).map(|attributes| attributes.parameter_type),
            numbered: details.is_some(),
        }
    }

    /// Parameter Store's number; versions that ssmbak 0.5.2 recorded have none.
    pub fn number(&self) -> Option<u64> {
        self.numbered.then_some(self.number)
    }

    /// Its type.
    pub fn parameter_type(&self) -> Option<ParameterType> {
        self.parameter_type
    }

    /// Who made it, where that is recorded.
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// Bytes of its value.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// S3's version id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").field("number", &self.number()).field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::HistoryEntry;

    /// A million changes must fit into memory: see docs/PERFORMANCE.md before making them larger.
    #[test]
    fn a_change_is_small() {
        assert!(size_of::<HistoryEntry>() <= 104, "{}", size_of::<HistoryEntry>());
    }
}
