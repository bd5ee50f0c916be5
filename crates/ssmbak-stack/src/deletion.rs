//! What the deletion of a stack takes away, what it leaves, and whether it may be.

use crate::deployed::DeployedTemplate;
use crate::error::StackError;
use crate::stack::{Description, Resource};
use crate::status::StackStatus;
use crate::template::BUCKET;

/// Types of resources without which the history cannot be read any more.
const HOLD_THE_HISTORY: [&str; 2] = ["AWS::S3::Bucket", "AWS::KMS::Key"];

/// A deletion that may be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// CloudFormation's id of the stack, good even after it is gone.
    pub stack_id: String,
    /// Whether it is being deleted already, so that there is nothing left to do but to watch.
    pub running: bool,
    /// The bucket with the history, which stays; none if the stack never came to have one.
    pub bucket: Option<String>,
    /// The resources that go.
    pub goes: Vec<Resource>,
    /// The resources that stay.
    pub stays: Vec<Resource>,
}

/// Whether a stack may be deleted at all, by its status alone. None stands for a stack that does not exist.
///
/// A stack that failed, whenever it did, may be: to delete it is the way out.
///
/// # Errors
/// What stands in the way, with what to do about it.
pub fn check(name: &str, region: &str, found: Option<&Description>) -> Result<(), StackError> {
    let name = name.to_owned();
    let Some(found) = found else {
        return Err(StackError::NothingToDelete { name, region: region.to_owned() });
    };
    if found.status.is_in_progress() && !is_being_deleted(&found.status) {
        return Err(StackError::Busy { name, status: found.status.clone() });
    }
    if found.termination_protection {
        return Err(StackError::Protected { name, region: region.to_owned() });
    }
    Ok(())
}

/// Tells what goes from what stays, by the template that is deployed.
///
/// # Errors
/// [`StackError::WouldDeleteHistory`] if the history, or a key that it is encrypted with, would go.
pub fn sort_out(
    name: &str,
    found: &Description,
    resources: Vec<Resource>,
    template: &DeployedTemplate,
) -> Result<Deletion, StackError> {
    let there = resources.into_iter().filter(|resource| !is_gone(resource));
    let (stays, goes): (Vec<_>, Vec<_>) = there.partition(|resource| template.keeps(&resource.logical_id));
    let running = is_being_deleted(&found.status);
    let lost = goes.iter().find(|resource| HOLD_THE_HISTORY.contains(&resource.resource_type.as_str()));
    if let Some(lost) = lost.filter(|_| !running) {
        return Err(StackError::WouldDeleteHistory {
            name: name.to_owned(),
            resource: lost.logical_id.clone(),
            physical_id: lost.physical_id.clone(),
        });
    }
    let bucket = Resource::physical_id_of(&stays, BUCKET).map(str::to_owned).or_else(|| found.bucket_output());
    Ok(Deletion { stack_id: found.id.clone(), running, bucket, goes, stays })
}

fn is_being_deleted(status: &StackStatus) -> bool {
    status.as_str() == "DELETE_IN_PROGRESS"
}

/// What an earlier, failed attempt has deleted or let go of.
fn is_gone(resource: &Resource) -> bool {
    matches!(resource.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Output;

    fn found(status: &str) -> Description {
        Description {
            id: "id".to_owned(),
            status: StackStatus::new(status),
            reason: None,
            termination_protection: false,
            parameters: Vec::new(),
            outputs: Vec::new(),
            tags: Vec::new(),
        }
    }

    fn resource(logical_id: &str, resource_type: &str, status: &str) -> Resource {
        Resource {
            logical_id: logical_id.to_owned(),
            physical_id: format!("my-{}", logical_id.to_lowercase()),
            resource_type: resource_type.to_owned(),
            status: status.to_owned(),
            time: None,
        }
    }

    fn resources() -> Vec<Resource> {
        vec![
            resource("Bucket", "AWS::S3::Bucket", "CREATE_COMPLETE"),
            resource("Q", "AWS::SQS::Queue", "CREATE_COMPLETE"),
            resource("Old", "AWS::SQS::Queue", "DELETE_COMPLETE"),
        ]
    }

    const RETAINED: &str = "Resources: {Bucket: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}, Q: {}}";

    #[test]
    fn says_which_stacks_may_be_deleted() {
        let verdict = |found: Option<&Description>| match check("demo", "eu-west-1", found) {
            Ok(()) => "go".to_owned(),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(verdict(None), "StackMissing");
        for (status, expected) in [
            ("CREATE_COMPLETE", "go"),
            ("CREATE_FAILED", "go"),
            ("ROLLBACK_COMPLETE", "go"),
            ("ROLLBACK_FAILED", "go"),
            ("UPDATE_ROLLBACK_FAILED", "go"),
            ("DELETE_FAILED", "go"),
            ("REVIEW_IN_PROGRESS", "go"),
            ("DELETE_IN_PROGRESS", "go"),
            ("CREATE_IN_PROGRESS", "StackBusy"),
            ("UPDATE_IN_PROGRESS", "StackBusy"),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "StackBusy"),
        ] {
            assert_eq!(verdict(Some(&found(status))), expected, "{status}");
        }
        let protected = Description { termination_protection: true, ..found("CREATE_COMPLETE") };
        assert_eq!(verdict(Some(&protected)), "StackProtected");
    }

    #[test]
    fn tells_what_goes_from_what_stays() {
        let template = DeployedTemplate::parse(RETAINED);
        let deletion = sort_out("demo", &found("UPDATE_COMPLETE"), resources(), &template).unwrap();
        let ids = |resources: &[Resource]| resources.iter().map(|r| r.logical_id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&deletion.goes), ids(&deletion.stays)), (vec!["Q".to_owned()], vec!["Bucket".to_owned()]));
        assert_eq!((deletion.bucket.as_deref(), deletion.running), (Some("my-bucket"), false));
    }

    #[test]
    fn refuses_what_takes_the_history_along() {
        let unkept = DeployedTemplate::parse("Resources: {Bucket: {Type: 'AWS::S3::Bucket'}}");
        let error = sort_out("demo", &found("CREATE_COMPLETE"), resources(), &unkept).unwrap_err();
        insta::assert_snapshot!(error, @"the template that the stack demo was deployed with would have Bucket (my-bucket), and the history with it, deleted along with the stack, and nothing was deleted: run `ssmbak-stack demo update` first, which makes it stay");
        assert_eq!(error.code(), "StackWouldDeleteHistory");

        let mut with_key = resources();
        with_key.push(resource("Key", "AWS::KMS::Key", "CREATE_COMPLETE"));
        let retained = DeployedTemplate::parse(RETAINED);
        let error = sort_out("demo", &found("CREATE_COMPLETE"), with_key, &retained).unwrap_err();
        assert!(matches!(error, StackError::WouldDeleteHistory { resource, .. } if resource == "Key"));
    }

    #[test]
    fn a_bucket_that_is_gone_or_was_never_the_stacks_is_no_obstacle() {
        let unkept = DeployedTemplate::default();
        let gone = vec![resource("Bucket", "AWS::S3::Bucket", "DELETE_SKIPPED")];
        assert!(sort_out("demo", &found("DELETE_FAILED"), gone, &unkept).is_ok());

        let output = Output { key: "Bucketname".to_owned(), value: "somebodys".to_owned() };
        let stack = Description { outputs: vec![output], ..found("CREATE_COMPLETE") };
        let queue = vec![resource("Q", "AWS::SQS::Queue", "CREATE_COMPLETE")];
        let deletion = sort_out("demo", &stack, queue, &unkept).unwrap();
        assert_eq!(deletion.bucket.as_deref(), Some("somebodys"));
    }

    #[test]
    fn a_deletion_that_is_under_way_can_only_be_watched() {
        let unkept = DeployedTemplate::default();
        let deletion = sort_out("demo", &found("DELETE_IN_PROGRESS"), resources(), &unkept).unwrap();
        assert!(deletion.running);
    }
}
