//! DescribeParameters.

use std::collections::BTreeSet;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details};
use ssmbak_core::scope::Scope;
use ssmbak_core::scope::beginnings::{Piece, pieces};

use super::{parameter_type, policies, spellings, text, timestamp, version_number};
use crate::Error;

/// DescribeParameters allows 50 a page.
pub(super) const PAGE: i32 = 50;

/// How many pages are read one after another before the names are cut into pieces that are listed at the same time.
const PAGES_IN_A_ROW: usize = 10;

/// How many pieces are listed at the same time: the quota of DescribeParameters is not published, and low.
const PIECES: usize = 8;

pub(super) async fn describe(client: &Client, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
    let mut found = Vec::new();
    for filter in filters(scope)? {
        // Only what begins alike can be cut by beginnings.
        let prefix = match scope {
            Scope::Subtree(path) => Some(path.as_str().to_owned()),
            Scope::NameAndSubtree(name) => Some(format!("{name}/")),
            Scope::One(_) | Scope::Children(_) => None,
        };
        // Root-level names come without their slash.
        let prefix = prefix.map(|prefix| if prefix == "/" { String::new() } else { prefix });
        found.append(&mut list(client, filter, prefix).await?);
    }
    // Emulators ignore some filters, and both spellings of a root-level name may have been asked for.
    found.retain(|parameter| scope.contains(&parameter.name));
    found.sort_by(|a, b| (&a.name, a.spelling.len()).cmp(&(&b.name, b.spelling.len())));
    found.dedup_by(|later, earlier| later.name == earlier.name);
    Ok(found)
}

async fn list(
    client: &Client,
    filter: Option<ParameterStringFilter>,
    prefix: Option<String>,
) -> Result<Vec<CurrentParameter>, Error> {
    let mut found = Vec::new();
    let (mut pages, mut next) = (0, None);
    loop {
        let page = client
            .describe_parameters()
            .max_results(PAGE)
            .set_parameter_filters(filter.clone().map(|filter| vec![filter]))
            .set_next_token(next.take())
            .send()
            .await
            .map_err(|error| Error::from_sdk("list the parameters", &error))?;
        for metadata in page.parameters() {
            // A name that is none of Parameter Store's (a public or shared parameter's ARN) is not ours to restore.
            found.extend(convert(metadata)?);
        }
        next = page.next_token.filter(|token| !token.is_empty());
        pages += 1;
        match &prefix {
            _ if next.is_none() => return Ok(found),
            Some(prefix) if pages == PAGES_IN_A_ROW => {
                // It is documented that a filter takes several values, and not what that means: if they do not find
                // again what was found already, it goes on page by page.
                if let Some(all) = list_pieces(client, prefix, &found).await? {
                    return Ok(all);
                }
            }
            _ => {}
        }
    }
}

/// Lists everything that begins with `prefix`, cut where the names found so far suggest; `None` if some of those are missing.
async fn list_pieces(
    client: &Client,
    prefix: &str,
    sample: &[CurrentParameter],
) -> Result<Option<Vec<CurrentParameter>>, Error> {
    let mut known: Vec<&str> =
        sample.iter().map(|parameter| parameter.spelling.as_str()).filter(|name| name.starts_with(prefix)).collect();
    known.sort_unstable();
    let cut = pieces(prefix, &known, known.len().div_ceil(PIECES));
    let listed = stream::iter(cut).map(|piece| list_piece(client, piece)).buffer_unordered(PIECES);
    let found: Vec<CurrentParameter> = match listed.try_collect::<Vec<_>>().await {
        Ok(found) => found.into_iter().flatten().collect(),
        Err(error) => {
            use crate::ErrorKind::{AccessDenied, Credentials, Throttled, Unreachable};
            let telling = matches!(error.kind, AccessDenied | Credentials | Throttled | Unreachable);
            return if telling { Err(error) } else { Ok(None) };
        }
    };
    let names: BTreeSet<&str> = found.iter().map(|parameter| parameter.spelling.as_str()).collect();
    let complete = known.iter().all(|name| names.contains(name));
    Ok(complete.then_some(found))
}

async fn list_piece(client: &Client, piece: Piece) -> Result<Vec<CurrentParameter>, Error> {
    let filter = match piece {
        Piece::BeginningWith(beginnings) => filter("Name", "BeginsWith", beginnings)?,
        Piece::Exactly(names) => filter("Name", "Equals", names)?,
    };
    Box::pin(list(client, filter, None)).await
}

/// What to ask for; `None`: everything.
fn filters(scope: &Scope) -> Result<Vec<Option<ParameterStringFilter>>, Error> {
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

pub(super) fn filter(key: &str, option: &str, values: Vec<String>) -> Result<Option<ParameterStringFilter>, Error> {
    ParameterStringFilter::builder()
        .key(key)
        .option(option)
        .set_values(Some(values))
        .build()
        .map(Some)
        .map_err(|error| Error::new(crate::ErrorKind::Refused, error.to_string()))
}

pub(super) fn convert(metadata: &ParameterMetadata) -> Result<Option<CurrentParameter>, Error> {
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
