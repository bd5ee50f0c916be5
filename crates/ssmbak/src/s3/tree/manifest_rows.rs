//! What became of the rows of manifests: every one is looked up in a listing of its own.

use std::path::Path;

use ssmbak_core::instant::Instant;
use ssmbak_core::object::{
    KeyHistory, ObjectAction, ObjectChange, ObjectPlanOptions, ObjectState, ObjectTotals, Verdict, decide,
};

use super::compare::without_done;
use super::manifest::ManifestRow;
use super::spill::Blocks;
use super::throttle::retry_throttled;
use super::{Failure, ManifestPlan, Target, Tree, TreePlan};
use crate::s3::{CopyOptions, Destination};
use crate::{Error, ErrorKind};

/// Most rows that are named with what is wrong about them.
const NAMED: usize = 1_000;

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct ManifestVerified {
    /// Rows that were looked up.
    pub rows: u64,
    /// Rows that are not as they should be.
    pub wrong: u64,
    /// The first thousand of them.
    pub failures: Vec<Failure>,
}

impl ManifestVerified {
    fn wrong(&mut self, key: &str, error: Error) {
        self.wrong += 1;
        if self.failures.len() < NAMED {
            self.failures.push(Failure { row: self.rows, key: key.to_owned(), error });
        }
    }
}

impl Tree {
    /// What is left of a plan that manifests were written of. A key whose version was to be copied is never deleted, even
    /// if that version has expired since, so that the key seems to have come later.
    ///
    /// # Errors
    /// As [`Tree::plan`], and if the manifests cannot be read.
    pub async fn plan_of_manifest(
        &self,
        manifest: &ManifestPlan,
        dir: &Path,
        at: Instant,
        to: Option<&Target>,
        seen: impl FnMut(u64),
    ) -> Result<TreePlan, Error> {
        if let Some(to) = to {
            return self.contents_at(at, to, seen).await;
        }
        let mut plan = self.plan(at, ObjectPlanOptions { delete_new: manifest.delete_new }, seen).await?;
        if plan.totals.delete == 0 {
            return Ok(plan);
        }
        let mut rows = manifest.rows(dir)?.filter(|row| !row.as_ref().is_ok_and(|row| row.is_delete)).peekable();
        let (mut left, mut totals) = (Blocks::new(&self.scratch)?, plan.totals);
        for change in plan.changes.rows() {
            let change = change?;
            let key = &change.version.key;
            while rows.next_if(|row| row.as_ref().is_ok_and(|row| row.key < *key)).is_some() {}
            let is_copied = match rows.peek() {
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(row)) => row.key == *key,
                None => false,
            };
            if change.action == ObjectAction::Delete && is_copied {
                totals.settle(&change);
                continue;
            }
            left.push(change)?;
        }
        Ok(TreePlan { changes: left.end()?, totals, proved: 0 })
    }

    /// Looks up every row of the manifests in a new listing: whether the current version of its key is the wanted version
    /// or a copy of it, and whether what was to be deleted is.
    ///
    /// # Errors
    /// As [`Tree::plan`], and if the manifests cannot be read.
    pub async fn verify_manifest(
        &self,
        manifest: &ManifestPlan,
        dir: &Path,
        at: Instant,
        to: Option<&Target>,
        seen: impl FnMut(u64),
    ) -> Result<ManifestVerified, Error> {
        let mut states = match to {
            Some(to) => self.contents_at(at, to, seen).await?.changes,
            None => self.found(&[at], state, seen).await?,
        };
        let mut found = ManifestVerified::default();
        let (mut left, mut totals) = (Blocks::new(&self.scratch)?, ObjectTotals::default());
        let mut states = states.rows().peekable();
        for row in manifest.rows(dir)? {
            let row = row?;
            found.rows += 1;
            while states.next_if(|state| state.as_ref().is_ok_and(|state| state.version.key < row.key)).is_some() {}
            let state = match states.peek() {
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(state)) => Some(state).filter(|state| state.version.key == row.key),
                None => None,
            };
            match judge(&row, state, to.is_none()) {
                Ok(None) => {}
                Ok(Some(change)) => {
                    totals.add(&Verdict::Change(change.clone()));
                    left.push(change)?;
                }
                Err(error) => found.wrong(&row.key, error),
            }
        }
        let plan = TreePlan { changes: left.end()?, totals, proved: 0 };
        let is_done = async |change: &ObjectChange| retry_throttled(async || self.is_made(change, to).await).await;
        let mut wrong = without_done(plan, &self.scratch, &self.concurrency, None, is_done).await?;
        for change in wrong.changes.rows() {
            let change = change?;
            let message = match &change.present {
                Some(present) if !present.is_marker => "another version is current",
                _ => "it does not exist",
            };
            found.wrong(&change.version.key, Error::new(ErrorKind::Other, message));
        }
        Ok(found)
    }

    /// Whether a job or this program has made a row. A job keeps less than this program, so equal ETags are enough; where
    /// those cannot be equal, all is compared.
    async fn is_made(&self, change: &ObjectChange, to: Option<&Target>) -> Result<bool, Error> {
        let Some(present) = &change.same_bytes_as else { return Ok(false) };
        let then = change.version.etag.as_deref();
        if then.is_some() && change.present.as_ref().and_then(|present| present.etag.as_deref()) == then {
            return Ok(true);
        }
        let key = to.map(|to| to.key(&self.prefix, &change.version.key));
        let place = match (to, &key) {
            (Some(to), Some(key)) => Destination { bucket: &to.bucket, key },
            _ => Destination { bucket: &self.bucket, key: &change.version.key },
        };
        let head = self.bucket.describe(&change.version).await?;
        self.bucket.is_the_same(&change.version, &head, place, present, &CopyOptions::default()).await
    }
}

/// What a key held at the instant beside what it holds now; of a key that held nothing, what it holds now.
fn state(history: &KeyHistory) -> Option<ObjectChange> {
    match history.at(0) {
        ObjectState::Held(then) => Some(ObjectChange::create(then).over(history.now())),
        ObjectState::Deleted(_) | ObjectState::Absent => {
            match decide(history, ObjectPlanOptions { delete_new: true }) {
                Verdict::Change(change) => Some(change),
                Verdict::Unchanged | Verdict::NewKept => None,
            }
        }
    }
}

/// Whether a row is made, as far as the listing tells: a change is what has to be compared.
fn judge(row: &ManifestRow, state: Option<&ObjectChange>, in_place: bool) -> Result<Option<ObjectChange>, Error> {
    match state {
        None if row.is_delete => Ok(None),
        Some(change) if row.is_delete => match &change.present {
            Some(present) if !present.is_marker => Err(Error::new(ErrorKind::Other, "it exists")),
            _ => Ok(None),
        },
        Some(change) if change.action != ObjectAction::Delete && change.version.version_id == row.version_id => {
            let is_current = change.present.as_ref().is_some_and(|now| now.version_id == row.version_id);
            Ok(Some(change.clone()).filter(|_| !(in_place && is_current)))
        }
        _ => {
            let message =
                format!("its version {} is not there any more, so nothing can be compared with it", row.version_id);
            Err(Error::new(ErrorKind::NotFound, message))
        }
    }
}
