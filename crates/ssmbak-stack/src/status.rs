//! What a stack's status means and what may be done to a stack that has it.

use std::fmt;

use crate::error::StackError;

/// The status of a stack, in CloudFormation's words.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackStatus(String);

impl StackStatus {
    /// Wraps CloudFormation's word.
    pub fn new(status: impl Into<String>) -> Self {
        Self(status.into())
    }

    /// CloudFormation's word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the stack is being worked on.
    ///
    /// A stack under review is not: it holds nothing but change sets that nobody has executed yet.
    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS") && !self.is_under_review()
    }

    /// Whether there is but a change set so far, so that the stack does not count as existing.
    pub fn is_under_review(&self) -> bool {
        self.0 == "REVIEW_IN_PROGRESS"
    }

    /// Whether what was done last has come to its end as it should.
    pub fn is_success(&self) -> bool {
        self.0.ends_with("_COMPLETE") && !self.0.contains("ROLLBACK")
    }

    /// Whether it is what a failed creation leaves: an empty stack that can only be removed.
    pub fn is_failed_creation(&self) -> bool {
        self.0 == "ROLLBACK_COMPLETE"
    }

    /// The one command that helps a stack out of a failure, if it needs help.
    pub fn way_out(&self, name: &str, region: &str) -> Option<String> {
        let aws = |command: &str| format!("`aws cloudformation {command} --stack-name {name} --region {region}`");
        match self.0.as_str() {
            // No rollback can be continued in these: all that can be done to such a stack is to delete it.
            "DELETE_FAILED" => {
                Some(format!("`ssmbak-stack {name} delete` tries to delete it again, and leaves its bucket"))
            }
            "CREATE_FAILED" | "ROLLBACK_FAILED" => {
                Some(format!("`ssmbak-stack {name} delete` removes what is left of it, and leaves its bucket"))
            }
            "ROLLBACK_COMPLETE" => {
                Some(format!("`ssmbak-stack {name} create` removes what is left of it and starts anew"))
            }
            "UPDATE_ROLLBACK_FAILED" => {
                Some(format!("{} brings it back to what it was before the update", aws("continue-update-rollback")))
            }
            "UPDATE_FAILED" | "UPDATE_ROLLBACK_COMPLETE" => {
                Some(format!("`ssmbak-stack {name} update` tries the update again; until then it works as before"))
            }
            "IMPORT_ROLLBACK_FAILED" => Some(format!("{} shows what stands in the way", aws("describe-stack-events"))),
            _ => None,
        }
    }

    /// Whether CloudFormation itself cannot go on from here without somebody's decision.
    pub fn is_stuck(&self) -> bool {
        matches!(
            self.0.as_str(),
            "CREATE_FAILED" | "DELETE_FAILED" | "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED"
        )
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is to be done to a stack through a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make it.
    Create,
    /// Bring it up to date.
    Update,
}

impl Operation {
    /// Whether this may be done to a stack with this status; none stands for a stack that does not exist.
    ///
    /// # Errors
    /// What stands in the way, with what to do about it.
    pub fn check(self, name: &str, region: &str, status: Option<&StackStatus>) -> Result<(), StackError> {
        let name = name.to_owned();
        let Some(status) = status.filter(|status| !status.is_under_review()) else {
            return match self {
                Self::Create => Ok(()),
                Self::Update => Err(StackError::Missing { name, region: region.to_owned() }),
            };
        };
        let standing = status.clone();
        if status.is_in_progress() {
            Err(StackError::Busy { name, status: standing })
        } else if status.is_failed_creation() {
            Err(StackError::FailedCreation { name })
        } else if status.is_stuck() {
            let way_out = standing.way_out(&name, region).unwrap_or_default();
            Err(StackError::Stuck { name, status: standing, way_out })
        } else if self == Self::Create {
            Err(StackError::Exists { name, status: standing })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(operation: Operation, status: Option<&str>) -> String {
        let status = status.map(StackStatus::new);
        match operation.check("demo", "eu-west-1", status.as_ref()) {
            Ok(()) => "go".to_owned(),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn says_what_may_be_done() {
        let table = [
            (None, "go", "StackMissing"),
            (Some("REVIEW_IN_PROGRESS"), "go", "StackMissing"),
            (Some("CREATE_IN_PROGRESS"), "StackBusy", "StackBusy"),
            (Some("CREATE_COMPLETE"), "StackExists", "go"),
            (Some("CREATE_FAILED"), "StackStuck", "StackStuck"),
            (Some("ROLLBACK_COMPLETE"), "StackCreationFailed", "StackCreationFailed"),
            (Some("ROLLBACK_IN_PROGRESS"), "StackBusy", "StackBusy"),
            (Some("UPDATE_COMPLETE"), "StackExists", "go"),
            (Some("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), "StackBusy", "StackBusy"),
            (Some("UPDATE_FAILED"), "StackExists", "go"),
            (Some("UPDATE_ROLLBACK_COMPLETE"), "StackExists", "go"),
            (Some("UPDATE_ROLLBACK_FAILED"), "StackStuck", "StackStuck"),
            (Some("DELETE_FAILED"), "StackStuck", "StackStuck"),
        ];
        for (status, create, update) in table {
            assert_eq!(verdict(Operation::Create, status), create, "create, {status:?}");
            assert_eq!(verdict(Operation::Update, status), update, "update, {status:?}");
        }
    }

    #[test]
    fn a_failed_stack_is_told_the_one_command_that_helps() {
        for (status, command) in [
            ("DELETE_FAILED", "`ssmbak-stack demo delete`"),
            ("ROLLBACK_FAILED", "`ssmbak-stack demo delete`"),
            ("CREATE_FAILED", "`ssmbak-stack demo delete`"),
            (
                "UPDATE_ROLLBACK_FAILED",
                "`aws cloudformation continue-update-rollback --stack-name demo --region eu-west-1`",
            ),
        ] {
            let found = StackStatus::new(status);
            let error = Operation::Update.check("demo", "eu-west-1", Some(&found)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the stack demo is stuck ({status}): {command}")), "{error}");
            assert_eq!(error.contains("rollback "), status.starts_with("UPDATE"), "{error}");
        }
        let failed = StackStatus::new("ROLLBACK_COMPLETE");
        assert!(failed.way_out("demo", "r").is_some_and(|way| way.starts_with("`ssmbak-stack demo create`")));
        assert_eq!(StackStatus::new("UPDATE_COMPLETE").way_out("demo", "r"), None);
    }

    #[test]
    fn tells_success_from_failure() {
        for good in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"] {
            assert!(StackStatus::new(good).is_success(), "{good}");
        }
        for bad in ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_IN_PROGRESS"] {
            assert!(!StackStatus::new(bad).is_success(), "{bad}");
        }
    }
}
