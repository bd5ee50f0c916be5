//! Parameter Store, as ssmbak uses it.

mod aws;

use std::collections::BTreeMap;
use std::future::Future;

pub use aws::SsmParameterStore;

use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::scope::Scope;

use crate::Error;

/// Parameters that have tags, and their tags.
pub type TagsByName = BTreeMap<ParameterName, BTreeMap<String, String>>;

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

    /// The tags of many parameters, without those of AWS's own, as an index has them that follows changes within minutes: a
    /// parameter that it does not name has none. `None`: there is no such index, so that [`ParameterStore::tags`] must be asked.
    fn tags_of_many(&self, names: &[ParameterName]) -> impl Future<Output = Result<Option<TagsByName>, Error>> + Send {
        let _ = names;
        std::future::ready(Ok(None))
    }

    /// All parameters within a scope, with everything but values and tags.
    fn describe(&self, scope: &Scope) -> impl Future<Output = Result<Vec<CurrentParameter>, Error>> + Send;

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

impl PutParameter {
    /// A new String with nothing but a value.
    pub fn string(spelling: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            spelling: spelling.into(),
            value: ParameterValue::new(value),
            parameter_type: ParameterType::String,
            description: String::new(),
            tier: None,
            data_type: None,
            key_id: None,
            allowed_pattern: None,
            policies: None,
            tags: BTreeMap::new(),
            overwrite: false,
        }
    }
}
