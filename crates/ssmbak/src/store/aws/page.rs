//! DescribeParameters, one page at a time, and for names that are given.

use std::collections::BTreeMap;

use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;

use super::describe::{LIST, PAGE, convert, filter};
use super::tokens::{Tokens, endless};
use super::{SsmParameterStore, listed, spellings};
use crate::Error;
use crate::store::ParameterPage;

/// A filter of DescribeParameters takes 50 values.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html>
const FILTER_VALUES: usize = 50;

const FIND: &str = "look for parameters";

pub(super) async fn page(store: &SsmParameterStore, token: Option<&str>) -> Result<ParameterPage, Error> {
    let output = store
        .client
        .describe_parameters()
        .max_results(PAGE)
        .set_next_token(token.map(str::to_owned))
        .send()
        .await
        .map_err(|error| Error::from_sdk(LIST, &error))?;
    let listed = listed(output.parameters.as_ref(), LIST)?;
    store.learn_arns(output.parameters());
    let next = output.next_token().filter(|next| !next.is_empty());
    if next.is_some() && next == token {
        return Err(endless());
    }
    let mut page = ParameterPage { parameters: BTreeMap::new(), next: next.map(str::to_owned) };
    for metadata in listed {
        // A name that is none of Parameter Store's is not ours; what else is odd concerns this name alone.
        if let Some(name) = metadata.name().and_then(|spelling| ParameterName::parse(spelling).ok()) {
            page.parameters.insert(name, convert(metadata).unwrap_or_default());
        }
    }
    Ok(page)
}

pub(super) async fn find(
    store: &SsmParameterStore,
    names: &[ParameterName],
) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
    let all: Vec<String> = names.iter().flat_map(spellings).map(str::to_owned).collect();
    let mut found = BTreeMap::new();
    for asked in all.chunks(FILTER_VALUES) {
        let filters = filter("Name", "Equals", asked.to_vec())?.map(|filter| vec![filter]);
        let (mut next, mut tokens) = (None, Tokens::default());
        loop {
            let page = store.client.describe_parameters().max_results(PAGE).set_parameter_filters(filters.clone());
            let page = page.set_next_token(next).send().await;
            let page = page.map_err(|error| Error::from_sdk(FIND, &error))?;
            store.learn_arns(page.parameters());
            // What is odd counts as not listed, and is looked at by itself.
            let parameters =
                listed(page.parameters.as_ref(), FIND)?.iter().filter_map(|metadata| convert(metadata).ok().flatten());
            found.extend(parameters.map(|parameter| (parameter.name.clone(), parameter)));
            next = tokens.next(page.next_token)?;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(found)
}
