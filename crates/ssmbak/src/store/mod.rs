//! Parameter Store, as ssmbak uses it.

mod aws;

use std::collections::BTreeMap;
use std::future::Future;

pub use aws::SsmParameterStore;
pub use ssmbak_core::put::PutParameter;

use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue, ParameterVersion};
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
