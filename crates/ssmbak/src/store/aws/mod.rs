//! Parameter Store through the AWS SDK: one file per operation.

mod bulk_tags;
mod delete;
mod describe;
mod details;
mod history;
mod page;
mod put;
mod tags;
mod tokens;
mod values;

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterMetadata;
use jiff::Timestamp;
use ssmbak_core::instant::to_millisecond;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::rate::Budget;
use ssmbak_core::scope::Scope;

use self::bulk_tags::BulkTags;
use super::{ParameterPage, ParameterStore, PutParameter, TagsByName};
use crate::rate_limiter::RateLimiter;
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

/// Parameter Store behind an SDK client.
#[derive(Clone, Debug)]
pub struct SsmParameterStore {
    client: Client,
    bulk_tags: Option<BulkTags>,
}

impl SsmParameterStore {
    /// Wraps a client, whose region, endpoint, credentials and retries are its owner's business.
    pub fn new(client: Client) -> Self {
        Self { client, bulk_tags: None }
    }

    /// Reads the tags of many parameters from the Resource Groups Tagging API, which must be the account's and region's of the
    /// client.
    #[must_use]
    pub fn with_bulk_tags(self, tagging: aws_sdk_resourcegroupstagging::Client) -> Self {
        Self { bulk_tags: Some(BulkTags::new(tagging)), ..self }
    }

    /// Sends no more requests a second than the budget allows.
    #[must_use]
    pub fn within(self, budget: Budget) -> Self {
        let limiter = RateLimiter::new(budget);
        let config = self.client.config();
        let mut builder = config.to_builder().interceptor(limiter.clone());
        builder.set_http_client(config.http_client().map(|http| limiter.paced(http)));
        let bulk_tags = self.bulk_tags.map(|bulk| bulk.within(&limiter));
        Self { client: Client::from_conf(builder.build()), bulk_tags }
    }

    /// Learns from a listing how the ARNs of parameters begin.
    fn learn_arns(&self, listed: &[ParameterMetadata]) {
        if let Some(bulk_tags) = &self.bulk_tags {
            bulk_tags.learn(listed.iter().map(|metadata| (metadata.arn(), metadata.name())));
        }
    }
}

impl ParameterStore for SsmParameterStore {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        history::history(&self.client, name).await
    }

    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        let (client, name) = (self.client.clone(), name.clone());
        spawn_abort_on_drop(async move { tags::tags(&client, &name).await }).await
    }

    async fn tags_of_many(&self, names: &[ParameterName]) -> Result<Option<TagsByName>, Error> {
        match &self.bulk_tags {
            Some(bulk_tags) => bulk_tags.read(names).await,
            None => Ok(None),
        }
    }

    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        describe::describe(self, scope).await
    }

    async fn page(&self, token: Option<&str>) -> Result<ParameterPage, Error> {
        page::page(self, token).await
    }

    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        page::find(self, names).await
    }

    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        values::values(&self.client, spellings).await
    }

    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        put::put(&self.client, put).await
    }

    async fn set_tags(&self, spelling: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        tags::set_tags(&self.client, spelling, add, remove).await
    }

    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        delete::delete(&self.client, spellings).await
    }
}

/// The spellings under which a name may be found: root-level names exist without their slash as well.
fn spellings(name: &ParameterName) -> impl Iterator<Item = &str> {
    std::iter::once(name.as_str()).chain(name.unslashed_name())
}

/// A time of the SDK. What does not fit a timestamp is not a time of AWS.
///
/// Parameter Store counts milliseconds, and says them as seconds with a fraction, which no binary number is exactly.
fn timestamp(time: Option<&aws_sdk_ssm::primitives::DateTime>) -> Result<Timestamp, Error> {
    time.and_then(|time| Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok())
        .map(to_millisecond)
        .ok_or_else(|| Error::new(ErrorKind::Other, "parameter store returned a version without a usable date"))
}

/// What an answer lists, which AWS always does, be the list empty: an answer without it says nothing.
///
/// # Errors
/// That there is no list.
fn listed<'a, T>(list: Option<&'a Vec<T>>, task: &str) -> Result<&'a [T], Error> {
    let cut_off = || Error::new(ErrorKind::Unreachable, format!("cannot {task}: the answer is cut off"));
    list.map(Vec::as_slice)
        .ok_or_else(|| cut_off().with_hint("run it again; check --endpoint-url: is it an AWS endpoint?"))
}

fn parameter_type(value: Option<&aws_sdk_ssm::types::ParameterType>) -> Result<ParameterType, Error> {
    value.and_then(|value| value.as_str().parse().ok()).ok_or_else(|| {
        Error::new(ErrorKind::Other, "parameter store returned a parameter of a type that is not known here")
            .with_hint("update ssmbak")
    })
}

/// An absent text and an empty one are the same to Parameter Store.
fn text(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn policies(value: &[aws_sdk_ssm::types::ParameterInlinePolicy]) -> Vec<String> {
    value.iter().filter_map(|policy| text(policy.policy_text())).collect()
}

fn version_number(value: i64) -> Result<u64, Error> {
    u64::try_from(value)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::new(ErrorKind::Other, "parameter store returned a version without a number"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::primitives::DateTime;

    use super::*;

    #[test]
    fn time_is_a_whole_millisecond() {
        for (seconds, shown) in [
            (1_700_000_010.3, "2023-11-14T22:13:30.3Z"),
            (1_700_000_010.001, "2023-11-14T22:13:30.001Z"),
            (1_700_000_010.0, "2023-11-14T22:13:30Z"),
        ] {
            assert_eq!(timestamp(Some(&DateTime::from_secs_f64(seconds))).unwrap().to_string(), shown);
        }
        let noisy = DateTime::from_secs_and_nanos(1_700_000_010, 299_999_952);
        assert_eq!(timestamp(Some(&noisy)).unwrap().to_string(), "2023-11-14T22:13:30.3Z");
    }
}
