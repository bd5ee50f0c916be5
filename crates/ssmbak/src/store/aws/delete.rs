//! DeleteParameters.

use aws_sdk_ssm::Client;

use crate::Error;

pub(super) async fn delete(client: &Client, spellings: &[String]) -> Result<Vec<String>, Error> {
    let output = client
        .delete_parameters()
        .set_names(Some(spellings.to_vec()))
        .send()
        .await
        .map_err(|error| Error::from_sdk("delete parameters", &error))?;
    // Parameter Store may answer with the other spelling of a root-level name.
    let same = |a: &str, b: &str| a.trim_start_matches('/') == b.trim_start_matches('/');
    let deleted = |name: &str| output.deleted_parameters().iter().any(|done| same(done, name));
    let invalid = |name: &str| output.invalid_parameters().iter().any(|left| same(left, name));
    Ok(spellings.iter().filter(|name| invalid(name) || !deleted(name)).cloned().collect())
}
