//! The question that a plan answers, as it is kept with a saved plan and in the record of a restore.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::instant::Instant;
use crate::plan::PlanOptions;
use crate::scope::{ScopeError, Selection};

/// Which parameters, as of when, and how to read the evidence: all that a plan follows from beside the evidence itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Query {
    /// The paths as they were given.
    pub paths: Vec<String>,
    /// Whether everything below them is meant.
    pub recursive: bool,
    /// Globs of which a name must match one, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs of which a name may match none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The time, in the spelling of [`Instant::to_argument`].
    pub at: String,
    /// Whether what is recorded later only is taken as not existing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub assume_absent: bool,
    /// Whether nothing is to be deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_delete: bool,
    /// The path that it is restored to, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Where a question is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Place {
    /// The bucket with the history.
    pub bucket: String,
    /// The AWS region.
    pub region: String,
    /// The AWS account; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl Query {
    /// The time; `None` if it is not spelled as [`Instant::to_argument`] spells it.
    pub fn instant(&self) -> Option<Instant> {
        let read = Instant::parse(&self.at, Timestamp::UNIX_EPOCH, &TimeZone::UTC).ok()?;
        (read.to_argument() == self.at).then_some(read)
    }

    /// The names that are meant.
    ///
    /// # Errors
    /// [`ScopeError`] for a path or glob that cannot be read.
    pub fn selection(&self) -> Result<Selection, ScopeError> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        Selection::new(&paths, self.recursive, &self.include, &self.exclude)
    }

    /// How the evidence is to be read.
    pub fn options(&self) -> PlanOptions {
        PlanOptions { assume_absent: self.assume_absent, keep_new: self.no_delete, now: None }
    }
}

impl Place {
    /// In what this place differs from another, as `bucket a, not b`. Accounts differ only where both are known.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut told = Vec::new();
        let mut compare = |what: &str, then: &str, now: &str| {
            if then != now {
                told.push(format!("{what} {then}, not {now}"));
            }
        };
        compare("bucket", &self.bucket, &now.bucket);
        compare("region", &self.region, &now.region);
        if let (Some(then), Some(now)) = (&self.account, &now.account) {
            compare("account", then, now);
        }
        told
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_was_spelled_and_no_other_way() {
        let of = |at: &str| Query { at: at.to_owned(), ..Query::default() }.instant();
        for spelled in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.123456789Z"] {
            assert_eq!(of(spelled).map(|at| at.to_argument()).as_deref(), Some(spelled));
        }
        for other in ["", "now", "2 hours ago", "2026-01-02", "2026-01-02T03:04:05+01:00", "x", "@1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn places_differ_in_what_is_known_of_both() {
        let place = |bucket: &str, region: &str, account: Option<&str>| Place {
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            account: account.map(str::to_owned),
        };
        let saved = place("b", "eu-west-1", Some("1"));
        assert!(saved.differences(&saved).is_empty());
        assert!(saved.differences(&place("b", "eu-west-1", None)).is_empty());
        assert_eq!(
            saved.differences(&place("c", "eu-west-2", Some("2"))),
            ["bucket b, not c", "region eu-west-1, not eu-west-2", "account 1, not 2"]
        );
    }
}
