//! DescribeParameters and GetParametersByPath: the parameters of a scope.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter};
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::listing_method::{Progress, Step, next_step};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::scope::Scope;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::details::details_of;
use super::tokens::Tokens;
use super::{SsmParameterStore, listed, parameter_type, spellings, text};
use crate::{ConcurrencyLimiter, Error, ErrorKind, RequestPolicy};

/// DescribeParameters allows 50 a page, and 50 values of a filter.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html>
pub(super) const PAGE: i32 = 50;

/// GetParametersByPath allows 10 a page.
const PAGE_OF_PATH: i32 = 10;

/// How many names a request describes.
const NAMES: usize = 50;

/// How many requests describe names at once.
const CONCURRENCY: usize = 4;

pub(super) async fn describe(store: &SsmParameterStore, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
    let listing = Listing { store, limiter: ConcurrencyLimiter::new(4, 16) };
    let under = |path: &str, recursive: bool| {
        let path = path.trim_end_matches('/').to_owned();
        let listing = &listing;
        // A path filter takes no trailing slash, and what it finds below the root is not documented.
        async move { if path.is_empty() { listing.account().await } else { listing.path(&path, recursive).await } }
    };
    let named = |name: &ParameterName| listing.named(spellings(name).map(str::to_owned).collect());
    let mut found = match scope {
        Scope::One(name) => named(name).await?,
        Scope::Children(path) => under(path.as_str(), false).await?,
        Scope::Subtree(path) => under(path.as_str(), true).await?,
        Scope::NameAndSubtree(name) => {
            let (mut found, mut below) = try_join(named(name), under(name.as_str(), true)).await?;
            found.append(&mut below);
            found
        }
    };
    // The account holds other parameters too, and both spellings of a root-level name may have been asked for.
    found.retain(|parameter| scope.contains(&parameter.name));
    found.sort_by(|a, b| (&a.name, a.spelling.len()).cmp(&(&b.name, b.spelling.len())));
    found.dedup_by(|later, earlier| later.name == earlier.name);
    Ok(found)
}

/// Parameters by their spelling.
type Found = BTreeMap<String, CurrentParameter>;

struct Listing<'a> {
    store: &'a SsmParameterStore,
    /// The quota of DescribeParameters is not published, and low.
    limiter: ConcurrencyLimiter,
}

/// How far the pages of a listing have been read.
#[derive(Default)]
struct Pages {
    tokens: Tokens,
    next: Option<String>,
    ended: bool,
}

impl Pages {
    fn read(&mut self, token: Option<String>) -> Result<(), Error> {
        self.next = self.tokens.next(token)?;
        self.ended = self.next.is_none();
        Ok(())
    }
}

impl Listing<'_> {
    /// All parameters of the account.
    async fn account(&self) -> Result<Vec<CurrentParameter>, Error> {
        let (mut pages, mut found) = (Pages::default(), Found::new());
        while !pages.ended {
            self.account_page(&mut pages, &mut found).await?;
        }
        Ok(found.into_values().collect())
    }

    /// The parameters below a path, and perhaps others: see [`next_step`].
    async fn path(&self, path: &str, recursive: bool) -> Result<Vec<CurrentParameter>, Error> {
        let (mut account, mut found) = (Pages::default(), Found::new());
        let (mut of_path, mut names) = (Pages::default(), Vec::new());
        let beginning = format!("{path}/");
        let mut progress = Progress::default();
        let mut by_path_refused = false;
        loop {
            match if by_path_refused && !account.ended { Step::Account } else { next_step(progress) } {
                Step::Both => {
                    let by_path = self.path_page(path, recursive, &mut of_path, &mut names);
                    match try_join(by_path, self.account_page(&mut account, &mut found)).await {
                        // Whoever may not list the path lists the account.
                        Err(error) if is_denied_by_path(&error) => {
                            by_path_refused = true;
                            RequestPolicy::current().remark(
                                "ssm:GetParametersByPath is not allowed: parameters are listed with those of the whole account",
                            );
                        }
                        read => drop(read?),
                    }
                    progress.pages_of_both += 1;
                }
                Step::Account => self.account_page(&mut account, &mut found).await?,
                Step::Path => {
                    let mut some = self.path_to_its_end(path, recursive, &mut of_path, names, &found).await?;
                    found.retain(|spelling, _| spelling.starts_with(&beginning));
                    some.extend(found.into_values());
                    return Ok(some);
                }
                Step::Done => return Ok(found.into_values().collect()),
            }
            progress.path_ended = of_path.ended;
            progress.account_ended = account.ended;
            progress.seen = found.len();
            progress.within = found.keys().filter(|spelling| spelling.starts_with(&beginning)).count();
        }
    }

    /// Lists the rest of a path, and describes what is not described yet while it is listed.
    async fn path_to_its_end(
        &self,
        path: &str,
        recursive: bool,
        of_path: &mut Pages,
        mut names: Vec<String>,
        described: &Found,
    ) -> Result<Vec<CurrentParameter>, Error> {
        let (sender, mut receiver) = unbounded_channel();
        let listing = async {
            // Dropped at the end, which ends the describing.
            let sender: UnboundedSender<Vec<String>> = sender;
            loop {
                names.retain(|name| !described.contains_key(name));
                while names.len() >= NAMES || (of_path.ended && !names.is_empty()) {
                    let chunk = names.drain(..names.len().min(NAMES)).collect();
                    sender.send(chunk).ok();
                }
                if of_path.ended {
                    return Ok(());
                }
                self.path_page(path, recursive, of_path, &mut names).await?;
            }
        };
        let describing = stream::poll_fn(|context| receiver.poll_recv(context))
            .map(|names| self.named(names))
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_collect::<Vec<_>>();
        let ((), found) = try_join(listing, describing).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn account_page(&self, pages: &mut Pages, found: &mut Found) -> Result<(), Error> {
        let page = self.limiter.run(|| self.describe_page(None, pages.next.clone())).await?;
        found.extend(page.0.into_iter().map(|parameter| (parameter.spelling.clone(), parameter)));
        pages.read(page.1)
    }

    /// Names alone: values are not decrypted, and not kept.
    async fn path_page(
        &self,
        path: &str,
        recursive: bool,
        pages: &mut Pages,
        names: &mut Vec<String>,
    ) -> Result<(), Error> {
        let page = self.limiter.run(|| async {
            let page = self.store.client.get_parameters_by_path().path(path).recursive(recursive);
            let page = page.with_decryption(false).max_results(PAGE_OF_PATH).set_next_token(pages.next.clone());
            page.send().await.map_err(|error| Error::from_sdk(LIST_PATH, &error))
        });
        let page = page.await?;
        let listed = listed(page.parameters.as_ref(), LIST_PATH)?;
        names.extend(listed.iter().filter_map(|parameter| parameter.name().map(str::to_owned)));
        pages.read(page.next_token)
    }

    /// Those of these spellings that exist.
    async fn named(&self, names: Vec<String>) -> Result<Vec<CurrentParameter>, Error> {
        let filter = filter("Name", "Equals", names)?;
        let (mut pages, mut found) = (Pages::default(), Vec::new());
        while !pages.ended {
            let page = self.limiter.run(|| self.describe_page(filter.clone(), pages.next.clone())).await?;
            found.extend(page.0);
            pages.read(page.1)?;
        }
        Ok(found)
    }

    async fn describe_page(
        &self,
        filter: Option<ParameterStringFilter>,
        token: Option<String>,
    ) -> Result<(Vec<CurrentParameter>, Option<String>), Error> {
        let page = self.store.client.describe_parameters().max_results(PAGE);
        let page = page.set_parameter_filters(filter.map(|filter| vec![filter])).set_next_token(token);
        let page = page.send().await.map_err(|error| Error::from_sdk(LIST, &error))?;
        self.store.learn_arns(page.parameters());
        let mut found = Vec::new();
        for metadata in listed(page.parameters.as_ref(), LIST)? {
            // A name that is none of Parameter Store's (a public or shared parameter's ARN) is not ours to restore.
            found.extend(convert(metadata)?);
        }
        Ok((found, page.next_token))
    }
}

pub(super) const LIST: &str = "list the parameters";

/// What a page of a path fails at.
const LIST_PATH: &str = "list the parameters of the path";

fn is_denied_by_path(error: &Error) -> bool {
    error.kind == ErrorKind::AccessDenied && error.message.contains(LIST_PATH)
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
        details: details_of!(metadata),
    }))
}
