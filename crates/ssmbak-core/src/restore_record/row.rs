//! What a parameter was before and after its row of a restore, and what its present state says of that.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecordedChange;
use crate::parameter::{CurrentParameter, Details};

/// What a parameter was at one moment: absent, or one version of it. It holds no value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RowState {
    /// Whether the parameter did not exist.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absent: bool,
    /// Parameter Store's version number; `None`: not known, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// When Parameter Store made this version; `None`: not known, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date: Option<Timestamp>,
    /// The parameter's tags; `None`: not read, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The S3 version in which it is recorded; `None`: not known, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

impl RowState {
    /// The parameter did not exist.
    pub fn absent() -> Self {
        Self { absent: true, ..Self::default() }
    }

    /// The version that Parameter Store lists.
    pub fn of(parameter: &CurrentParameter) -> Self {
        Self::of_details(&parameter.details)
    }

    /// The version that has these attributes.
    pub fn of_details(details: &Details) -> Self {
        Self {
            version: Some(details.version),
            last_modified_date: Some(details.modified),
            tags: details.tags.clone(),
            ..Self::default()
        }
    }

    /// A version of which the number is known, if that is.
    pub fn version(version: Option<u64>) -> Self {
        Self { version, ..Self::default() }
    }

    /// Whether this is what Parameter Store shows now, as far as both are known. Tags are compared where both were read.
    pub fn is_shown_by(&self, now: Option<&CurrentParameter>) -> bool {
        self.is_version_of(now) && agree(self.tags.as_ref(), now.and_then(|now| now.details.tags.as_ref()))
    }

    /// As [`RowState::is_shown_by`], tags aside.
    pub fn is_version_of(&self, now: Option<&CurrentParameter>) -> bool {
        let Some(now) = now else { return self.absent };
        !self.absent
            && agree(self.version.as_ref(), Some(&now.details.version))
            && agree(self.last_modified_date.as_ref(), Some(&now.details.modified))
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.absent == other.absent
            && self.version == other.version
            && agree(self.last_modified_date.as_ref(), other.last_modified_date.as_ref())
            && agree(self.tags.as_ref(), other.tags.as_ref())
    }
}

impl RecordedChange {
    /// Whether Parameter Store shows what was there before the row, although the row is known to have changed it: such a
    /// read is older than the restore.
    pub fn looks_untouched(&self, now: Option<&CurrentParameter>) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                !before.is_same_as(after) && before.is_shown_by(now) && !after.is_shown_by(now)
            }
            _ => false,
        }
    }

    /// What somebody made of the parameter since the row was written, as far as numbers and dates show it.
    pub fn changed_since(&self, now: Option<&CurrentParameter>) -> Option<String> {
        let before = self.before.as_ref()?;
        let same = match &self.after {
            Some(after) => after.is_version_of(now),
            // The row may have been written, and then made the next version.
            None if before.absent => now.is_none_or(|now| now.details.version == 1),
            None => now.is_none_or(|now| before.version.is_some_and(|version| version + 1 == now.details.version)),
        };
        if same || before.is_version_of(now) {
            return None;
        }
        Some(match now {
            Some(now) => format!("version {} of {}", now.details.version, now.details.modified),
            None => "a deletion".to_owned(),
        })
    }
}

/// Whether two are the same, as far as both are known.
fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ParameterName;
    use crate::parameter::ParameterType;
    use crate::testing::at;

    fn now(version: u64, time: &str, tags: Option<&str>) -> CurrentParameter {
        CurrentParameter {
            name: ParameterName::parse("/a").unwrap(),
            spelling: "/a".to_owned(),
            parameter_type: ParameterType::String,
            description: None,
            details: Details {
                tags: tags.map(|tag| [("team".to_owned(), tag.to_owned())].into()),
                ..Details::new(version, at(time))
            },
        }
    }

    fn row(before: RowState, after: Option<RowState>) -> RecordedChange {
        RecordedChange {
            action: "update".to_owned(),
            name: ParameterName::parse("/a").unwrap(),
            version_id: None,
            before: Some(before),
            after,
            touched: Some(true),
            outcome: None,
            error: None,
        }
    }

    #[test]
    fn read_older_than_the_write_looks_untouched() {
        let before = now(3, "12:00:00", Some("blue"));
        let written = row(RowState::of(&before), Some(RowState::version(Some(4))));
        assert!(written.looks_untouched(Some(&before)));
        assert!(!written.looks_untouched(Some(&now(4, "12:01:00", Some("blue")))));
        assert!(!written.looks_untouched(None));
        let deleted = row(RowState::of(&before), Some(RowState::absent()));
        assert!(deleted.looks_untouched(Some(&before)) && !deleted.looks_untouched(None));
        assert!(!deleted.looks_untouched(Some(&now(1, "12:05:00", None))), "created again since");
        let created = row(RowState::absent(), Some(RowState::version(Some(1))));
        assert!(created.looks_untouched(None) && !created.looks_untouched(Some(&now(1, "12:01:00", None))));
        let tagged = row(RowState::of(&before), Some(RowState::of(&now(3, "12:00:00", Some("red")))));
        assert!(tagged.looks_untouched(Some(&before)));
        assert!(!tagged.looks_untouched(Some(&now(3, "12:00:00", Some("red")))));
        assert!(!row(RowState::of(&before), None).looks_untouched(Some(&before)), "it may not have been written");
    }

    #[test]
    fn change_after_the_restore_is_named() {
        let before = now(3, "12:00:00", None);
        let written = row(RowState::of(&before), Some(RowState::version(Some(4))));
        assert_eq!(written.changed_since(Some(&now(4, "12:01:00", None))), None);
        assert_eq!(written.changed_since(Some(&before)), None);
        let later = now(5, "12:30:00", None);
        assert_eq!(written.changed_since(Some(&later)).as_deref(), Some("version 5 of 2026-03-01T12:30:00Z"));
        assert_eq!(written.changed_since(None).as_deref(), Some("a deletion"));
        let killed = row(RowState::of(&before), None);
        assert_eq!(killed.changed_since(Some(&now(4, "12:01:00", None))), None);
        assert!(killed.changed_since(Some(&later)).is_some());
        let created = row(RowState::absent(), None);
        assert_eq!(created.changed_since(Some(&now(1, "12:01:00", None))), None);
        assert!(created.changed_since(Some(&now(2, "12:01:00", None))).is_some());
    }
}
