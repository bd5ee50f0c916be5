//! Which names a pipeline records, and since when: what it leaves out is unknown from then on, and not unchanged.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::ParameterName;
use crate::scope::{ScopeError, Selection};

/// Beginning of the keys of scopes. No parameter's key begins so: those with a slash begin with one.
pub const SCOPE_PREFIX: &str = "ssmbak-scope/";

/// The key of the scopes' record.
pub const SCOPE_KEY: &str = "ssmbak-scope/record";

/// Where the names lie that the stack keeps.
const OWN: &str = "/newvoll/ssmbak/";

/// The version of the format that is written.
const FORMAT: u64 = 1;

/// How long the patterns of a rule may be together: EventBridge takes 2,048 characters, and what is around them counts.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
const MAX_PATTERNS: usize = 1_000;

/// Which names are recorded: those that an include glob matches (or all, if there is none) and no exclude glob does.
#[derive(Clone, Debug)]
pub struct RecordingScope {
    include: Vec<String>,
    exclude: Vec<String>,
    names: Selection,
}

impl RecordingScope {
    /// Reads globs, as [`Selection`] does.
    ///
    /// # Errors
    /// [`ScopeError`] for the first glob that cannot be read.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, ScopeError> {
        let names = Selection::new(&["/"], true, include, exclude)?;
        Ok(Self { include: include.to_vec(), exclude: exclude.to_vec(), names })
    }

    /// All names.
    pub fn everything() -> Self {
        Self { include: Vec::new(), exclude: Vec::new(), names: Selection::everything() }
    }

    /// Reads globs that spaces separate, as the parameters of the stack have them.
    ///
    /// # Errors
    /// As [`RecordingScope::new`].
    pub fn parse(include: &str, exclude: &str) -> Result<Self, ScopeError> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        Self::new(&words(include), &words(exclude))
    }

    /// Whether `name` is recorded. What the stack itself keeps always is: `ssmbak doctor --canary` relies on it.
    pub fn contains(&self, name: &ParameterName) -> bool {
        self.names.contains(name) || name.as_str().starts_with(OWN)
    }

    /// Whether every name is recorded.
    pub fn is_everything(&self) -> bool {
        !self.names.is_filtered()
    }

    /// Those of the exclude globs that EventBridge can tell as exactly as a glob does, in its own form: there `*` matches
    /// slashes too. A name, a tree (`/a/**`), and an end of the last level (`*_token`); as many as a rule has room for.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
    pub fn event_patterns(&self) -> Vec<String> {
        let keeps_own = |tree: &String| !OWN.starts_with(tree.trim_end_matches('*')) && !tree.starts_with(OWN);
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c));
        let pattern = |glob: &String| {
            if let Some(tree) = glob.strip_suffix("/**").filter(|tree| tree.starts_with('/') && plain(tree)) {
                return Some(format!("{tree}/*"));
            }
            if let Some(end) = glob.strip_prefix('*').filter(|end| plain(end) && !end.contains('/')) {
                return Some(format!("*{end}"));
            }
            (glob.starts_with('/') && plain(glob)).then(|| glob.clone())
        };
        let mut room = MAX_PATTERNS;
        let has_room = |pattern: &String| {
            // With its quotes and comma.
            let left = room.checked_sub(pattern.len() + 3);
            room = left.unwrap_or(room);
            left.is_some()
        };
        self.exclude.iter().filter_map(pattern).filter(keeps_own).filter(has_room).collect()
    }
}

/// The scopes that a pipeline has had, as the bucket keeps them; the default is that of a pipeline that always recorded
/// everything.
#[derive(Clone, Debug, Default)]
pub struct ScopeRecord {
    entries: Vec<(Entry, RecordingScope)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Since when it may have been in force.
    since: Timestamp,
    /// When this was noted: since then, nothing goes by an older scope.
    noted: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
    /// Whether a sweep has looked at everything that it contains.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    swept: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u64,
    scopes: Vec<Entry>,
}

/// Why a stored record of scopes cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record of the pipeline's scope ({SCOPE_KEY}) cannot be read: it is deleted, damaged, or of a newer version of ssmbak"
)]
pub struct ScopeRecordError;

impl ScopeRecord {
    /// As it is stored: one JSON object.
    pub fn encode(&self) -> String {
        let scopes = self.entries.iter().map(|(entry, _)| entry.clone()).collect();
        // Numbers, times and texts always can be written.
        serde_json::to_string(&Stored { format: FORMAT, scopes }).unwrap_or_default()
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`ScopeRecordError`] for what is of a newer format, damaged or something else.
    pub fn decode(body: &[u8]) -> Result<Self, ScopeRecordError> {
        let stored: Stored = serde_json::from_slice(body).map_err(|_| ScopeRecordError)?;
        if stored.format != FORMAT {
            return Err(ScopeRecordError);
        }
        let read = |entry: Entry| {
            let scope = RecordingScope::new(&entry.include, &entry.exclude).map_err(|_| ScopeRecordError)?;
            Ok((entry, scope))
        };
        Ok(Self { entries: stored.scopes.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The scope that is in force; `None`: everything, and it always was.
    pub fn current(&self) -> Option<&RecordingScope> {
        self.entries.last().map(|(_, scope)| scope)
    }

    /// Whether `name` is recorded now.
    pub fn contains(&self, name: &ParameterName) -> bool {
        self.current().is_none_or(|scope| scope.contains(name))
    }

    /// Whether `scope` is the one in force.
    pub fn is_current(&self, scope: &RecordingScope) -> bool {
        match self.entries.last() {
            Some((last, _)) => last.include == scope.include && last.exclude == scope.exclude,
            None => scope.is_everything(),
        }
    }

    /// The record once `scope` is in force, maybe since `since`, and noted at `noted`.
    #[must_use]
    pub fn with(&self, scope: &RecordingScope, since: Timestamp, noted: Timestamp) -> Self {
        let (include, exclude) = (scope.include.clone(), scope.exclude.clone());
        let mut entries = self.entries.clone();
        entries.push((Entry { since, noted, include, exclude, swept: false }, scope.clone()));
        Self { entries }
    }

    /// The record once a sweep that began at `started` has finished; `None` if that says nothing new: one has looked at
    /// everything in the scope already, or this one began by an older scope and passed names over.
    #[must_use]
    pub fn swept(&self, started: Timestamp) -> Option<Self> {
        let mut entries = self.entries.clone();
        let (last, _) = entries.last_mut().filter(|(last, _)| !last.swept && last.noted <= started)?;
        last.swept = true;
        Some(Self { entries })
    }

    /// Since when nothing vouches for `name`; `None`: it is recorded. A name that was left out and is no more is vouched for
    /// again once a sweep has looked at it: until then its last record may be of before.
    pub fn excluded_since(&self, name: &ParameterName) -> Option<Timestamp> {
        let mut excluded = None;
        for (entry, scope) in self.entries.iter().rev() {
            match (scope.contains(name), entry.swept) {
                (true, true) => break,
                (true, false) => {}
                (false, _) => excluded = Some(entry.since),
            }
        }
        excluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    fn scope(include: &str, exclude: &str) -> RecordingScope {
        RecordingScope::parse(include, exclude).unwrap()
    }

    #[test]
    fn globs_say_what_is_recorded() {
        let all = scope("", " ");
        assert!(all.is_everything() && all.contains(&name("/a")));
        let some = scope("/prod/** /shared/*", "*_token");
        assert!(some.contains(&name("/prod/a/b")) && some.contains(&name("/shared/x")));
        for left_out in ["/prod/a_token", "/shared/x/y", "/dev/a"] {
            assert!(!some.contains(&name(left_out)), "{left_out}");
        }
        assert!(RecordingScope::parse("a/b", "").is_err());
        assert!(scope("/prod/**", "/newvoll/**").contains(&name("/newvoll/ssmbak/canary-1")), "the stack's own");
    }

    /// EventBridge must drop nothing that the function would record.
    #[test]
    fn event_patterns_match_no_more_than_the_globs() {
        let scope =
            scope("", "/ci/** /one *_token runner* /ci/*/token **/x [ab] /a/{b,c}/** * /newvoll/** /newvoll/ssmbak/**");
        assert_eq!(scope.event_patterns(), ["/ci/*", "/one", "*_token"]);
        let matches = |pattern: &str, name: &str| match pattern.split_once('*') {
            Some((before, after)) => {
                name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
            }
            None => pattern == name,
        };
        for text in ["/ci/a", "/ci/a/b", "/ci", "/one", "/one/two", "/a_token", "/b/a_token", "/b_token/a", "/cix/a"] {
            let dropped = scope.event_patterns().iter().any(|pattern| matches(pattern, text));
            assert!(!dropped || !scope.contains(&name(text)), "{text}");
        }
    }

    #[test]
    fn name_is_left_out_since_the_first_scope_of_an_unbroken_row() {
        let record = ScopeRecord::default();
        assert_eq!(record.excluded_since(&name("/a")), None);
        assert!(record.is_current(&scope("", "")) && record.swept(at("23:00:00")).is_none(), "nothing to say");
        let record = record.with(&scope("", "/a"), at("10:00:00"), at("10:00:00"));
        assert!(record.is_current(&scope("", "/a")) && !record.is_current(&scope("", "")));
        let record = record.swept(at("10:00:00")).unwrap().with(&scope("", "/a /b"), at("11:00:00"), at("11:00:00"));
        assert_eq!(record.excluded_since(&name("/a")), Some(at("10:00:00")));
        assert_eq!(record.excluded_since(&name("/b")), Some(at("11:00:00")));
        assert_eq!(record.excluded_since(&name("/c")), None);
        let record = record.with(&scope("", "/b"), at("12:00:00"), at("12:00:00"));
        assert_eq!(
            record.excluded_since(&name("/a")),
            Some(at("10:00:00")),
            "recorded again, but no sweep has seen it"
        );
        assert!(record.swept(at("11:59:59")).is_none(), "a sweep by the scope before passed it over");
        let record = record.swept(at("12:00:00")).unwrap();
        assert!(record.swept(at("13:00:00")).is_none(), "said already");
        assert_eq!(record.excluded_since(&name("/a")), None, "recorded again");
        assert_eq!(record.excluded_since(&name("/b")), Some(at("11:00:00")));
        let record = record.with(&scope("", ""), at("13:00:00"), at("13:00:00")).swept(at("13:00:01")).unwrap();
        assert!(record.contains(&name("/b")) && record.excluded_since(&name("/b")).is_none());
    }

    #[test]
    fn record_is_read_back_and_others_are_refused() {
        let record = ScopeRecord::default().with(&scope("/prod/**", "*_token"), at("10:00:00"), at("10:00:00"));
        let stored = record.encode();
        insta::assert_snapshot!(stored, @r#"{"format":1,"scopes":[{"since":"2026-03-01T10:00:00Z","noted":"2026-03-01T10:00:00Z","include":["/prod/**"],"exclude":["*_token"]}]}"#);
        let read = ScopeRecord::decode(stored.as_bytes()).unwrap();
        assert_eq!(read.encode(), stored);
        for other in ["", "{}", "[]", r#"{"format":2,"scopes":[]}"#, r#"{"format":1,"scopes":[{"since":"x"}]}"#] {
            assert_eq!(ScopeRecord::decode(other.as_bytes()).err(), Some(ScopeRecordError), "{other}");
        }
    }

    #[test]
    fn rule_has_room_for_some_patterns() {
        let globs: Vec<String> = (0..200).map(|number| format!("/runner/{number:03}/**")).collect();
        let scope = RecordingScope::new(&[], &globs).unwrap();
        let patterns = scope.event_patterns();
        assert!(patterns.len() > 50 && serde_json::to_string(&patterns).unwrap().len() <= MAX_PATTERNS + 2);
        assert!(!scope.contains(&name("/runner/199/a")), "the function leaves out the rest");
    }
}
