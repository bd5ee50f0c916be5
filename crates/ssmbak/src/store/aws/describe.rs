//! DescribeParameters.

use std::collections::BTreeSet;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::describe_parameters::DescribeParametersOutput;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details};
use ssmbak_core::scope::Scope;
use ssmbak_core::scope::beginnings::{Piece, pieces};

use super::tokens::Tokens;
use super::{parameter_type, policies, spellings, text, timestamp, version_number};
use crate::store::LikelyNames;
use crate::{Error, Gate};

/// DescribeParameters allows 50 a page.
pub(super) const PAGE: i32 = 50;

/// How many pages are read one after another before the names are cut into pieces that are listed at the same time.
const PAGES_IN_A_ROW: usize = 5;

/// How many are, if it is not known yet which names are likely; and of a piece, which may be longer than was known.
const MORE_PAGES_IN_A_ROW: usize = 20;

/// Into how many pieces.
const PIECES: usize = 24;

/// A list is cut as often as this: what the first cut knew nothing of may be a long list itself.
const CUTS: u32 = 3;

/// DescribeParameters, page by page, bounded by its quota.
struct Describing<'a> {
    client: &'a Client,
    likely: &'a LikelyNames,
    /// The quota of DescribeParameters is not published, and low.
    gate: Gate,
}

pub(super) async fn describe(
    client: &Client,
    scope: &Scope,
    likely: &LikelyNames,
) -> Result<Vec<CurrentParameter>, Error> {
    let describing = Describing { client, likely, gate: Gate::new(4, 16) };
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
        found.append(&mut describing.list(filter, prefix.into_iter().collect(), CUTS).await?);
    }
    // Emulators ignore some filters, and both spellings of a root-level name may have been asked for.
    found.retain(|parameter| scope.contains(&parameter.name));
    found.sort_by(|a, b| (&a.name, a.spelling.len()).cmp(&(&b.name, b.spelling.len())));
    found.dedup_by(|later, earlier| later.name == earlier.name);
    Ok(found)
}

impl Describing<'_> {
    /// All that the filter finds, which is what begins with one of `beginnings`, where there are any.
    async fn list(
        &self,
        filter: Option<ParameterStringFilter>,
        beginnings: Vec<String>,
        cuts: u32,
    ) -> Result<Vec<CurrentParameter>, Error> {
        let mut found = Vec::new();
        let (mut pages, mut next, mut cut) = (0, None, false);
        let mut tokens = Tokens::default();
        loop {
            let page = self.gate.pass(|| page(self.client, filter.clone(), next.clone())).await?;
            for metadata in page.parameters() {
                // A name that is none of Parameter Store's (a public or shared parameter's ARN) is not ours to restore.
                found.extend(convert(metadata)?);
            }
            next = tokens.next(page.next_token)?;
            pages += 1;
            if next.is_none() {
                return Ok(found);
            }
            let waits = cuts < CUTS || self.likely.more_to_come();
            let due = pages == MORE_PAGES_IN_A_ROW || (pages >= PAGES_IN_A_ROW && !waits);
            if due && !cut && cuts > 0 && !beginnings.is_empty() {
                cut = true;
                // It is documented that a filter takes several values, and not what that means: if they do not find
                // again what was found already, it goes on page by page.
                if let Some(all) = self.list_pieces(&beginnings, &found, cuts - 1).await? {
                    return Ok(all);
                }
            }
        }
    }

    /// Lists everything that begins with one of `beginnings`, cut where the names found so far and the likely ones suggest;
    /// `None` if some of those found are missing then.
    async fn list_pieces(
        &self,
        beginnings: &[String],
        found: &[CurrentParameter],
        cuts: u32,
    ) -> Result<Option<Vec<CurrentParameter>>, Error> {
        let mut known: BTreeSet<String> = found.iter().map(|parameter| parameter.spelling.clone()).collect();
        known.extend(beginnings.iter().flat_map(|beginning| self.likely.beginning_with(beginning)));
        let most = known.len().div_ceil(PIECES).max(PAGES_IN_A_ROW * PAGE as usize);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let cut = pieces(beginnings, &known, most);
        let listed = stream::iter(cut).map(|piece| self.list_piece(piece, cuts)).buffer_unordered(PIECES);
        let all: Vec<CurrentParameter> = match listed.try_collect::<Vec<_>>().await {
            Ok(listed) => listed.into_iter().flatten().collect(),
            Err(error) => {
                use crate::ErrorKind::{AccessDenied, Credentials, Throttled, Unreachable};
                let telling = matches!(error.kind, AccessDenied | Credentials | Throttled | Unreachable);
                return if telling { Err(error) } else { Ok(None) };
            }
        };
        let names: BTreeSet<&str> = all.iter().map(|parameter| parameter.spelling.as_str()).collect();
        let complete = found.iter().all(|parameter| {
            let within = beginnings.iter().any(|beginning| parameter.spelling.starts_with(beginning));
            !within || names.contains(parameter.spelling.as_str())
        });
        Ok(complete.then_some(all))
    }

    async fn list_piece(&self, piece: Piece, cuts: u32) -> Result<Vec<CurrentParameter>, Error> {
        let (filter, beginnings) = match piece {
            Piece::BeginningWith(beginnings) => (filter("Name", "BeginsWith", beginnings.clone())?, beginnings),
            Piece::Exactly(names) => (filter("Name", "Equals", names)?, Vec::new()),
        };
        Box::pin(self.list(filter, beginnings, cuts)).await
    }
}

async fn page(
    client: &Client,
    filter: Option<ParameterStringFilter>,
    token: Option<String>,
) -> Result<DescribeParametersOutput, Error> {
    client
        .describe_parameters()
        .max_results(PAGE)
        .set_parameter_filters(filter.map(|filter| vec![filter]))
        .set_next_token(token)
        .send()
        .await
        .map_err(|error| Error::from_sdk("list the parameters", &error))
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
