//! Behaviour of Parameter Store that differs by account, by moment, or that the documentation leaves open.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

/// Parameter Store keeps 100 versions of a parameter.
pub const KEPT_VERSIONS: usize = 100;

/// How a Parameter Store behaves; the default is that of the documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// How many versions of a parameter are kept, if not [`KEPT_VERSIONS`].
    pub kept_versions: Option<usize>,
    /// Whether a type cannot be changed in place.
    pub fixed_types: bool,
    /// Whether an overwrite removes the pattern that it leaves out.
    pub drops_omitted: bool,
    /// KMS keys that cannot be used.
    pub disabled_keys: BTreeSet<String>,
    /// Versions whose milliseconds, divided by three, leave this rest cannot be decrypted.
    pub locked_third: Option<i64>,
    /// Names that DeleteParameters refuses.
    pub undeletable: BTreeSet<String>,
    /// Names that PutParameter refuses.
    pub unwritable: BTreeSet<String>,
    /// Image ids that do not exist: a put of one is accepted, and its version discarded.
    pub missing_images: BTreeSet<String>,
    /// Names that the index of tags does not show, or not yet.
    pub unindexed: BTreeSet<String>,
    /// Whether access to that index is denied.
    pub has_no_index: bool,
    /// Whether descriptions are dropped.
    pub drops_descriptions: bool,
    /// How many reads of histories are answered as if there were none.
    pub empty_histories: u32,
    /// How many lookups of names, and the listings and reads of tags until the last of them, show the state at this time.
    pub late_lookups: Option<(Timestamp, u32)>,
    /// How many answers of puts are lost: the SDK sends the put again.
    pub lost_put_answers: u32,
    /// How many additions of tags are refused.
    pub refused_tags: u32,
    /// How long a put takes.
    pub put_latency: Option<Duration>,
}

/// Takes one of those left, if any.
pub(super) fn take_one(left: &mut u32) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}
