//! Parameter Store through the AWS SDK: one file per operation.

mod delete;
mod describe;
mod history;
mod page;
mod put;
mod tags;
mod tokens;
mod values;

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use jiff::Timestamp;
use ssmbak_core::instant::to_millisecond;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::scope::Scope;

use super::{LikelyNames, ParameterPage, ParameterStore, PutParameter};
use crate::spawned::spawned;
use crate::{Error, ErrorKind};

/// Parameter Store behind an SDK client.
#[derive(Clone, Debug)]
pub struct SsmParameterStore {
    client: Client,
}

impl SsmParameterStore {
    /// Wraps a client, whose region, endpoint, credentials and retries are its owner's business.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ParameterStore for SsmParameterStore {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        history::history(&self.client, name).await
    }

    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        let (client, name) = (self.client.clone(), name.clone());
        spawned(async move { tags::tags(&client, &name).await }).await
    }

    async fn describe(&self, scope: &Scope, likely: &LikelyNames) -> Result<Vec<CurrentParameter>, Error> {
        describe::describe(&self.client, scope, likely).await
    }

    async fn page(&self, token: Option<&str>) -> Result<ParameterPage, Error> {
        page::page(&self.client, token).await
    }

    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        page::find(&self.client, names).await
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
    std::iter::once(name.as_str()).chain(name.root_spelling())
}

/// A time of the SDK. What does not fit a timestamp is not a time of AWS.
///
/// Parameter Store counts milliseconds, and says them as seconds with a fraction, which no binary number is exactly.
fn timestamp(time: Option<&aws_sdk_ssm::primitives::DateTime>) -> Result<Timestamp, Error> {
    time.and_then(|time| Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok())
        .map(to_millisecond)
        .ok_or_else(|| Error::new(ErrorKind::Other, "parameter store returned a version without a usable date"))
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
