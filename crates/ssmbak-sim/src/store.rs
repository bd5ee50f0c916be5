//! Parameter Store by its documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ssmbak::store::{ParameterPage, ParameterStore, PutParameter, TagsByName};
use ssmbak::{Error, ErrorKind};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Details, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::scope::Scope;

use crate::{Clock, Faults, Lag};

/// Parameter Store keeps 100 versions of a parameter.
pub const KEPT_VERSIONS: usize = 100;
/// Parameters in a page of a listing: few, so that there are several.
const PAGE: usize = 3;
/// The key that a SecureString has when none is given.
pub const DEFAULT_KEY: &str = "alias/aws/ssm";

/// What Parameter Store does where the documentation leaves it open, or where an account differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// How many versions of a parameter are kept.
    pub kept_versions: usize,
    /// Whether a type can be changed in place.
    pub changes_type: bool,
    /// Whether an overwrite keeps the description and pattern that it leaves out.
    pub keeps_omitted: bool,
    /// KMS keys that cannot be used.
    pub disabled_keys: BTreeSet<String>,
    /// Whose milliseconds, divided by three, leave this rest, those versions cannot be decrypted.
    pub locked_third: Option<i64>,
    /// Names that DeleteParameters refuses.
    pub undeletable: BTreeSet<String>,
    /// Names that PutParameter refuses.
    pub unwritable: BTreeSet<String>,
    /// Image ids that are not there: a put of one is answered as if it were done, and nothing comes of it.
    pub missing_images: BTreeSet<String>,
    /// Names that the index of tags does not show, or not yet.
    pub unindexed: BTreeSet<String>,
    /// Whether nobody may ask that index.
    pub has_no_index: bool,
}

/// The errors that this Parameter Store throws, by operation. A test compares them with AWS's service models.
pub const THROWN: [(&str, &str); 8] = [
    ("PutParameter", "AccessDeniedException"),
    ("PutParameter", "HierarchyTypeMismatchException"),
    ("PutParameter", "InvalidKeyId"),
    ("PutParameter", "ParameterAlreadyExists"),
    ("PutParameter", "ValidationException"),
    ("GetParameters", "InvalidKeyId"),
    ("AddTagsToResource", "InvalidResourceId"),
    ("DeleteParameters", "ValidationException"),
];

/// The error that an operation is answered with.
fn thrown(operation: &str, code: &str, what: &str) -> Error {
    debug_assert!(THROWN.contains(&(operation, code)), "{operation} does not throw {code}");
    Error::new(ErrorKind::of_code(code), format!("cannot {what}: {code}"))
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            kept_versions: KEPT_VERSIONS,
            changes_type: true,
            keeps_omitted: true,
            disabled_keys: BTreeSet::new(),
            locked_third: None,
            undeletable: BTreeSet::new(),
            unwritable: BTreeSet::new(),
            missing_images: BTreeSet::new(),
            unindexed: BTreeSet::new(),
            has_no_index: false,
        }
    }
}

/// A Parameter Store in memory.
#[derive(Clone, Debug)]
pub struct FakeStore {
    clock: Clock,
    faults: Faults,
    lag: Lag,
    state: Arc<Mutex<State>>,
    looks: Arc<Mutex<Vec<Look>>>,
}

/// What one read of a history showed.
#[derive(Clone, Debug)]
pub struct Look {
    /// Of which parameter.
    pub name: ParameterName,
    /// Its versions, those that cannot be decrypted without a value; none: it was not there.
    pub versions: Vec<ParameterVersion>,
    /// When it was read.
    pub at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    habits: Habits,
    parameters: BTreeMap<ParameterName, Parameter>,
    /// What was done, in order, `put /a`, `delete /a`.
    journal: Vec<String>,
    /// What each parameter was, since when, as lagging reads show it.
    past: BTreeMap<ParameterName, Vec<(Timestamp, Option<Parameter>)>>,
}

#[derive(Clone, Debug, Default)]
struct Parameter {
    versions: Vec<ParameterVersion>,
    tags: BTreeMap<String, String>,
}

impl Parameter {
    fn listed(&self, name: &ParameterName) -> Option<CurrentParameter> {
        let present = self.versions.last()?;
        Some(CurrentParameter {
            name: name.clone(),
            spelling: name.unslashed_name().unwrap_or(name.as_str()).to_owned(),
            parameter_type: present.parameter_type,
            description: present.description.clone(),
            details: present.details.clone(),
        })
    }
}

impl FakeStore {
    /// An empty one.
    pub fn new(clock: Clock, faults: Faults) -> Self {
        Self { clock, faults, lag: Lag::default(), state: Arc::default(), looks: Arc::default() }
    }

    /// How old its answers are.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// What its histories have shown since this was asked last.
    pub fn take_looks(&self) -> Vec<Look> {
        std::mem::take(&mut self.looks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same store, with looks of its own.
    #[must_use]
    pub fn with_own_looks(&self) -> Self {
        Self { looks: Arc::default(), ..self.clone() }
    }

    /// As of when a read is answered.
    fn as_of(&self) -> Timestamp {
        self.clock.now().checked_sub(self.lag.next()).unwrap_or(Timestamp::MIN)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes its habits.
    pub fn with_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.lock().habits);
    }

    /// What was written, in order: `put /a`, `delete /a`, `tag /a`.
    pub fn journal(&self) -> Vec<String> {
        self.lock().journal.clone()
    }

    /// The versions kept of a parameter, whatever its keys; no call is counted.
    pub fn versions(&self, name: &ParameterName) -> Option<Vec<ParameterVersion>> {
        self.lock().parameters.get(name).map(|parameter| parameter.versions.clone())
    }

    /// The parameter's present version and tags; no call is counted.
    pub fn present(&self, name: &ParameterName) -> Option<(ParameterVersion, BTreeMap<String, String>)> {
        let state = self.lock();
        let parameter = state.parameters.get(name)?;
        Some((parameter.versions.last()?.clone(), parameter.tags.clone()))
    }

    /// All names; no call is counted.
    pub fn names(&self) -> Vec<ParameterName> {
        self.lock().parameters.keys().cloned().collect()
    }

    /// Somebody's write, by nobody of ours: no fault, no count.
    ///
    /// # Errors
    /// Parameter Store's refusals.
    pub fn put_now(&self, put: &PutParameter) -> Result<(), Error> {
        let now = self.clock.now();
        self.lock().put(put, now)
    }

    /// Somebody's deletion, by nobody of ours. Whether there was anything to delete.
    pub fn delete_now(&self, name: &ParameterName) -> bool {
        let now = self.clock.now();
        let mut state = self.lock();
        let deleted = state.parameters.remove(name).is_some();
        state.remember(name, now);
        deleted
    }
}

impl State {
    /// Keeps what a parameter is from now on.
    fn remember(&mut self, name: &ParameterName, now: Timestamp) {
        let parameter = self.parameters.get(name).cloned();
        self.past.entry(name.clone()).or_default().push((now, parameter));
    }

    /// What a parameter was at `time`.
    fn parameter(&self, name: &ParameterName, time: Timestamp) -> Option<&Parameter> {
        let past = self.past.get(name)?;
        past.iter().rfind(|(since, _)| *since <= time)?.1.as_ref()
    }

    /// All that existed at `time`.
    fn all(&self, time: Timestamp) -> impl DoubleEndedIterator<Item = (&ParameterName, &Parameter)> {
        self.past.keys().filter_map(move |name| Some((name, self.parameter(name, time)?)))
    }

    fn put(&mut self, put: &PutParameter, now: Timestamp) -> Result<(), Error> {
        let refuse = |code: &str| Err(thrown("PutParameter", code, &format!("put {}", put.spelling)));
        let Ok(name) = ParameterName::parse(&put.spelling) else {
            return refuse("ValidationException");
        };
        if self.habits.unwritable.contains(name.as_str()) {
            return refuse("AccessDeniedException");
        }
        let limit = if put.tier.as_deref() == Some("Advanced") { 8192 } else { 4096 };
        if put.value.is_empty() || put.value.len() > limit || put.description.chars().count() > 1024 {
            return refuse("ValidationException");
        }
        let before = self.parameters.get(&name).cloned();
        let last = before.as_ref().and_then(|parameter| parameter.versions.last());
        match last {
            Some(_) if !put.overwrite => return refuse("ParameterAlreadyExists"),
            Some(_) if !put.tags.is_empty() => return refuse("ValidationException"),
            Some(last) if last.parameter_type != put.parameter_type && !self.habits.changes_type => {
                return refuse("HierarchyTypeMismatchException");
            }
            Some(last)
                if last.details.tier.as_deref() == Some("Advanced") && put.tier.as_deref() == Some("Standard") =>
            {
                return refuse("ValidationException");
            }
            _ => {}
        }
        let secret = put.parameter_type == ParameterType::SecureString;
        let key_id = secret.then(|| put.key_id.clone().unwrap_or_else(|| DEFAULT_KEY.to_owned()));
        if key_id.as_ref().is_some_and(|key| self.habits.disabled_keys.contains(key)) {
            return refuse("InvalidKeyId");
        }
        let is_image = put.data_type.as_deref() == Some("aws:ec2:image");
        if is_image && self.habits.missing_images.contains(put.value.expose()) {
            return Ok(());
        }
        let kept = last.filter(|_| self.habits.keeps_omitted);
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let version = ParameterVersion {
            value: Some(put.value.clone()),
            parameter_type: put.parameter_type,
            // The adapter always sends a description with an overwrite.
            description: filled(&put.description),
            details: Details {
                version: last.map_or(1, |last| last.details.version + 1),
                modified: now,
                author: Some("arn:aws:iam::123456789012:user/somebody".to_owned()),
                tier: put
                    .tier
                    .clone()
                    .or_else(|| last.and_then(|last| last.details.tier.clone()))
                    .or_else(|| Some("Standard".to_owned())),
                data_type: Some(put.data_type.clone().unwrap_or_else(|| "text".to_owned())),
                key_id,
                allowed_pattern: match &put.allowed_pattern {
                    Some(pattern) => filled(pattern),
                    None => kept.and_then(|kept| kept.details.allowed_pattern.clone()),
                },
                policies: match &put.policies {
                    Some(policies) => policies.clone(),
                    None => last.map(|last| last.details.policies.clone()).unwrap_or_default(),
                },
                tags: None,
            },
        };
        let kept_versions = self.habits.kept_versions;
        let parameter = self.parameters.entry(name.clone()).or_default();
        if before.is_none() {
            parameter.tags.clone_from(&put.tags);
        }
        parameter.versions.push(version);
        if parameter.versions.len() > kept_versions {
            parameter.versions.remove(0);
        }
        self.journal.push(format!("put {name}"));
        self.remember(&name, now);
        Ok(())
    }

    fn readable(&self, version: &ParameterVersion) -> bool {
        let third = version.details.modified.as_millisecond().rem_euclid(3);
        version.details.key_id.as_ref().is_none_or(|key| !self.habits.disabled_keys.contains(key))
            && self.habits.locked_third != Some(third)
    }
}

fn named(spelling: &str) -> Result<ParameterName, Error> {
    ParameterName::parse(spelling).map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))
}

impl ParameterStore for FakeStore {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        self.faults.give_way().await;
        self.faults.call("history", || {
            let (as_of, at) = (self.as_of(), self.clock.now());
            let state = self.lock();
            let masked = |mut version: ParameterVersion| {
                version.value = version.value.clone().filter(|_| state.readable(&version));
                version
            };
            let versions = state.parameter(name, as_of).map(|parameter| parameter.versions.clone());
            let versions: Option<Vec<_>> = versions.map(|versions| versions.into_iter().map(masked).collect());
            let look = Look { name: name.clone(), versions: versions.clone().unwrap_or_default(), at };
            self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(look);
            Ok(versions)
        })
    }

    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        self.faults.give_way().await;
        self.faults.call("tags", || {
            let as_of = self.as_of();
            Ok(self.lock().parameter(name, as_of).map(|parameter| parameter.tags.clone()).unwrap_or_default())
        })
    }

    async fn tags_of_many(&self, names: &[ParameterName]) -> Result<Option<TagsByName>, Error> {
        self.faults.give_way().await;
        self.faults.call("tags_of_many", || {
            let as_of = self.as_of();
            let state = self.lock();
            if state.habits.has_no_index {
                return Ok(None);
            }
            let indexed = names.iter().filter(|name| !state.habits.unindexed.contains(name.as_str()));
            let tags = |name: &ParameterName| Some((name.clone(), state.parameter(name, as_of)?.tags.clone()));
            Ok(Some(indexed.filter_map(tags).filter(|(_, tags)| !tags.is_empty()).collect()))
        })
    }

    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        self.faults.give_way().await;
        self.faults.call("describe", || {
            let as_of = self.as_of();
            let state = self.lock();
            let all = state.all(as_of).filter(|(name, _)| scope.contains(name));
            Ok(all.filter_map(|(name, parameter)| parameter.listed(name)).collect())
        })
    }

    async fn page(&self, token: Option<&str>) -> Result<ParameterPage, Error> {
        self.faults.give_way().await;
        self.faults.call("page", || {
            let as_of = self.as_of();
            let state = self.lock();
            // The last name of the page before, backwards: an order that is not the names' own.
            let left = state.all(as_of).rev().filter(|(name, _)| token.is_none_or(|token| name.as_str() < token));
            // What moves while it is listed is skipped or repeated: a name may be missing from its page.
            let left = left.filter(|_| !self.lag.skips());
            let page: Vec<_> = left.take(PAGE + 1).collect();
            let more = page.len() > PAGE;
            let page = &page[..page.len().min(PAGE)];
            let next = page.last().filter(|_| more).map(|(name, _)| name.as_str().to_owned());
            let listed = page.iter().map(|(name, parameter)| ((*name).clone(), parameter.listed(name)));
            Ok(ParameterPage { parameters: listed.collect(), next })
        })
    }

    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        self.faults.give_way().await;
        self.faults.call("find", || {
            let as_of = self.as_of();
            let state = self.lock();
            let found =
                names.iter().filter_map(|name| Some((name.clone(), state.parameter(name, as_of)?.listed(name)?)));
            Ok(found.collect())
        })
    }

    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        self.faults.give_way().await;
        self.faults.call("values", || {
            let as_of = self.as_of();
            let state = self.lock();
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
    }

    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        self.faults.give_way().await;
        self.faults.call("put", || {
            let now = self.clock.now();
            let mut state = self.lock();
            state.put(put, now)?;
            let present = state.parameters.get(&named(&put.spelling)?).and_then(|parameter| parameter.versions.last());
            Ok(present.map(|present| present.details.version))
        })
    }

    async fn set_tags(&self, spelling: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        self.faults.give_way().await;
        self.faults.call("set_tags", || {
            let name = named(spelling)?;
            let mut state = self.lock();
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
    }

    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        self.faults.give_way().await;
        self.faults.call("delete", || {
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
    }
}
