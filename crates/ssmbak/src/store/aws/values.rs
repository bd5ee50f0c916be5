//! GetParameters, ten at a time, and one at a time where one of the ten cannot be decrypted.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::parameter::ParameterValue;

use super::listed;
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

/// GetParameters allows ten names.
const PAGE: usize = 10;

type Values = BTreeMap<String, Result<ParameterValue, Error>>;

pub(super) async fn values(client: &Client, spellings: &[String]) -> Result<Values, Error> {
    stream::iter(spellings.chunks(PAGE).map(<[String]>::to_vec))
        .map(|names| {
            let client = client.clone();
            spawn_abort_on_drop(async move { ten(&client, names).await })
        })
        .buffer_unordered(STORE_CONCURRENCY)
        .boxed()
        .try_fold(Values::new(), |mut all, some| async move {
            all.extend(some);
            Ok(all)
        })
        .await
}

async fn ten(client: &Client, names: Vec<String>) -> Result<Values, Error> {
    let read = client.get_parameters().set_names(Some(names.clone())).with_decryption(true).send().await;
    match read {
        Ok(output) => Ok(listed(output.parameters.as_ref(), "read the values of the parameters")?
            .iter()
            .filter_map(|parameter| Some((parameter.name()?.to_owned(), Ok(ParameterValue::new(parameter.value()?)))))
            .collect()),
        Err(error) => {
            let error = Error::from_sdk("read the values of the parameters", &error);
            match error.kind {
                ErrorKind::Throttled | ErrorKind::Unreachable | ErrorKind::Credentials => Err(error),
                _ => one_by_one(client, names, error).await,
            }
        }
    }
}

async fn one_by_one(client: &Client, names: Vec<String>, cause: Error) -> Result<Values, Error> {
    let mut values = Values::new();
    let mut any = false;
    for name in names {
        let read = client.get_parameter().name(&name).with_decryption(true).send().await;
        match read {
            Ok(output) => {
                any = true;
                if let Some(value) = output.parameter().and_then(|parameter| parameter.value()) {
                    values.insert(name, Ok(ParameterValue::new(value)));
                }
            }
            Err(error) => {
                let error = Error::from_sdk(&format!("read the value of {name}"), &error);
                if error.kind != ErrorKind::NotFound {
                    values.insert(name, Err(error));
                }
            }
        }
    }
    // Without permission for either call the first refusal says more.
    let all_denied = !any && values.values().all(|v| matches!(v, Err(e) if e.kind == ErrorKind::AccessDenied));
    if all_denied && cause.kind == ErrorKind::AccessDenied { Err(cause) } else { Ok(values) }
}
