//! What changed between two states of the same names.

use crate::unknown::UnknownReason;
use jiff::Timestamp;

use crate::compare::changed_fields;
use crate::name::ParameterName;
use crate::plan::{Field, RecordedParameter, Target, UnknownName};
use crate::timeline::Absence;

/// What was true of a name at one of the two moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// It existed.
    Held(Box<RecordedParameter>),
    /// It did not exist; since when, if it was deleted.
    Absent(Option<Timestamp>),
    /// It is not known, for this reason.
    Unknown(UnknownReason),
}

impl From<Target> for Side {
    fn from(target: Target) -> Self {
        match target {
            Target::Held(state) => Self::Held(state),
            Target::Absent(Absence::Deleted(at)) => Self::Absent(Some(at)),
            Target::Absent(Absence::NotYetCreated(_)) => Self::Absent(None),
            Target::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

/// What happened to one name from the first moment to the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It came into being.
    Create(Box<RecordedParameter>),
    /// It changed.
    Update {
        /// As it was.
        before: Box<RecordedParameter>,
        /// As it became.
        after: Box<RecordedParameter>,
        /// In what the two differ, never empty.
        fields: Vec<Field>,
    },
    /// It went.
    Delete {
        /// As it was.
        before: Box<RecordedParameter>,
        /// When it was deleted, where that is recorded.
        at: Option<Timestamp>,
    },
}

/// One row of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The parameter.
    pub name: ParameterName,
    /// What happened to it.
    pub happened: Happened,
}

impl Difference {
    /// `create`, `update` or `delete`.
    pub fn action_name(&self) -> &'static str {
        match self.happened {
            Happened::Create(_) => "create",
            Happened::Update { .. } => "update",
            Happened::Delete { .. } => "delete",
        }
    }
}

/// What changed between two moments. Rows are in order of name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What changed.
    pub changes: Vec<Difference>,
    /// How many parameters existed at both moments and are the same.
    pub unchanged: usize,
    /// Names of which it is not known what they were at one of the moments.
    pub unknown: Vec<UnknownName>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Diff {
    /// Adds the verdict on one name.
    pub fn add(&mut self, name: ParameterName, before: Side, after: Side) {
        let happened = match (before, after) {
            (Side::Unknown(reason), _) => {
                let reason = reason.about("at the first time");
                return self.unknown.push(UnknownName { name, reason });
            }
            (_, Side::Unknown(reason)) => {
                let reason = reason.about("at the second time");
                return self.unknown.push(UnknownName { name, reason });
            }
            (Side::Absent(_), Side::Absent(_)) => return,
            (Side::Absent(_), Side::Held(after)) => Happened::Create(after),
            (Side::Held(before), Side::Absent(at)) => Happened::Delete { before, at },
            (Side::Held(before), Side::Held(after)) => {
                let fields = changed_fields(&before, &after);
                if fields.is_empty() {
                    self.unchanged += 1;
                    return;
                }
                Happened::Update { before, after, fields }
            }
        };
        self.changes.push(Difference { name, happened });
    }

    /// Puts the rows in order of name. To be called once all names are in.
    pub fn sort(&mut self) {
        self.changes.sort_by(|a, b| a.name.cmp(&b.name));
        self.unknown.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Whether it is known that nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.unknown.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::{Description, ParameterType, ParameterValue};
    use crate::testing::at;
    use crate::unknown::{ReasonCode, UnknownReason};

    fn held(value: &str) -> Side {
        Side::Held(Box::new(RecordedParameter {
            modified: at("12:00:00"),
            version_id: "v".to_owned(),
            value: ParameterValue::new(value),
            parameter_type: ParameterType::String,
            description: Description::default(),
            details: None,
        }))
    }

    #[test]
    fn every_pair_of_states_has_its_verdict() {
        let unknown = || Side::Unknown(UnknownReason::new(ReasonCode::Expired, "why"));
        let absent = || Side::Absent(Some(at("11:00:00")));
        let cases = [
            (held("a"), held("a"), "0 1 "),
            (held("a"), held("b"), "update 0 "),
            (absent(), held("a"), "create 0 "),
            (held("a"), absent(), "delete 0 "),
            (absent(), Side::Absent(None), "0 0 "),
            (unknown(), held("a"), "0 0 at the first time: why"),
            (held("a"), unknown(), "0 0 at the second time: why"),
            (unknown(), unknown(), "0 0 at the first time: why"),
        ];
        for (before, after, expected) in cases {
            let mut diff = Diff::default();
            diff.add(ParameterName::parse("/a").unwrap(), before.clone(), after.clone());
            let action = diff.changes.first().map_or("0", Difference::action_name);
            let reason = diff.unknown.first().map_or("", |unknown| unknown.reason.message.as_str());
            assert_eq!(format!("{action} {} {reason}", diff.unchanged), expected, "{before:?} {after:?}");
            assert_eq!(diff.is_empty(), expected.starts_with("0 ") && expected.ends_with(' '));
        }
    }
}
