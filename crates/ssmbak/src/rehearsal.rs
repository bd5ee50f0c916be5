//! A scheduled rehearsal: a drill on a sample of all that is recorded, which says whether a restore would work today.

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::UnknownName;
use ssmbak_core::rehearsal::{SCRATCH, is_leftover, sample, scratch};
use ssmbak_core::scope::Selection;

use crate::Error;
use crate::bucket::{BackupBucket, Keys};
use crate::drill::{Drill, DrillOutcome, DrillResult, OWN_PATH, clean, leftovers};
use crate::read::name_of;
use crate::recording_scope::scope_record;
use crate::restore::{ProgressObserver, RestoreOptions};
use crate::store::ParameterStore;

/// What is rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalOptions {
    /// Now.
    pub now: Timestamp,
    /// How long ago the point in time is that is restored. Late events may change what is recorded of the last minutes.
    pub age: SignedDuration,
    /// How many parameters are restored at most.
    pub most: usize,
}

/// How a rehearsal went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// How many parameters came back as they are recorded.
    pub restored: usize,
    /// Those that did not, and why.
    pub failed: Vec<(ParameterName, String)>,
    /// Those of the sample of which the bucket does not tell what they were.
    pub unknown: Vec<UnknownName>,
    /// Copies that could not be deleted again, of this rehearsal or an earlier one, and why.
    pub left: Vec<(String, String)>,
    /// How many copies of earlier rehearsals were deleted.
    pub cleaned: usize,
}

impl Rehearsal {
    /// Why it counts as failed, in one clause. What is unknown alone is no failure, since the bucket says so itself; but then
    /// something must have been restored.
    pub fn failure(&self) -> Option<String> {
        if let [(name, why), ..] = self.failed.as_slice() {
            let of = self.failed.len() + self.restored;
            return Some(format!(
                "{} of {of} parameters were not restored as they are recorded, {name} for one: {why}",
                self.failed.len()
            ));
        }
        if let [(name, why), ..] = self.left.as_slice() {
            return Some(format!(
                "{} copies were not deleted, {name} for one: {why}; delete them with `ssmbak drill --clean`",
                self.left.len()
            ));
        }
        let unknown = self.unknown.first().filter(|_| self.restored == 0)?;
        let (name, why) = (&unknown.name, &unknown.reason.message);
        Some(format!(
            "nothing could be restored: of {} parameters the state is unknown, {name} for one: {why}",
            self.unknown.len()
        ))
    }

    fn add(&mut self, drilled: DrillResult) {
        self.left.extend(drilled.left);
        for (name, outcome) in drilled.parameters {
            let why = match outcome {
                DrillOutcome::Same => {
                    self.restored += 1;
                    continue;
                }
                DrillOutcome::Different(fields) => {
                    let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
                    format!("it differs in {}", fields.join(", "))
                }
                DrillOutcome::Failed(why) => why,
                DrillOutcome::Skipped => "there was no time left for it".to_owned(),
            };
            self.failed.push((name, why));
        }
    }
}

/// Restores a sample of what is recorded into a path of its own, compares it, and deletes it again; before that, what earlier
/// rehearsals left behind.
///
/// # Errors
/// The request that failed before anything was written, or by which what was written could not be compared: it is deleted all
/// the same.
pub async fn rehearse<S: ParameterStore + Clone, B: BackupBucket + Clone>(
    store: &S,
    bucket: &B,
    rehearsal: RehearsalOptions,
    options: &RestoreOptions,
    observer: &impl ProgressObserver,
) -> Result<Rehearsal, Error> {
    let RehearsalOptions { now, age, most } = rehearsal;
    let old: Vec<String> = leftovers(store, SCRATCH).await?.into_iter().filter(|name| is_leftover(name, now)).collect();
    let count = old.len();
    let left = clean(store, old, options).await;
    let mut result = Rehearsal { cleaned: count - left.len(), left, ..Rehearsal::default() };
    let names = sample(recorded(bucket).await?, now, most);
    if names.is_empty() {
        return Ok(result);
    }
    let at = Instant::exact(now - age);
    let drill = Drill::prepare(bucket, &Selection::of_names(names), &at, &scratch(now)).await?;
    result.unknown.clone_from(&drill.unknown);
    match drill.run(store, bucket, options, observer).await {
        Ok(drilled) => result.add(drilled),
        Err((error, left)) if left.is_empty() => return Err(error),
        Err((error, left)) => {
            let told = format!("{error}; {} copies were not deleted: `ssmbak drill --clean` deletes them", left.len());
            return Err(Error::new(error.kind, told));
        }
    }
    Ok(result)
}

/// The names that are to be there and whose changes are recorded, but for those of the stack itself.
async fn recorded<B: BackupBucket>(bucket: &B) -> Result<Vec<ParameterName>, Error> {
    let scope = scope_record(bucket).await?;
    let mut names = Vec::new();
    let mut keys = std::pin::pin!(bucket.by_key(Keys::Prefix("")));
    while let Some(versions) = keys.next().await {
        let versions = versions?;
        let current = versions.iter().find(|version| version.is_latest && !version.is_marker);
        let name = current.and_then(|current| name_of(&current.key));
        names.extend(name.filter(|name| !name.as_str().starts_with(OWN_PATH) && scope.excluded_since(name).is_none()));
    }
    Ok(names)
}
