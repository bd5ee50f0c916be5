//! GetParameterHistory, and GetParameter version by version where a key is out of reach.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterHistory;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{ParameterType, ParameterValue, ParameterVersion};

use super::details::details_of;
use super::tokens::Tokens;
use super::{listed, parameter_type, spellings, text};
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

pub(super) async fn history(client: &Client, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
    for spelling in spellings(name) {
        match pages(client, spelling, true).await {
            Ok(versions) => {
                return versions.iter().map(|version| convert(version, true)).collect::<Result<_, _>>().map(Some);
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            // One version's key fails the call as a whole, whatever the other versions' keys.
            Err(error) if may_concern_a_key(&error) => return one_by_one(client, spelling, &error).await.map(Some),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Parameter Store passes KMS's refusals on under several codes, AccessDenied among them.
fn may_concern_a_key(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::KeyUnusable | ErrorKind::AccessDenied | ErrorKind::Refused | ErrorKind::Other)
}

async fn pages(client: &Client, spelling: &str, decrypt: bool) -> Result<Vec<ParameterHistory>, Error> {
    let (mut found, mut next, mut tokens) = (Vec::new(), None, Tokens::default());
    loop {
        let page = client.get_parameter_history().name(spelling).with_decryption(decrypt).set_next_token(next);
        let page = page.send().await;
        let task = format!("read the history of {spelling}");
        let page = page.map_err(|error| Error::from_sdk(&task, &error))?;
        listed(page.parameters.as_ref(), &task)?;
        found.extend(page.parameters.unwrap_or_default());
        next = tokens.next(page.next_token)?;
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn one_by_one(client: &Client, spelling: &str, cause: &Error) -> Result<Vec<ParameterVersion>, Error> {
    let listed = pages(client, spelling, false).await.map_err(|_| cause.clone())?;
    stream::iter(listed)
        .map(|listed| async move {
            let mut version = convert(&listed, false)?;
            if version.value.is_none() {
                version.value = decrypted(client, spelling, version.details.version).await?;
            }
            Ok(version)
        })
        .buffered(STORE_CONCURRENCY)
        .boxed()
        .try_collect()
        .await
}

/// One version's value, `None` if its key is out of reach.
async fn decrypted(client: &Client, spelling: &str, version: u64) -> Result<Option<ParameterValue>, Error> {
    let read = client.get_parameter().name(format!("{spelling}:{version}")).with_decryption(true).send().await;
    match read {
        Ok(output) => Ok(output.parameter().and_then(|parameter| parameter.value()).map(ParameterValue::new)),
        Err(error) => {
            let error = Error::from_sdk(&format!("read version {version} of {spelling}"), &error);
            let passing = matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unreachable | ErrorKind::Credentials);
            if passing { Err(error) } else { Ok(None) }
        }
    }
}

fn convert(version: &ParameterHistory, decrypted: bool) -> Result<ParameterVersion, Error> {
    let parameter_type = parameter_type(version.r#type())?;
    let readable = decrypted || parameter_type != ParameterType::SecureString;
    Ok(ParameterVersion {
        value: version.value().filter(|_| readable).map(ParameterValue::new),
        parameter_type,
        description: text(version.description()),
        details: details_of!(version),
    })
}
