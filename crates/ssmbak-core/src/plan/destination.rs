//! Another path, region or account for what is restored: the relative names stay.

use std::collections::{BTreeMap, BTreeSet};

use super::kms::KmsKeys;
use super::{Action, Plan, Target};
use crate::name::{NameError, ParameterName};
use crate::scope::{Scope, ScopeError};

/// From which path to which other one, or to the same one somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// What the names begin with, without a slash at the end.
    from: String,
    /// What they are to begin with in its place.
    to: String,
    /// Whether it is in another account or region.
    elsewhere: bool,
    keys: KmsKeys,
}

/// Why nothing can be restored there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// Several paths.
    #[error("only one path can be restored to another; give one, and select with --include")]
    SeveralPaths,
    /// The path is its own destination.
    #[error("the path to restore to is the path itself; leave --to off to restore it in place")]
    Same,
    /// The destination is the pipeline's own path.
    #[error("nothing is restored below /newvoll/ssmbak/, where the pipeline keeps its own parameters")]
    OfPipeline,
    /// The destination is no path.
    #[error(transparent)]
    Path(#[from] ScopeError),
}

/// What to do with a parameter that is at the destination already, and different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Overwrite it; what it is now is recorded first.
    #[default]
    Overwrite,
    /// Leave it.
    Skip,
    /// Do nothing at all.
    Fail,
}

impl Destination {
    /// From the one scope that is restored to the path `to`: `/app/` to `/restored/`, the parameter `/app/host` into
    /// `/restored/` or to the name `/restored/host2`.
    ///
    /// # Errors
    /// [`DestinationError`] for several scopes, for what is no path, and for the path itself.
    pub fn new(scopes: &[Scope], to: &str) -> Result<Self, DestinationError> {
        let [scope] = scopes else { return Err(DestinationError::SeveralPaths) };
        let target = Scope::parse(to, true)?;
        let from = match scope {
            // Into a path it keeps its last level.
            Scope::One(name) if to.ends_with('/') => name.as_str().strip_suffix(name.last_level()).unwrap_or_default(),
            scope => scope.path(),
        };
        let stem = |path: &str| path.trim_end_matches('/').to_owned();
        let (from, to) = (stem(from), stem(target.path()));
        if ParameterName::parse(&format!("{to}/x")).is_ok_and(|below| below.is_of_pipeline()) {
            return Err(DestinationError::OfPipeline);
        }
        let destination = Self { from, to, elsewhere: false, keys: KmsKeys::default() };
        if destination.from == destination.to { Err(DestinationError::Same) } else { Ok(destination) }
    }

    /// In another account or region: from the one scope to the path `to`, or everything under its own name.
    ///
    /// # Errors
    /// As [`Destination::new`], save that the path itself may be named.
    pub fn elsewhere(scopes: &[Scope], to: Option<&str>) -> Result<Self, DestinationError> {
        let there = match to.map(|to| Self::new(scopes, to)) {
            None | Some(Err(DestinationError::Same)) => {
                Self { from: String::new(), to: String::new(), elsewhere: false, keys: KmsKeys::default() }
            }
            Some(other) => other?,
        };
        Ok(Self { elsewhere: true, ..there })
    }

    /// With other KMS keys.
    #[must_use]
    pub fn with_keys(self, keys: KmsKeys) -> Self {
        Self { keys, ..self }
    }

    /// What a name becomes.
    fn of(&self, name: &ParameterName) -> Result<ParameterName, NameError> {
        let rest = name.as_str().strip_prefix(&self.from).unwrap_or(name.as_str());
        ParameterName::parse(&format!("{}{rest}", self.to))
    }

    /// What was true, under the new names. What did not exist is left out: nothing is ever deleted at the destination.
    ///
    /// # Errors
    /// All names that cannot be there, and why.
    pub fn relocate(
        &self,
        targets: BTreeMap<ParameterName, Target>,
    ) -> Result<BTreeMap<ParameterName, Target>, Vec<(ParameterName, NameError)>> {
        let (mut there, mut illegal) = (BTreeMap::new(), Vec::new());
        for (name, target) in targets {
            let mut target = match target {
                Target::Absent(_) => continue,
                // Another pipeline's own parameters would lead this one astray.
                _ if self.elsewhere && name.is_of_pipeline() => continue,
                Target::Unknown(reason) => Target::Unknown(reason.about(&format!("of {name}"))),
                held @ Target::Held(_) => held,
            };
            self.keys.exchange(&mut target);
            match self.of(&name) {
                Ok(new) => drop(there.insert(new, target)),
                Err(error) => illegal.push((name, error)),
            }
        }
        if illegal.is_empty() { Ok(there) } else { Err(illegal) }
    }
}

impl Plan {
    /// The KMS keys of what it writes, save those that AWS keeps in every account and region.
    pub fn kms_keys(&self) -> BTreeSet<&str> {
        let keys = self.changes.iter().filter_map(|change| match &change.action {
            Action::Create(to) | Action::Update { to, .. } => to.details.as_ref()?.key_id.as_deref(),
            Action::Delete { .. } => None,
        });
        keys.filter(|key| !KmsKeys::is_everywhere(key)).collect()
    }

    /// Takes out what is not to be done at a destination. What exists there and differs counts as skipped, the rest as
    /// unchanged.
    ///
    /// # Errors
    /// The names that are there and different, if that is to fail.
    pub fn narrow(&mut self, only_existing: bool, on_conflict: OnConflict) -> Result<(), Vec<ParameterName>> {
        let is_update = |action: &Action| matches!(action, Action::Update { .. });
        if on_conflict == OnConflict::Fail {
            let taken = self.changes.iter().filter(|change| is_update(&change.action));
            let taken: Vec<ParameterName> = taken.map(|change| change.name.clone()).collect();
            if !taken.is_empty() {
                return Err(taken);
            }
        }
        let (before, skipped) = (self.changes.len(), self.skipped.len());
        let updates = self.changes.iter().filter(|change| is_update(&change.action));
        self.skipped.extend(updates.filter(|_| on_conflict == OnConflict::Skip).map(|change| change.name.clone()));
        self.changes.retain(|change| match &change.action {
            Action::Create(_) => !only_existing,
            Action::Update { .. } => on_conflict == OnConflict::Overwrite,
            Action::Delete { .. } => false,
        });
        self.unchanged += before - self.changes.len() - (self.skipped.len() - skipped);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::{CurrentParameter, Description, Details, ParameterType, ParameterValue};
    use crate::plan::{Change, Field, PresentParameter, RecordedParameter};
    use crate::testing::at;
    use crate::timeline::Absence;
    use crate::unknown::{ReasonCode, UnknownReason};

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    fn becomes(path: &str, recursive: bool, to: &str, of: &str) -> String {
        let scope = Scope::parse(path, recursive).unwrap();
        match Destination::new(&[scope], to) {
            Ok(destination) => destination.of(&name(of)).map_or_else(|error| error.to_string(), |new| new.to_string()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn relative_names_stay() {
        for (path, recursive, to, of, expected) in [
            ("/app/", false, "/new/", "/app/host", "/new/host"),
            ("/app/", true, "/new", "/app/db/host", "/new/db/host"),
            ("/app", true, "/new/", "/app", "/new"),
            ("/app", true, "/new", "/app/db/host", "/new/db/host"),
            ("/app/host", false, "/new/", "/app/host", "/new/host"),
            ("/app/host", false, "/new", "/app/host", "/new"),
            ("/host", false, "/new/", "/host", "/new/host"),
            ("/", true, "/new/", "/app/host", "/new/app/host"),
            ("/", true, "/new/", "/host", "/new/host"),
            ("/app/", true, "/", "/app/db/host", "/db/host"),
            ("/app/", true, "/app/old/", "/app/db", "/app/old/db"),
        ] {
            assert_eq!(becomes(path, recursive, to, of), expected, "{path} to {to}: {of}");
        }
    }

    #[test]
    fn elsewhere_a_name_may_stay_and_the_pipelines_own_do() {
        let scope = Scope::parse("/", true).unwrap();
        let there = Destination::elsewhere(std::slice::from_ref(&scope), None).unwrap();
        let absence = || Target::Unknown(UnknownReason::nothing_recorded());
        let targets = |names: &[&str]| names.iter().map(|text| (name(text), absence())).collect();
        let relocated = there.relocate(targets(&["/app/host", "/newvoll/ssmbak/bucketname"])).unwrap();
        assert_eq!(relocated.keys().map(ParameterName::as_str).collect::<Vec<_>>(), ["/app/host"]);
        assert!(Destination::elsewhere(std::slice::from_ref(&scope), Some("/")).is_ok());
        let moved = Destination::elsewhere(&[Scope::parse("/app/", true).unwrap()], Some("/new/")).unwrap();
        let relocated = moved.relocate(targets(&["/app/host"])).unwrap();
        assert_eq!(relocated.keys().map(ParameterName::as_str).collect::<Vec<_>>(), ["/new/host"]);
        let two = [scope.clone(), Scope::parse("/b/", true).unwrap()];
        assert!(Destination::elsewhere(&two, None).is_ok());
        assert_eq!(Destination::elsewhere(&two, Some("/x/")).unwrap_err(), DestinationError::SeveralPaths);
    }

    #[test]
    fn what_is_no_destination_is_refused() {
        let same = DestinationError::Same.to_string();
        for (path, recursive, to) in [
            ("/app/", true, "/app"),
            ("/app", true, "/app/"),
            ("/", true, "/"),
            ("/a/b", false, "/a/"),
            ("/a/b", false, "/a/b"),
        ] {
            assert_eq!(becomes(path, recursive, to, "/a/b"), same, "{path} to {to}");
        }
        for to in ["", "a/b", "/a*", "//", "/größe/", "/a//b"] {
            assert!(Destination::new(&[Scope::parse("/a/", true).unwrap()], to).is_err(), "{to}");
        }
        for to in ["/newvoll/ssmbak/", "/newvoll/ssmbak", "/newvoll/ssmbak/x/"] {
            assert_eq!(becomes("/a/", true, to, "/a/b"), DestinationError::OfPipeline.to_string(), "{to}");
        }
        let two = ["/a/", "/b/"].map(|path| Scope::parse(path, true).unwrap());
        assert_eq!(Destination::new(&two, "/c/"), Err(DestinationError::SeveralPaths));
        assert!(becomes("/app", true, "/", "/app").contains("cannot be empty"));
    }

    fn held(version: &str) -> Box<RecordedParameter> {
        Box::new(RecordedParameter {
            modified: at("12:00:00"),
            version_id: version.to_owned(),
            value: ParameterValue::new("x"),
            parameter_type: ParameterType::String,
            description: Description::exact(None),
            details: None,
        })
    }

    #[test]
    fn names_that_cannot_be_are_all_told_and_nothing_is_deleted() {
        let deep = format!("/a/{}", (1..=14).map(|level| level.to_string()).collect::<Vec<_>>().join("/"));
        let targets = |names: &[&str]| -> BTreeMap<ParameterName, Target> {
            names.iter().map(|text| (name(text), Target::Held(held("v")))).collect()
        };
        let destination = Destination::new(&[Scope::parse("/a/", true).unwrap()], "/b/c/d/").unwrap();
        let illegal = destination.relocate(targets(&["/a/x", &deep])).unwrap_err();
        assert_eq!(illegal, [(name(&deep), NameError::TooDeep { levels: 17 })]);

        let mut all = targets(&["/a/x"]);
        all.insert(name("/a/gone"), Target::Absent(Absence::Deleted(at("11:00:00"))));
        all.insert(name("/a/what"), Target::Unknown(UnknownReason::new(ReasonCode::Expired, "it is lost")));
        let there = destination.relocate(all).unwrap();
        assert_eq!(there.keys().map(ParameterName::as_str).collect::<Vec<_>>(), ["/b/c/d/what", "/b/c/d/x"]);
        assert_eq!(
            there[&name("/b/c/d/what")],
            Target::Unknown(UnknownReason::new(ReasonCode::Expired, "of /a/what: it is lost"))
        );
    }

    #[test]
    fn what_is_there_is_overwritten_left_or_forbids_it_all() {
        let details = Details::new(1, at("12:00:00"));
        let parameter = CurrentParameter {
            name: name("/u"),
            spelling: "/u".to_owned(),
            parameter_type: ParameterType::String,
            description: None,
            details,
        };
        let from = Box::new(PresentParameter { parameter, value: ParameterValue::new("y") });
        let update = Action::Update { to: held("v"), from: from.clone(), fields: vec![Field::Value] };
        let delete = Action::Delete { from, because: Absence::Deleted(at("11:00:00")) };
        let plan = || Plan {
            changes: vec![
                Change { name: name("/c"), action: Action::Create(held("v")) },
                Change { name: name("/d"), action: delete.clone() },
                Change { name: name("/u"), action: update.clone() },
            ],
            ..Plan::default()
        };
        let narrowed = |only_existing, on_conflict| {
            let mut plan = plan();
            plan.narrow(only_existing, on_conflict).map(|()| {
                let rows: Vec<&str> = plan.changes.iter().map(Change::action_name).collect();
                let skipped = plan.skipped.iter().map(ParameterName::as_str).collect::<Vec<_>>().join(" ");
                (rows.join(" "), plan.unchanged, skipped)
            })
        };
        for (only_existing, on_conflict, expected) in [
            (false, OnConflict::Overwrite, Ok(("create update".to_owned(), 1, String::new()))),
            (false, OnConflict::Skip, Ok(("create".to_owned(), 1, "/u".to_owned()))),
            (true, OnConflict::Overwrite, Ok(("update".to_owned(), 2, String::new()))),
            (true, OnConflict::Skip, Ok((String::new(), 2, "/u".to_owned()))),
            (false, OnConflict::Fail, Err(vec![name("/u")])),
            (true, OnConflict::Fail, Err(vec![name("/u")])),
        ] {
            assert_eq!(narrowed(only_existing, on_conflict), expected, "{only_existing} {on_conflict:?}");
        }
    }
}
