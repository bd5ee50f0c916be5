//! GetResources of the Resource Groups Tagging API: the tags of a hundred parameters a request.
//!
//! Parameters without tags do not appear in it, deleted ones may, and changes appear in it within minutes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_resourcegroupstagging::Client;
use ssmbak_core::name::ParameterName;

use super::super::TagsByName;
use super::tags::RESERVED;
use super::tokens::Tokens;
use crate::rate_limiter::RateLimiter;
use crate::{Error, ErrorKind, RequestPolicy};

/// A request takes 100 ARNs.
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
pub(crate) const ARNS: usize = 100;

/// What ARNs of parameters have before the name without its slash.
const BEFORE_NAME: &str = ":parameter/";

#[derive(Clone, Debug)]
pub(super) struct BulkTags {
    client: Client,
    /// What all ARNs begin with: account and region are learned from a listing.
    beginning: Arc<OnceLock<String>>,
    /// Whether it was refused, which it would be again.
    refused: Arc<AtomicBool>,
}

impl BulkTags {
    pub(super) fn new(client: Client) -> Self {
        Self { client, beginning: Arc::default(), refused: Arc::default() }
    }

    pub(super) fn within(self, limiter: &RateLimiter) -> Self {
        let config = self.client.config();
        let mut builder = config.to_builder().interceptor(limiter.clone());
        builder.set_http_client(config.http_client().map(|http| limiter.paced(http)));
        Self { client: Client::from_conf(builder.build()), ..self }
    }

    pub(super) fn learn<'a>(&self, mut listed: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) {
        if self.beginning.get().is_none()
            && let Some(beginning) = listed.find_map(|(arn, name)| beginning_of(arn?, name?))
        {
            self.beginning.get_or_init(|| beginning.to_owned());
        }
    }

    /// `None`: it cannot be asked.
    pub(super) async fn read(&self, names: &[ParameterName]) -> Result<Option<TagsByName>, Error> {
        let Some(beginning) = self.beginning.get().filter(|_| !self.refused.load(Ordering::Relaxed)) else {
            return Ok(None);
        };
        let mut tags = TagsByName::new();
        for names in names.chunks(ARNS) {
            match self.chunk(beginning, names).await {
                Ok(some) => tags.extend(some),
                // What may pass is no reason to make a hundred requests instead of one.
                Err(error) if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Credentials) => return Err(error),
                Err(error) => {
                    if !self.refused.swap(true, Ordering::Relaxed) {
                        tracing::warn!(code = error.kind.code(), "tags are read one by one: {error}");
                        if error.kind == ErrorKind::AccessDenied {
                            RequestPolicy::current()
                                .remark("allow tag:GetResources to read tags in bulk: they are read one by one");
                        }
                    }
                    return Ok(None);
                }
            }
        }
        Ok(Some(tags))
    }

    async fn chunk(&self, beginning: &str, names: &[ParameterName]) -> Result<TagsByName, Error> {
        let of_arn: BTreeMap<String, &ParameterName> =
            names.iter().map(|name| (format!("{beginning}{}", name.as_str().trim_start_matches('/')), name)).collect();
        let (mut found, mut next, mut tokens) = (TagsByName::new(), None, Tokens::default());
        loop {
            let arns = of_arn.keys().cloned().collect();
            let page = self.client.get_resources().set_resource_arn_list(Some(arns)).set_pagination_token(next);
            let page = page.send().await.map_err(|error| Error::from_sdk("read the tags of the parameters", &error))?;
            for resource in page.resource_tag_mapping_list() {
                let Some(name) = resource.resource_arn().and_then(|arn| of_arn.get(arn)) else { continue };
                let own = resource.tags().iter().filter(|tag| !tag.key().starts_with(RESERVED));
                let own = own.map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                found.entry((*name).clone()).or_default().extend(own);
            }
            // AWS answers ARNs in one page; emulators may take several.
            next = tokens.next(page.pagination_token)?;
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}

/// What an ARN has before the name, its slash included.
fn beginning_of<'a>(arn: &'a str, name: &str) -> Option<&'a str> {
    arn.strip_suffix(name.trim_start_matches('/')).filter(|beginning| beginning.ends_with(BEFORE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_all_parameters_begin_alike() {
        let beginning = Some("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/");
        assert_eq!(beginning_of("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a/b", "/a/b"), beginning);
        assert_eq!(beginning_of("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/root", "root"), beginning);
        assert_eq!(beginning_of("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/root", "/root"), beginning);
        assert_eq!(beginning_of("arn:aws:ssm:eu-west-1:123456789012:parameter/a/b", "/c"), None);
        assert_eq!(beginning_of("/a/b", "/a/b"), None);
    }
}
