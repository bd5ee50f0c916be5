//! What a change set says it will do, and whether it may.

use crate::error::StackError;
use crate::stack::Parameter;
use crate::status::Operation;
use crate::template::{BUCKET, RETENTION_DAYS};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed, see [`Change::replacement`] for how.
    Modify,
    /// It is removed from the stack; whether it is deleted too is its deletion policy's to say.
    Remove,
    /// Something else that CloudFormation may come up with; see its console.
    Other,
}

impl Action {
    /// CloudFormation's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Modify => "Modify",
            Self::Remove => "Remove",
            Self::Other => "Other",
        }
    }
}

/// Whether a changed resource stays the same resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// It does.
    Never,
    /// CloudFormation sees only while it works.
    Conditional,
    /// A new one takes its place.
    Always,
}

/// What a change set will do to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happens to it.
    pub action: Action,
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name, if it exists.
    pub physical_id: Option<String>,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Whether it stays the same resource.
    pub replacement: Replacement,
    /// Which of its properties change.
    pub properties: Vec<String>,
}

/// A parameter of the stack that gets another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterChange {
    /// Its name.
    pub key: String,
    /// The value that the stack has.
    pub before: String,
    /// The value that it gets.
    pub after: String,
}

impl ParameterChange {
    /// The values asked for that differ from those of the stack, by name.
    pub fn all(settings: &[(String, String)], current: &[Parameter]) -> Vec<Self> {
        let asked = |parameter: &Parameter| settings.iter().rfind(|(name, _)| *name == parameter.key);
        let mut changes: Vec<Self> = current
            .iter()
            .filter_map(|parameter| Some((parameter, &asked(parameter)?.1)))
            .filter(|(parameter, after)| parameter.value != **after)
            .map(|(Parameter { key, value }, after)| Self {
                key: key.clone(),
                before: value.clone(),
                after: after.clone(),
            })
            .collect();
        // Parameters that an older template did not have.
        let is_new = |key: &str| !current.is_empty() && current.iter().all(|parameter| parameter.key != key);
        for (key, after) in settings.iter().rev().filter(|(key, after)| is_new(key) && !after.is_empty()) {
            if changes.iter().all(|change| change.key != *key) {
                changes.push(Self { key: key.clone(), before: String::new(), after: after.clone() });
            }
        }
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        changes
    }

    /// For how many days replaced and deleted values are kept from now on, if that is shorter than before.
    pub fn expires_after(&self) -> Option<u32> {
        // 0 keeps everything.
        let days = |value: &str| value.parse().ok().filter(|days: &u32| *days > 0);
        let after = days(&self.after).filter(|_| self.key == RETENTION_DAYS)?;
        days(&self.before).is_none_or(|before| after < before).then_some(after)
    }
}

/// A change set that waits to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    /// CloudFormation's id of it.
    pub id: String,
    /// CloudFormation's id of the stack, good even after the stack is gone.
    pub stack_id: String,
    /// What it is for.
    pub operation: Operation,
    /// What it will do, resource by resource.
    pub changes: Vec<Change>,
    /// The parameters of an existing stack that get other values.
    pub parameters: Vec<ParameterChange>,
}

/// What came of preparing a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// The stack is as it should be: there is nothing to execute.
    Nothing,
    /// There is something to do.
    Changes(ChangeSet),
}

/// How far CloudFormation is with working out a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is still at it.
    Pending,
    /// It can be executed.
    Ready,
    /// It would change nothing.
    Nothing,
    /// It cannot be had.
    Refused(String),
}

/// Judges a change set by the status and reason that CloudFormation gives.
///
/// A change set without changes is a failed one, told from others by its reason alone: there is no code for it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-view.html>
pub fn judge(status: &str, reason: Option<&str>) -> Verdict {
    let reason = reason.unwrap_or_default();
    match status {
        "CREATE_COMPLETE" => Verdict::Ready,
        "CREATE_PENDING" | "CREATE_IN_PROGRESS" => Verdict::Pending,
        _ if changes_nothing(reason) => Verdict::Nothing,
        _ if reason.is_empty() => Verdict::Refused(format!("its status is {status}")),
        _ => Verdict::Refused(reason.trim_end_matches('.').to_owned()),
    }
}

/// Whether these are CloudFormation's words for a request that would change nothing.
pub(crate) fn changes_nothing(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("didn't contain changes") || reason.contains("no updates are to be performed")
}

/// Whether the history in the bucket survives.
///
/// # Errors
/// [`StackError::WouldLoseBucket`] if the change set takes the bucket out of the stack or puts an empty one in its place.
/// The bucket itself would be retained, but nothing would find it any more.
pub fn check_bucket_stays(name: &str, changes: &[Change]) -> Result<(), StackError> {
    let loses = |change: &Change| {
        change.logical_id == BUCKET && (change.action == Action::Remove || change.replacement == Replacement::Always)
    };
    match changes.iter().find(|change| loses(change)) {
        None => Ok(()),
        Some(change) => Err(StackError::WouldLoseBucket {
            name: name.to_owned(),
            bucket: change.physical_id.clone().unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_no_changes_from_a_failure() {
        let empty =
            "The submitted information didn't contain changes. Submit different information to create a change set.";
        assert_eq!(judge("FAILED", Some(empty)), Verdict::Nothing);
        assert_eq!(judge("FAILED", Some("No updates are to be performed.")), Verdict::Nothing);
        let refused = |reason: &str| Verdict::Refused(reason.to_owned());
        assert_eq!(judge("FAILED", Some("Transform failed.")), refused("Transform failed"));
        assert_eq!(judge("FAILED", None), refused("its status is FAILED"));
        assert_eq!(judge("DELETE_COMPLETE", None), refused("its status is DELETE_COMPLETE"));
        assert_eq!(judge("CREATE_COMPLETE", None), Verdict::Ready);
        assert_eq!(judge("CREATE_PENDING", None), Verdict::Pending);
        assert_eq!(judge("CREATE_IN_PROGRESS", None), Verdict::Pending);
    }

    #[test]
    fn a_shorter_retention_says_what_expires() {
        let change = |key: &str, before: &str, after: &str| {
            let current = [Parameter { key: key.to_owned(), value: before.to_owned() }];
            ParameterChange::all(&[(key.to_owned(), "5".to_owned()), (key.to_owned(), after.to_owned())], &current)
        };
        let expires = |before: &str, after: &str| change("RetentionDays", before, after)[0].expires_after();
        assert_eq!((expires("365", "1"), expires("0", "30")), (Some(1), Some(30)));
        assert_eq!((expires("1", "365"), expires("30", "0"), expires("0", "x")), (None, None, None));
        assert_eq!(change("LogRetentionDays", "90", "1")[0].expires_after(), None);
        assert_eq!(change("LogLevel", "INFO", "INFO"), []);
        let changed = change("LogLevel", "INFO", "DEBUG");
        assert_eq!((changed[0].before.as_str(), changed[0].after.as_str()), ("INFO", "DEBUG"));
    }

    #[test]
    fn never_lets_go_of_the_bucket() {
        let change = |logical_id: &str, action, replacement| Change {
            action,
            logical_id: logical_id.to_owned(),
            physical_id: Some("demo-bucket-1".to_owned()),
            resource_type: String::new(),
            replacement,
            properties: Vec::new(),
        };
        let check = |change: Change| check_bucket_stays("demo", &[change]);
        assert!(check(change("Bucket", Action::Modify, Replacement::Conditional)).is_ok());
        assert!(check(change("Bucket", Action::Add, Replacement::Never)).is_ok());
        assert!(check(change("Function", Action::Modify, Replacement::Always)).is_ok());
        let replaced = check(change("Bucket", Action::Modify, Replacement::Always));
        insta::assert_snapshot!(replaced.unwrap_err(), @"the update of the stack demo would put another bucket in the place of demo-bucket-1 and was not made: nothing has changed, please report this");
        assert!(check(change("Bucket", Action::Remove, Replacement::Never)).is_err());
    }
}
