//! Parameter Store, changed and looked at with the official SDK.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter, ParameterType};
use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::{Outcome, State, delete_event, held, put_event};

/// GetParameters and DeleteParameters take ten names.
const TEN: usize = 10;

/// Parameter Store; each change returns the event that AWS would send of it.
#[derive(Clone, Debug)]
pub struct Store {
    /// The client.
    pub ssm: Client,
}

impl Store {
    /// Through this client.
    #[must_use]
    pub fn new(ssm: Client) -> Self {
        Self { ssm }
    }

    /// Creates or overwrites a parameter; an empty description takes a present one away.
    ///
    /// # Errors
    /// Those of Parameter Store.
    pub async fn put(&self, name: &str, parameter_type: &str, value: &str, description: &str) -> Outcome<Value> {
        let put = self.ssm.put_parameter().name(name).value(value).r#type(ParameterType::from(parameter_type));
        let version = put.description(description).overwrite(true).send().await?.version();
        let read = self.ssm.get_parameter().name(name).send().await?;
        let modified = read.parameter().and_then(|found| found.last_modified_date()).ok_or("it has no date")?;
        // The emulators keep fractions of a millisecond, which Parameter Store does not.
        let modified =
            Timestamp::new(modified.secs(), modified.subsec_nanos().try_into()?)?.round(Unit::Millisecond)?;
        Ok(put_event(name, version, parameter_type, Some(description), modified))
    }

    /// Deletes a parameter.
    ///
    /// # Errors
    /// Those of Parameter Store.
    pub async fn delete(&self, name: &str) -> Outcome<Value> {
        let read = self.ssm.get_parameter().name(name).send().await?;
        let found = read.parameter.and_then(|found| found.r#type).ok_or("it has no type")?;
        self.ssm.delete_parameter().name(name).send().await?;
        Ok(delete_event(name, found.as_str(), Timestamp::now()))
    }

    /// One value, if there is one.
    pub async fn value(&self, name: &str) -> Option<String> {
        self.ssm.get_parameter().name(name).with_decryption(true).send().await.ok()?.parameter?.value
    }

    /// The description of all parameters whose names begin so.
    ///
    /// # Errors
    /// Those of Parameter Store.
    pub async fn described(&self, beginning: &str) -> Outcome<Vec<ParameterMetadata>> {
        let filter = ParameterStringFilter::builder().key("Name").option("BeginsWith").values(beginning).build()?;
        let mut pages = self.ssm.describe_parameters().parameter_filters(filter).into_paginator().send();
        let mut described = Vec::new();
        while let Some(page) = pages.next().await {
            described.extend(page?.parameters.unwrap_or_default());
        }
        Ok(described)
    }

    /// All parameters whose names begin so.
    ///
    /// # Errors
    /// Those of Parameter Store.
    pub async fn state(&self, beginning: &str) -> Outcome<State> {
        let mut state = State::new();
        for found in self.described(beginning).await? {
            let parameter_type = found.r#type().ok_or("a parameter without a type")?.as_str();
            let name = found.name().ok_or("a parameter without a name")?.to_owned();
            state.insert(name, held(parameter_type, "", found.description()));
        }
        let names: Vec<String> = state.keys().cloned().collect();
        for ten in names.chunks(TEN) {
            let read = self.ssm.get_parameters().set_names(Some(ten.to_vec())).with_decryption(true).send().await?;
            for found in read.parameters() {
                let known = found.name().and_then(|name| state.get_mut(name)).ok_or("a foreign key among values")?;
                known.value = found.value().ok_or("a parameter without a value")?.to_owned();
            }
        }
        Ok(state)
    }
}
