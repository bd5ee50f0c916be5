//! A restore drill: what was true is restored beside everything else, read back, compared, and taken away again.

use ssmbak_core::unknown::UnknownReason;
use std::collections::{BTreeMap, BTreeSet};

use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Action, Change, Field, Plan, RecordedParameter, Target, UnknownName};
use ssmbak_core::scope::{Scope, Selection};

use crate::bucket::BackupBucket;
use crate::destination::against;
use crate::policy::RequestPolicy;
use crate::rate_limiter::WriteRate;
use crate::read::{described, states_assuming};
use crate::restore::{Outcome, ProgressObserver, Restore, RestoreOptions};
use crate::retry::retry_throttled;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind};

/// DeleteParameters takes ten names.
const DELETES: usize = 10;

/// How often what was just written is looked for: listings of Parameter Store may lag behind its writes.
const VERIFY_ATTEMPTS: u32 = 5;

/// Where drills write, and what the stack itself keeps.
pub const OWN_PATH: &str = "/newvoll/ssmbak/";

/// What is to be restored, and under which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drill {
    /// By the name in the drill: the parameter's own name, and what it was.
    parameters: BTreeMap<ParameterName, (ParameterName, RecordedParameter)>,
    /// Every name that the bucket knows anything about.
    recorded: BTreeSet<ParameterName>,
    /// Names of which it is not known what they were.
    pub unknown: Vec<UnknownName>,
    /// At which of several paths there is nothing, neither then nor now.
    pub nothing_at: Vec<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// What became of a drill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrillResult {
    /// Each parameter, in order of name, and how it came back.
    pub parameters: Vec<(ParameterName, DrillOutcome)>,
    /// What could not be taken away again: names within the drill, and why.
    pub left: Vec<(String, String)>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// How a parameter came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrillOutcome {
    /// With all that is recorded of it.
    Same,
    /// With these attributes different.
    Different(Vec<Field>),
    /// Not at all, for this reason.
    Failed(String),
    /// It was not tried.
    Skipped,
}

impl Drill {
    /// What was true of a selection at an instant, to be restored below `scratch`. The names there are numbers: those of the
    /// parameters might be too deep.
    ///
    /// # Errors
    /// The first request that failed; [`ErrorKind::Refused`] if `scratch` is no path.
    pub async fn prepare<B: BackupBucket>(
        bucket: &B,
        selection: &Selection,
        at: &Instant,
        scratch: &str,
    ) -> Result<Self, Error> {
        Self::prepare_assuming(bucket, selection, at, scratch, false).await
    }

    /// As [`Drill::prepare`]; `assume_absent` takes what was first recorded later as not existing then.
    ///
    /// # Errors
    /// As [`Drill::prepare`].
    pub async fn prepare_assuming<B: BackupBucket>(
        bucket: &B,
        selection: &Selection,
        at: &Instant,
        scratch: &str,
        assume_absent: bool,
    ) -> Result<Self, Error> {
        let (targets, warnings) = states_assuming(bucket, selection, at, assume_absent).await?;
        let recorded = targets.keys().cloned().collect();
        let nothing_at = selection.scopes_without(targets.keys());
        let mut drill = Self { recorded, nothing_at, warnings, ..Self::default() };
        for (number, (name, target)) in targets.into_iter().enumerate() {
            match target {
                Target::Held(held) => {
                    let there = ParameterName::parse(&format!("{scratch}/{number:06}"))
                        .map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
                    drill.parameters.insert(there, (name, *held));
                }
                Target::Absent(_) => {}
                Target::Unknown(reason) => drill.unknown.push(UnknownName { name, reason }),
            }
        }
        Ok(drill)
    }

    /// Looks which parameters exist that were never recorded: none of them would come back.
    ///
    /// # Errors
    /// The request that failed; that the parameters may not be listed is a warning.
    pub async fn look_for_unrecorded<S: ParameterStore>(
        &mut self,
        store: &S,
        selection: &Selection,
    ) -> Result<(), Error> {
        match described(store, selection).await {
            Ok(present) => {
                self.nothing_at = selection.scopes_without(self.recorded.iter().chain(present.keys()));
                let never = present.into_keys().filter(|name| !self.recorded.contains(name));
                let never: Vec<ParameterName> = never.filter(|name| !name.as_str().starts_with(OWN_PATH)).collect();
                let unknown = |name| UnknownName { name, reason: UnknownReason::nothing_recorded() };
                self.unknown.extend(never.into_iter().map(unknown));
                self.unknown.sort_by(|a, b| a.name.cmp(&b.name));
            }
            Err(error) if error.kind == ErrorKind::AccessDenied => self.warnings.push(
                "Parameter Store may not be listed: parameters that were never recorded would not be noticed"
                    .to_owned(),
            ),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Whether nothing is known at all of what was selected.
    pub fn knows_nothing(&self) -> bool {
        self.recorded.is_empty() && self.unknown.is_empty()
    }

    /// How many parameters are to be restored.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there is nothing to restore.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Restores, reads back, compares, and takes away whatever was written, also if it fails or is stopped.
    ///
    /// # Errors
    /// What was written could not be read back. It is taken away all the same.
    pub async fn run<S: ParameterStore + Clone, B: BackupBucket + Clone>(
        &self,
        store: &S,
        bucket: &B,
        options: &RestoreOptions,
        observer: &impl ProgressObserver,
    ) -> Result<DrillResult, (Error, Vec<(String, String)>)> {
        let creations = self
            .parameters
            .iter()
            .map(|(there, (_, held))| Change { name: there.clone(), action: Action::Create(Box::new(held.clone())) });
        let plan = Plan { changes: creations.collect(), ..Plan::default() };
        let applied = Restore::new(store.clone(), bucket.clone()).apply(&plan, options, observer).await;
        let done = |row: &usize| applied.outcomes.get(*row) == Some(&Outcome::Done);
        let written: Vec<ParameterName> = plan
            .changes
            .iter()
            .enumerate()
            .filter(|(row, _)| done(row))
            .map(|(_, change)| change.name.clone())
            .collect();
        let compared = self.compare(store, &written, options).await;
        // What failed may be there all the same.
        let tried = plan.changes.iter().zip(&applied.outcomes).filter(|(_, o)| !matches!(o, Outcome::Skipped(_)));
        let left = clean(store, tried.map(|(change, _)| change.name.to_string()).collect(), options).await;
        let mut compared = match compared {
            Ok(compared) => compared,
            Err(error) => return Err((error, left)),
        };
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for ((there, (name, _)), outcome) in self.parameters.iter().zip(&applied.outcomes) {
            let came_back = match outcome {
                Outcome::Done => compared.remove(there).unwrap_or(DrillOutcome::Same),
                Outcome::Failed(error) => DrillOutcome::Failed(error.to_string()),
                Outcome::Skipped(_) => DrillOutcome::Skipped,
            };
            parameters.push((name.clone(), came_back));
        }
        parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Without credentials a restore stops by itself, which nobody asked for.
        let ended =
            |outcome: &Outcome| matches!(outcome, Outcome::Failed(error) if error.kind == ErrorKind::Credentials);
        let stopped = applied.stopped && !applied.outcomes.iter().any(ended);
        Ok(DrillResult { parameters, left, stopped })
    }

    /// What of the written parameters is not as it is recorded.
    async fn compare<S: ParameterStore>(
        &self,
        store: &S,
        written: &[ParameterName],
        options: &RestoreOptions,
    ) -> Result<BTreeMap<ParameterName, DrillOutcome>, Error> {
        let mut looks = 1;
        loop {
            let plan = self.differences(store, written).await?;
            let missing = plan.changes.iter().any(|change| matches!(change.action, Action::Create(_)));
            if missing && looks < VERIFY_ATTEMPTS {
                RequestPolicy::current().pause(options.retry.first_pause).await;
                looks += 1;
                continue;
            }
            let differs = plan.changes.into_iter().map(|change| match change.action {
                Action::Update { fields, .. } => (change.name, DrillOutcome::Different(fields)),
                Action::Create(_) | Action::Delete { .. } => {
                    (change.name, DrillOutcome::Failed("it was written and is not there".to_owned()))
                }
            });
            let unreadable = plan.unknown.into_iter().map(|row| (row.name, DrillOutcome::Failed(row.reason.message)));
            return Ok(differs.chain(unreadable).collect());
        }
    }

    async fn differences<S: ParameterStore>(&self, store: &S, written: &[ParameterName]) -> Result<Plan, Error> {
        let held = written.iter().filter_map(|there| {
            let (_, held) = self.parameters.get(there)?;
            Some((there.clone(), Target::Held(Box::new(held.clone()))))
        });
        against(store, held.collect()).await
    }
}

/// Parameter Store lists a name as not deleted also when it is not there. Why it is left, unless it is not there.
async fn still_there<S: ParameterStore>(store: &S, name: &str) -> Option<String> {
    let name = ParameterName::parse(name).ok()?;
    match store.history(&name).await {
        Ok(None) => None,
        Ok(Some(_)) => Some("parameter store did not delete it".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// What earlier drills left below a path that they write to, by its beginning.
///
/// # Errors
/// The request that failed.
pub async fn leftovers<S: ParameterStore>(store: &S, beginning: &str) -> Result<Vec<String>, Error> {
    let scope = Scope::parse(OWN_PATH, true).map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
    let there = store.describe(&scope).await?;
    let names = there.into_iter().map(|parameter| parameter.spelling);
    Ok(names.filter(|name| name.starts_with(beginning)).collect())
}

/// Deletes what a drill wrote; returns what is left, and why. Only what can pass is tried again, and what would fail for
/// every name is not tried for the others.
pub async fn clean<S: ParameterStore>(
    store: &S,
    names: Vec<String>,
    options: &RestoreOptions,
) -> Vec<(String, String)> {
    let rate = WriteRate::new(options.deletes_per_second);
    let mut left = Vec::new();
    let mut given_up: Option<Error> = None;
    for ten in names.chunks(DELETES) {
        if let Some(error) = &given_up {
            left.extend(ten.iter().map(|name| (name.clone(), error.to_string())));
            continue;
        }
        rate.turn(ten.len()).await;
        match retry_throttled(options.retry, || store.delete(ten)).await {
            Ok(undeleted) => {
                for name in undeleted {
                    left.extend(still_there(store, &name).await.map(|why| (name, why)));
                }
            }
            Err(error) => {
                left.extend(ten.iter().map(|name| (name.clone(), error.to_string())));
                given_up = Some(error).filter(concerns_all);
            }
        }
    }
    left
}

/// Whether the same would be answered to any other deletion.
fn concerns_all(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::AccessDenied
            | ErrorKind::Credentials
            | ErrorKind::ClockSkew
            | ErrorKind::Throttled
            | ErrorKind::Unreachable
    )
}
