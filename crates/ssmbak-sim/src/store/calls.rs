//! The calls of Parameter Store.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Instant;

use ssmbak::store::{ParameterPage, ParameterStore, PutParameter, TagsByName};
use ssmbak::{Error, ErrorKind};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue, ParameterVersion};
use ssmbak_core::scope::Scope;

use super::habits::take_one;
use super::{FakeStore, HistoryRead, thrown};

/// Parameters in a page of a listing: few, so that there are several.
const PAGE: usize = 3;

fn named(spelling: &str) -> Result<ParameterName, Error> {
    ParameterName::parse(spelling).map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))
}

impl FakeStore {
    fn begin_slow_put(&self) -> Option<std::time::Duration> {
        let mut state = self.lock();
        let latency = state.habits.put_latency?;
        state.put_starts.push(Instant::now());
        Some(latency)
    }
}

impl ParameterStore for FakeStore {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        self.faults
            .call("history", || {
                let (as_of, mut state) = self.read();
                if take_one(&mut state.habits.empty_histories) {
                    return Ok(None);
                }
                let masked = |mut version: ParameterVersion| {
                    version.value = version.value.clone().filter(|_| state.readable(&version));
                    version
                };
                let versions = state.parameter(name, as_of).map(|parameter| parameter.versions.clone());
                let versions: Option<Vec<_>> = versions.map(|versions| versions.into_iter().map(masked).collect());
                let read = HistoryRead { name: name.clone(), versions: versions.clone().unwrap_or_default() };
                self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(read);
                Ok(versions)
            })
            .await
    }

    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        self.faults
            .call("tags", || {
                let (as_of, state) = self.read();
                let as_of = state.late_lookup().unwrap_or(as_of);
                Ok(state.parameter(name, as_of).map(|parameter| parameter.tags.clone()).unwrap_or_default())
            })
            .await
    }

    async fn tags_of_many(&self, names: &[ParameterName]) -> Result<Option<TagsByName>, Error> {
        self.faults
            .call("tags_of_many", || {
                let (as_of, state) = self.read();
                if state.habits.has_no_index {
                    return Ok(None);
                }
                let indexed = names.iter().filter(|name| !state.habits.unindexed.contains(name.as_str()));
                let tags = |name: &ParameterName| Some((name.clone(), state.parameter(name, as_of)?.tags.clone()));
                Ok(Some(indexed.filter_map(tags).filter(|(_, tags)| !tags.is_empty()).collect()))
            })
            .await
    }

    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        self.faults
            .call("describe", || {
                let (as_of, state) = self.read();
                let as_of = state.late_lookup().unwrap_or(as_of);
                let all = state.all(as_of).filter(|(name, _)| scope.contains(name));
                Ok(all.filter_map(|(name, parameter)| parameter.listed(name)).collect())
            })
            .await
    }

    async fn page(&self, token: Option<&str>) -> Result<ParameterPage, Error> {
        self.faults
            .call("page", || {
                let (as_of, state) = self.read();
                // Backwards from the last name of the page before: an order that is not that of the names.
                let left = state.all(as_of).rev().filter(|(name, _)| token.is_none_or(|token| name.as_str() < token));
                // A name may be missing from its page: parameters that move during a listing are skipped.
                let left = left.filter(|_| !self.lag.skips());
                let page: Vec<_> = left.take(PAGE + 1).collect();
                let more = page.len() > PAGE;
                let page = &page[..page.len().min(PAGE)];
                let next = page.last().filter(|_| more).map(|(name, _)| name.as_str().to_owned());
                let listed = page.iter().map(|(name, parameter)| ((*name).clone(), parameter.listed(name)));
                Ok(ParameterPage { parameters: listed.collect(), next })
            })
            .await
    }

    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        self.faults
            .call("find", || {
                let (mut as_of, mut state) = self.read();
                if let Some((then, left)) = &mut state.habits.late_lookups
                    && take_one(left)
                {
                    as_of = *then;
                }
                let found =
                    names.iter().filter_map(|name| Some((name.clone(), state.parameter(name, as_of)?.listed(name)?)));
                Ok(found.collect())
            })
            .await
    }

    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        self.faults
            .call("values", || {
                let (as_of, state) = self.read();
                let mut values = BTreeMap::new();
                for spelling in spellings {
                    let name = named(spelling)?;
                    let Some(present) = state.parameter(&name, as_of).and_then(|parameter| parameter.versions.last())
                    else {
                        continue;
                    };
                    let value = match &present.value {
                        Some(value) if state.readable(present) => Ok(value.clone()),
                        _ => Err(thrown("GetParameters", "InvalidKeyId", &format!("read {name}"))),
                    };
                    values.insert(spelling.clone(), value);
                }
                Ok(values)
            })
            .await
    }

    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        if let Some(latency) = self.begin_slow_put() {
            tokio::time::sleep(latency).await;
        }
        self.faults
            .call("put", || {
                let now = self.clock.now();
                let mut state = self.lock();
                let mut done = state.put(put, now);
                if take_one(&mut state.habits.lost_put_answers) {
                    done = state.put(put, now);
                }
                done?;
                let present =
                    state.parameters.get(&named(&put.spelling)?).and_then(|parameter| parameter.versions.last());
                Ok(present.map(|present| present.details.version))
            })
            .await
    }

    async fn set_tags(&self, spelling: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        self.faults
            .call("set_tags", || {
                let name = named(spelling)?;
                let mut state = self.lock();
                if !add.is_empty() && take_one(&mut state.habits.refused_tags) {
                    return Err(thrown("AddTagsToResource", "AccessDeniedException", &format!("tag {name}")));
                }
                let Some(parameter) = state.parameters.get_mut(&name) else {
                    return Err(thrown("AddTagsToResource", "InvalidResourceId", &format!("tag {name}")));
                };
                parameter.tags.retain(|key, _| !remove.contains(key));
                parameter.tags.extend(add.clone());
                let now = self.clock.now();
                state.remember(&name, now);
                state.journal.push(format!("tag {name}"));
                Ok(())
            })
            .await
    }

    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        self.faults
            .call("delete", || {
                if spellings.len() > 10 {
                    return Err(thrown("DeleteParameters", "ValidationException", "delete"));
                }
                let mut state = self.lock();
                let mut left = Vec::new();
                for spelling in spellings {
                    let name = named(spelling)?;
                    if state.habits.undeletable.contains(name.as_str()) || state.parameters.remove(&name).is_none() {
                        left.push(spelling.clone());
                    } else {
                        let now = self.clock.now();
                        state.remember(&name, now);
                        state.journal.push(format!("delete {name}"));
                    }
                }
                Ok(left)
            })
            .await
    }
}
