//! What happens to a stack, and which of it was the cause of a failure.

use std::fmt;

use jiff::Timestamp;

use crate::status::StackStatus;

/// One event of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// CloudFormation's id of the event.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// The resource's name in the template; the stack's name for the stack itself.
    pub logical_id: String,
    /// The resource's own name; empty as long as it has none.
    pub physical_id: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its status, such as `CREATE_FAILED`.
    pub status: String,
    /// Why, where CloudFormation says so.
    pub reason: Option<String>,
}

impl StackEvent {
    /// The stack's status, if the event is the stack's own and not one of its resources'.
    pub fn stack_status(&self, stack_id: &str) -> Option<StackStatus> {
        (self.physical_id == stack_id).then(|| StackStatus::new(self.status.clone()))
    }

    /// The status at which the stack has come to rest, if with this event it has.
    pub fn end(&self, stack_id: &str) -> Option<StackStatus> {
        self.stack_status(stack_id).filter(|status| !status.is_in_progress() && !status.is_under_review())
    }

    /// Whether it failed only because something else had.
    fn is_cascade(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        reason.starts_with("Resource ") && reason.trim_end_matches('.').ends_with("cancelled")
    }
}

/// The failure that made all the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstCause {
    /// The resource's name in the template; the stack's name for the stack itself.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Why it failed, in the words of AWS.
    pub reason: String,
}

impl FirstCause {
    /// What to do about it, as far as the usual reasons go.
    pub fn advice(&self) -> &'static str {
        let says = |word: &str| self.reason.contains(word);
        if says("AccessDenied") || says("not authorized") || says("UnauthorizedOperation") {
            "ask for that permission, or deploy with a role that has it"
        } else if says("already exists") || says("AlreadyExists") {
            if self.resource_type == "AWS::SSM::Parameter" {
                "a region has room for one stack of ssmbak: update or delete the other one"
            } else {
                "choose another name for the stack, or remove what has its name"
            }
        } else {
            "fix that and run the command again"
        }
    }
}

impl fmt::Display for FirstCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = reason.trim_end_matches('.');
        write!(f, "{} ({}) failed first: {reason}; {}", self.logical_id, self.resource_type, self.advice())
    }
}

/// Finds what failed first, in events given oldest first.
///
/// What CloudFormation cancels because of it fails as well, and so does the stack in the end: those are no causes. Only
/// where no resource says why (a refusal before anything was made) the stack itself is asked.
pub fn first_cause(events: &[StackEvent], stack_id: &str) -> Option<FirstCause> {
    let failed = |event: &&StackEvent| event.status.ends_with("_FAILED") && !event.is_cascade();
    let of_the_stack = |event: &&StackEvent| event.stack_status(stack_id).is_some();
    let resource = events.iter().filter(failed).find(|event| !of_the_stack(event));
    let stack = || {
        events
            .iter()
            .filter(of_the_stack)
            .find(|event| failed(event) || (event.status.contains("ROLLBACK") && event.reason.is_some()))
    };
    let event = resource.or_else(stack)?;
    Some(FirstCause {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        reason: event.reason.clone().unwrap_or_else(|| "CloudFormation gives no reason".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:1:stack/demo/x";

    fn event(logical_id: &str, resource_type: &str, status: &str, reason: &str) -> StackEvent {
        let of_stack = resource_type == "AWS::CloudFormation::Stack";
        StackEvent {
            id: format!("{logical_id}-{status}"),
            time: Timestamp::UNIX_EPOCH,
            logical_id: logical_id.to_owned(),
            physical_id: if of_stack { STACK.to_owned() } else { String::new() },
            resource_type: resource_type.to_owned(),
            status: status.to_owned(),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
        }
    }

    fn stack_event(status: &str, reason: &str) -> StackEvent {
        event("demo", "AWS::CloudFormation::Stack", status, reason)
    }

    #[test]
    fn finds_the_first_cause_and_not_the_cascade() {
        let events = [
            stack_event("CREATE_IN_PROGRESS", "User Initiated"),
            event("Q", "AWS::SQS::Queue", "CREATE_FAILED", "Resource creation cancelled"),
            event(
                "BucketParam",
                "AWS::SSM::Parameter",
                "CREATE_FAILED",
                "/newvoll/ssmbak/bucketname already exists\n in stack other.",
            ),
            event("LogGroup", "AWS::Logs::LogGroup", "CREATE_FAILED", "something else"),
            stack_event("ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Q]."),
            event("Q", "AWS::SQS::Queue", "DELETE_FAILED", "too late"),
            stack_event("ROLLBACK_COMPLETE", ""),
        ];
        let cause = first_cause(&events, STACK).unwrap();
        insta::assert_snapshot!(cause, @"BucketParam (AWS::SSM::Parameter) failed first: /newvoll/ssmbak/bucketname already exists in stack other; a region has room for one stack of ssmbak: update or delete the other one");
    }

    #[test]
    fn asks_the_stack_where_no_resource_says_why() {
        let events = [
            stack_event("CREATE_IN_PROGRESS", ""),
            stack_event("ROLLBACK_IN_PROGRESS", "Hook refused it"),
            stack_event("ROLLBACK_COMPLETE", ""),
        ];
        assert_eq!(first_cause(&events, STACK).unwrap().reason, "Hook refused it");
        assert_eq!(first_cause(&events[..1], STACK), None);
    }

    #[test]
    fn advises_on_the_usual_reasons() {
        let advice = |resource_type: &str, reason: &str| {
            let events = [event("X", resource_type, "CREATE_FAILED", reason)];
            first_cause(&events, STACK).unwrap().advice()
        };
        let denied =
            "User: arn:aws:iam::1:user/u is not authorized to perform: iam:CreateRole (Service: Iam, Status Code: 403)";
        assert!(advice("AWS::IAM::Role", denied).contains("permission"));
        assert!(advice("AWS::Lambda::Function", "demo already exists").contains("another name"));
        assert!(advice("AWS::SQS::Queue", "quota").contains("fix that"));
    }

    #[test]
    fn knows_the_end() {
        let end = |event: StackEvent| event.end(STACK).map(|status| status.as_str().to_owned());
        assert_eq!(end(stack_event("UPDATE_COMPLETE", "")).as_deref(), Some("UPDATE_COMPLETE"));
        assert_eq!(end(stack_event("CREATE_FAILED", "")).as_deref(), Some("CREATE_FAILED"));
        assert_eq!(end(stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")), None);
        assert_eq!(end(stack_event("REVIEW_IN_PROGRESS", "")), None);
        assert_eq!(end(event("Q", "AWS::SQS::Queue", "CREATE_COMPLETE", "")), None);
    }
}
