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
    Ok(spellings.iter().filter(|name| !output.deleted_parameters().contains(name)).cloned().collect())
}
