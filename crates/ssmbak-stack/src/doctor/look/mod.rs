//! Reads the facts, all at once: one file per service.

mod bucket;
mod function;
mod metrics;
mod queues;
mod rehearsal;
mod replication;
mod rule;

use jiff::Timestamp;

use crate::call::CallError;
use crate::doctor::facts::{BucketFacts, Facts, Look, StackFacts};
use crate::error::StackError;
use crate::stack::{Description, Resource, Stack};
use crate::template;

/// The clients that a look takes.
#[derive(Clone, Debug)]
pub struct Clients {
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// EventBridge.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
}

/// Looks at everything that belongs to a stack. Nothing is changed.
///
/// # Errors
/// [`StackError::Missing`] if there is no such stack, [`StackError::Call`] if AWS cannot be asked at all. That something
/// may not be looked at is no error but a fact.
pub async fn look(stack: &Stack, clients: &Clients) -> Result<Facts, StackError> {
    let described = match stack.describe().await {
        Ok(described) => Ok(described),
        Err(StackError::Call(error @ CallError::Denied { .. })) => Err(error),
        Err(error) => return Err(error),
    };
    let resources = match stack.resources().await {
        Ok(resources) => Some(resources),
        Err(StackError::Call(CallError::Denied { .. })) => None,
        Err(error) => return Err(error),
    };
    let places = Places { stack: stack.name(), resources, described: described.as_ref().ok() };
    let bucket_name = places.bucket();
    let bucket = bucket_name.named();
    let role_name = places.of_resource(template::FUNCTION_ROLE, || None).named();
    let (rule, sweep_rule, concurrency, queue, dead_letters, undelivered, mapping, function, template, kept) = tokio::join!(
        rule::look(&clients.eventbridge, places.rule()),
        rule::look(&clients.eventbridge, places.of_resource(template::SWEEP_RULE, || None)),
        function::look_at_concurrency(&clients.lambda, places.function()),
        queues::look(&clients.sqs, places.queue(template::QUEUE, "QUrl")),
        queues::look_at_failures(&clients.sqs, places.queue(template::DEAD_LETTERS, "DeadLettersUrl")),
        queues::look_at_failures(&clients.sqs, places.queue(template::UNDELIVERED_EVENTS, "UndeliveredEventsUrl")),
        function::look_at_mapping(&clients.lambda, places.mapping(), places.function()),
        function::look(&clients.lambda, places.function()),
        stack.deployed_template(),
        bucket::look(&clients.s3, &bucket_name),
    );
    let (versioning, encryption, public_access, lifecycle, sweep) = kept;
    let replication = match described.as_ref().ok().filter(|described| has_vault(described)) {
        Some(described) => Some(replication::look(clients, &bucket_name, described).await),
        None => None,
    };
    let schedule = described.as_ref().ok().and_then(|described| described.parameter(template::REHEARSAL));
    let rehearsal = match schedule.filter(|schedule| !schedule.is_empty()) {
        Some(schedule) => Some(rehearsal::look(&places, clients, schedule).await),
        None => None,
    };
    Ok(Facts {
        stack: match described {
            Ok(Description { status, reason, parameters, .. }) => Look::Seen(StackFacts { status, reason, parameters }),
            Err(error) => Look::Unseen(error),
        },
        template: match template {
            Ok(template) => Look::Seen(template),
            Err(StackError::Call(error)) => Look::Unseen(error),
            Err(_) => Look::Gone(stack.name().to_owned()),
        },
        rule,
        sweep_rule,
        concurrency,
        queue,
        dead_letters,
        undelivered_events: undelivered,
        mapping,
        function,
        role_name,
        bucket_name: bucket,
        bucket: BucketFacts { versioning, encryption, public_access, lifecycle },
        sweep,
        replication,
        rehearsal,
    })
}

fn has_vault(described: &Description) -> bool {
    described.parameter(template::VAULT_BUCKET).is_some_and(|arn| !arn.is_empty())
}

/// What something is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Named(String),
    NotInStack,
    Unnamed,
}

impl Place {
    fn named(&self) -> Option<String> {
        match self {
            Self::Named(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// Looks, if the name is known.
    pub(super) async fn look<T>(&self, look: impl AsyncFnOnce(&str) -> Result<T, CallError>) -> Look<T> {
        match self {
            Self::NotInStack => Look::NotInStack,
            Self::Unnamed => Look::Unnamed,
            Self::Named(name) => match look(name).await {
                Ok(seen) => Look::Seen(seen),
                Err(error) if is_missing(&error) => Look::Gone(name.clone()),
                Err(error) => Look::Unseen(error),
            },
        }
    }
}

/// Names, from the stack's resources, else from its outputs, else by the template's habit.
struct Places<'a> {
    stack: &'a str,
    resources: Option<Vec<Resource>>,
    described: Option<&'a Description>,
}

impl Places<'_> {
    fn of_resource(&self, logical_id: &str, otherwise: impl FnOnce() -> Option<String>) -> Place {
        let Some(resources) = &self.resources else {
            return otherwise().map_or(Place::Unnamed, Place::Named);
        };
        match Resource::physical_id_of(resources, logical_id) {
            Some(name) => Place::Named(name.to_owned()),
            None => Place::NotInStack,
        }
    }

    /// When CloudFormation made or changed a resource.
    fn changed(&self, logical_id: &str) -> Option<Timestamp> {
        let mut resources = self.resources.iter().flatten();
        resources.find(|resource| resource.logical_id == logical_id)?.time
    }

    fn output(&self, key: &str) -> Option<String> {
        let found = self.described?.outputs.iter().find(|output| output.key == key)?;
        Some(found.value.clone()).filter(|value| !value.is_empty())
    }

    fn rule(&self) -> Place {
        self.of_resource(template::EVENT_RULE, || Some(self.stack.to_owned()))
    }

    fn function(&self) -> Place {
        self.of_resource(template::FUNCTION, || Some(self.stack.to_owned()))
    }

    fn queue(&self, logical_id: &str, output: &str) -> Place {
        self.of_resource(logical_id, || self.output(output))
    }

    fn mapping(&self) -> Place {
        self.of_resource(template::EVENT_SOURCE_MAPPING, || None)
    }

    /// The bucket need not be one of the stack's resources.
    fn bucket(&self) -> Place {
        match self.of_resource(template::BUCKET, || None) {
            Place::Named(name) => Place::Named(name),
            otherwise => self.output("Bucketname").map_or(otherwise, Place::Named),
        }
    }
}

/// What AWS says of something that does not exist.
fn is_missing(error: &CallError) -> bool {
    matches!(
        error.code(),
        "ResourceNotFoundException"
            | "QueueDoesNotExist"
            | "AWS.SimpleQueueService.NonExistentQueue"
            | "NoSuchBucket"
            | "HTTP404"
            | "NotFound"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Output;
    use crate::status::StackStatus;

    fn described(outputs: &[(&str, &str)]) -> Description {
        let output = |(key, value): &(&str, &str)| Output { key: (*key).to_owned(), value: (*value).to_owned() };
        Description {
            id: String::new(),
            status: StackStatus::new("CREATE_COMPLETE"),
            reason: None,
            termination_protection: false,
            parameters: Vec::new(),
            outputs: outputs.iter().map(output).collect(),
            tags: Vec::new(),
        }
    }

    fn named(name: &str) -> Place {
        Place::Named(name.to_owned())
    }

    #[test]
    fn names_come_from_the_resources() {
        let resource = Resource {
            logical_id: "EventRule".to_owned(),
            physical_id: "the-rule".to_owned(),
            resource_type: String::new(),
            status: String::new(),
            time: None,
        };
        let described = described(&[("QUrl", "url"), ("Bucketname", "outside")]);
        let places = Places { stack: "demo", resources: Some(vec![resource]), described: Some(&described) };
        assert_eq!(places.rule(), named("the-rule"));
        assert_eq!(places.function(), Place::NotInStack);
        assert_eq!(places.queue("Q", "QUrl"), Place::NotInStack);
        assert_eq!(places.bucket(), named("outside"), "a bucket that is older than the stack");
    }

    #[test]
    fn without_the_resources_outputs_and_habit_have_to_do() {
        let described = described(&[("QUrl", "url"), ("Bucketname", "history"), ("DeadLettersUrl", "")]);
        let places = Places { stack: "demo", resources: None, described: Some(&described) };
        assert_eq!((places.rule(), places.function()), (named("demo"), named("demo")));
        assert_eq!(places.queue("Q", "QUrl"), named("url"));
        assert_eq!(places.queue("DeadLetters", "DeadLettersUrl"), Place::Unnamed);
        assert_eq!((places.mapping(), places.bucket()), (Place::Unnamed, named("history")));
        let blind = Places { stack: "demo", resources: None, described: None };
        assert_eq!(blind.bucket(), Place::Unnamed);
    }
}
