//! DescribeParameters.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details};
use ssmbak_core::scope::Scope;

use super::{parameter_type, policies, spellings, text, timestamp, version_number};
use crate::Error;

/// DescribeParameters allows 50 a page.
const PAGE: i32 = 50;

pub(super) async fn describe(client: &Client, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
    let mut found = Vec::new();
    for filter in filters(scope)? {
        let pages: Vec<_> = client
            .describe_parameters()
            .max_results(PAGE)
            .set_parameter_filters(filter.map(|filter| vec![filter]))
            .into_paginator()
            .send()
            .try_collect()
            .await
            .map_err(|error| Error::from_sdk("list the parameters", &error))?;
        for metadata in pages.iter().flat_map(|page| page.parameters()) {
            // A name that is none of Parameter Store's (a public or shared parameter's ARN) is not ours to restore.
            if let Some(parameter) = convert(metadata)? {
                found.push(parameter);
            }
        }
    }
    // Emulators ignore some filters, and both spellings of a root-level name may have been asked for.
    found.retain(|parameter| scope.contains(&parameter.name));
    found.sort_by(|a, b| (&a.name, a.spelling.len()).cmp(&(&b.name, b.spelling.len())));
    found.dedup_by(|later, earlier| later.name == earlier.name);
    Ok(found)
}

/// What to ask for; `None`: everything.
fn filters(scope: &Scope) -> Result<Vec<Option<ParameterStringFilter>>, Error> {
    let filter = |key: &str, option: &str, values: Vec<String>| {
        ParameterStringFilter::builder()
            .key(key)
            .option(option)
            .set_values(Some(values))
            .build()
            .map(Some)
            .map_err(|error| Error::new(crate::ErrorKind::Refused, error.to_string()))
    };
    let equals = |name: &ParameterName| filter("Name", "Equals", spellings(name).map(str::to_owned).collect());
    // A path filter takes no trailing slash; that of the root is not documented, so everything is listed there.
    let under = |path: &str, option: &str| match path.trim_end_matches('/') {
        "" => Ok(None),
        path => filter("Path", option, vec![path.to_owned()]),
    };
    Ok(match scope {
        Scope::One(name) => vec![equals(name)?],
        Scope::Children(path) => vec![under(path.as_str(), "OneLevel")?],
        Scope::Subtree(path) => vec![under(path.as_str(), "Recursive")?],
        Scope::NameAndSubtree(name) => vec![equals(name)?, under(name.as_str(), "Recursive")?],
    })
}

fn convert(metadata: &ParameterMetadata) -> Result<Option<CurrentParameter>, Error> {
    let Some(spelling) = metadata.name() else { return Ok(None) };
    let Ok(name) = ParameterName::parse(spelling) else { return Ok(None) };
    Ok(Some(CurrentParameter {
        name,
        spelling: spelling.to_owned(),
        parameter_type: parameter_type(metadata.r#type())?,
        description: text(metadata.description()),
        details: Details {
            version: version_number(metadata.version())?,
            modified: timestamp(metadata.last_modified_date())?,
            author: text(metadata.last_modified_user()),
            tier: metadata.tier().map(|tier| tier.as_str().to_owned()),
            data_type: text(metadata.data_type()),
            key_id: text(metadata.key_id()),
            allowed_pattern: text(metadata.allowed_pattern()),
            policies: policies(metadata.policies()),
            tags: None,
        },
    }))
}
