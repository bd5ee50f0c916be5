//! ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use ssmbak_core::name::ParameterName;

use super::spellings;
use crate::{Error, ErrorKind};

/// Tags of AWS's own cannot be set by anybody else.
pub(super) const RESERVED: &str = "aws:";

pub(super) async fn tags(client: &Client, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
    for spelling in spellings(name) {
        let read = client
            .list_tags_for_resource()
            .resource_type(ResourceTypeForTagging::Parameter)
            .resource_id(spelling)
            .send()
            .await;
        match read {
            Ok(output)
                if output.tag_list().is_empty() && name.unslashed_name().is_some_and(|root| root != spelling) => {}
            Ok(output) => {
                let tags = output.tag_list().iter();
                return Ok(tags
                    .filter(|tag| !tag.key().starts_with(RESERVED))
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                    .collect());
            }
            Err(error) => {
                let error = Error::from_sdk(&format!("read the tags of {spelling}"), &error);
                if error.kind != ErrorKind::NotFound {
                    return Err(error);
                }
            }
        }
    }
    Ok(BTreeMap::new())
}

pub(super) async fn set_tags(
    client: &Client,
    spelling: &str,
    add: &BTreeMap<String, String>,
    remove: &[String],
) -> Result<(), Error> {
    let resource = ResourceTypeForTagging::Parameter;
    if !remove.is_empty() {
        client
            .remove_tags_from_resource()
            .resource_type(resource.clone())
            .resource_id(spelling)
            .set_tag_keys(Some(remove.to_vec()))
            .send()
            .await
            .map_err(|error| Error::from_sdk(&format!("remove tags of {spelling}"), &error))?;
    }
    if !add.is_empty() {
        let tags: Result<Vec<Tag>, _> =
            add.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let tags = tags.map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
        client
            .add_tags_to_resource()
            .resource_type(resource)
            .resource_id(spelling)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(|error| Error::from_sdk(&format!("tag {spelling}"), &error))?;
    }
    Ok(())
}
