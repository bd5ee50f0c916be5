//! Parameter Store, as ssmbak uses it.

mod aws;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use aws::SsmParameterStore;

use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::scope::Scope;

use crate::Error;

/// The operations of Parameter Store that ssmbak needs. Implemented by [`SsmParameterStore`], and by fakes.
pub trait ParameterStore: Send + Sync {
    /// All versions that are kept of a parameter, oldest first, decrypted where its key allows; `None`: there is no such
    /// parameter. Both spellings of a root-level name are looked up.
    fn history(
        &self,
        name: &ParameterName,
    ) -> impl Future<Output = Result<Option<Vec<ParameterVersion>>, Error>> + Send;

    /// The parameter's tags, without those of AWS's own.
    fn tags(&self, name: &ParameterName) -> impl Future<Output = Result<BTreeMap<String, String>, Error>> + Send;

    /// All parameters within a scope, with everything but values and tags. `likely` are names that may be among them.
    fn describe(
        &self,
        scope: &Scope,
        likely: &LikelyNames,
    ) -> impl Future<Output = Result<Vec<CurrentParameter>, Error>> + Send;

    /// One page of all parameters, in Parameter Store's own order; `token` is what the page before gave.
    fn page(&self, token: Option<&str>) -> impl Future<Output = Result<ParameterPage, Error>> + Send;

    /// Those of the names that exist, with everything but values and tags.
    fn find(
        &self,
        names: &[ParameterName],
    ) -> impl Future<Output = Result<BTreeMap<ParameterName, CurrentParameter>, Error>> + Send;

    /// The decrypted values of parameters under the spellings that [`ParameterStore::describe`] gave; what does not
    /// exist any more is absent; what cannot be decrypted fails alone.
    fn values(
        &self,
        spellings: &[String],
    ) -> impl Future<Output = Result<BTreeMap<String, Result<ParameterValue, Error>>, Error>> + Send;

    /// Creates a parameter or makes a new version of it; returns that version's number, if Parameter Store says it.
    fn put(&self, put: &PutParameter) -> impl Future<Output = Result<Option<u64>, Error>> + Send;

    /// Adds or replaces tags and removes others.
    fn set_tags(
        &self,
        spelling: &str,
        add: &BTreeMap<String, String>,
        remove: &[String],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes up to ten parameters; returns the spellings that Parameter Store did not delete.
    fn delete(&self, spellings: &[String]) -> impl Future<Output = Result<Vec<String>, Error>> + Send;
}

/// Names that Parameter Store probably holds, as the bucket's listing finds them: a long list of parameters is cut by them
/// into pieces that are read at the same time. What is listed does not depend on them.
#[derive(Debug, Default)]
pub struct LikelyNames {
    names: Mutex<BTreeSet<String>>,
    more_to_come: AtomicBool,
}

impl LikelyNames {
    /// Names that are still being found.
    pub fn to_be_found() -> Self {
        Self { more_to_come: AtomicBool::new(true), ..Self::default() }
    }

    /// One more.
    pub fn add(&self, name: &ParameterName) {
        self.names().insert(name.as_str().to_owned());
    }

    /// There are no more.
    pub fn all_found(&self) {
        self.more_to_come.store(false, Ordering::Relaxed);
    }

    /// Whether there may be more.
    pub fn more_to_come(&self) -> bool {
        self.more_to_come.load(Ordering::Relaxed)
    }

    /// Those that begin so, in order.
    pub fn beginning_with(&self, prefix: &str) -> Vec<String> {
        let names = self.names();
        names.range(prefix.to_owned()..).take_while(|name| name.starts_with(prefix)).cloned().collect()
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterPage {
    /// What it lists; `None`: something is said of the parameter that is not known here.
    pub parameters: BTreeMap<ParameterName, Option<CurrentParameter>>,
    /// How to ask for the next page; `None`: there is none.
    pub next: Option<String>,
}

/// What to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutParameter {
    /// The name as Parameter Store spells it.
    pub spelling: String,
    /// The value.
    pub value: ParameterValue,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description; empty: none.
    pub description: String,
    /// The tier, `None`: the account's default.
    pub tier: Option<String>,
    /// The data type, `None`: text.
    pub data_type: Option<String>,
    /// The KMS key, for a SecureString; `None`: the account's default key.
    pub key_id: Option<String>,
    /// The allowed pattern; empty: none.
    pub allowed_pattern: Option<String>,
    /// The policies; `None`: as they are.
    pub policies: Option<Vec<String>>,
    /// The tags of a new parameter; Parameter Store refuses tags together with an overwrite.
    pub tags: BTreeMap<String, String>,
    /// Whether it makes a new version of an existing parameter.
    pub overwrite: bool,
}
