//! What a restore, a comparison, an undeletion would find.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{
    KeyGlobs, KeyHistory, ObjectChange, ObjectPlanOptions, ObjectState, ObjectTotals, ObjectVersion, Verdict, decide,
    deleted, held_at,
};

use super::spill::Blocks;
use super::{Spill, Target, Tree};
use crate::{Error, ErrorKind};

/// What a restore of a tree would do.
#[derive(Debug)]
pub struct TreePlan {
    /// The changes.
    pub changes: Spill<ObjectChange>,
    /// How many, and how large.
    pub totals: ObjectTotals,
    /// How many keys the journal of an interrupted run proved to be done.
    pub proved: u64,
}

/// What a key holds at a target.
#[derive(Debug, Serialize, Deserialize)]
struct There {
    key: String,
    version: ObjectVersion,
}

impl Tree {
    /// What a restore of the tree in its place would do. `seen` is told how many versions were looked at, now and then.
    ///
    /// # Errors
    /// The failed request, or that the plan cannot be written.
    pub async fn plan(
        &self,
        at: Instant,
        options: ObjectPlanOptions,
        seen: impl FnMut(u64),
    ) -> Result<TreePlan, Error> {
        self.decided(&[at], |history| decide(history, options), seen).await
    }

    /// All that the tree held, for another place.
    ///
    /// # Errors
    /// As [`Tree::plan`].
    pub async fn contents(&self, at: Instant, seen: impl FnMut(u64)) -> Result<TreePlan, Error> {
        self.decided(&[at], held_at, seen).await
    }

    /// All that the tree held, beside what another place holds now.
    ///
    /// # Errors
    /// As [`Tree::plan`]. A target that may not be listed is overwritten without being compared.
    pub async fn contents_at(&self, at: Instant, to: &Target, seen: impl FnMut(u64)) -> Result<TreePlan, Error> {
        let plan = self.contents(at, seen).await?;
        self.beside(plan, to).await
    }

    /// All that the tree held, beside what another place holds now.
    pub(super) async fn beside(&self, mut plan: TreePlan, to: &Target) -> Result<TreePlan, Error> {
        let there = Self { bucket: to.bucket.clone(), prefixes: vec![to.prefix.clone()], ..self.clone() };
        let there = Self { globs: KeyGlobs::default(), ..there };
        let now = |history: &KeyHistory| match history.now() {
            ObjectState::Held(version) | ObjectState::Deleted(version) => {
                Some(There { key: version.key.clone(), version: version.clone() })
            }
            ObjectState::Absent => None,
        };
        let mut there = match there.found(&[], now, |_| {}).await {
            Err(error) if error.kind == ErrorKind::AccessDenied => return Ok(plan),
            there => there?,
        };
        let mut changes = Blocks::new(&self.scratch)?;
        let mut totals = ObjectTotals { versions: plan.totals.versions, ..ObjectTotals::default() };
        let mut present = there.rows().peekable();
        for change in plan.changes.rows() {
            let change = change?;
            let key = to.key(&self.prefix, &change.version.key);
            while present.next_if(|row| row.as_ref().is_ok_and(|row| row.key < key)).is_some() {}
            let change = match present.next_if(|row| row.as_ref().map_or(true, |row| row.key == key)) {
                Some(row) => match &row?.version {
                    now if now.is_marker => change.over(ObjectState::Deleted(now)),
                    now => change.over(ObjectState::Held(now)),
                },
                None => change,
            };
            totals.add(&Verdict::Change(change.clone()));
            changes.push(change)?;
        }
        Ok(TreePlan { changes: changes.end()?, totals, proved: 0 })
    }

    /// What is deleted now and can come back: of each key deleted at `since` or later the last version before that.
    ///
    /// # Errors
    /// As [`Tree::plan`].
    pub async fn trash(&self, since: Option<Timestamp>, seen: impl FnMut(u64)) -> Result<TreePlan, Error> {
        self.decided(&[], |history| deleted(history, since), seen).await
    }

    /// What a function finds to say about each key's history, given the instants it is to know about.
    ///
    /// # Errors
    /// As [`Tree::plan`].
    pub async fn found<T: Serialize + DeserializeOwned>(
        &self,
        instants: &[Instant],
        mut find: impl FnMut(&KeyHistory) -> Option<T>,
        mut seen: impl FnMut(u64),
    ) -> Result<Spill<T>, Error> {
        let mut spill = Spill::new(&self.scratch)?;
        self.walk(instants, |keys, versions| {
            seen(versions);
            let mut first = None;
            let mut rows = Vec::new();
            for (key, history) in keys.iter().filter(|(key, _)| self.globs.matches(key)) {
                if let Some(row) = find(history) {
                    first.get_or_insert(key);
                    rows.push(row);
                }
            }
            first.map_or(Ok(()), |first| spill.push(first, &rows))
        })
        .await?;
        Ok(spill)
    }

    async fn decided(
        &self,
        instants: &[Instant],
        decide: impl Fn(&KeyHistory) -> Verdict,
        mut seen: impl FnMut(u64),
    ) -> Result<TreePlan, Error> {
        let mut totals = ObjectTotals::default();
        let mut versions = 0;
        let find = |history: &KeyHistory| {
            let verdict = decide(history);
            totals.add(&verdict);
            match verdict {
                Verdict::Change(change) => Some(change),
                Verdict::Unchanged | Verdict::NewKept => None,
            }
        };
        let count = |page| {
            versions += page;
            seen(page);
        };
        let changes = self.found(instants, find, count).await?;
        totals.versions = versions;
        Ok(TreePlan { changes, totals, proved: 0 })
    }
}
