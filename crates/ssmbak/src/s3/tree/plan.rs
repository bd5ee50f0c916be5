//! What a restore, a comparison, an undeletion would find.

use serde::Serialize;
use serde::de::DeserializeOwned;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{
    KeyHistory, ObjectAction, ObjectChange, ObjectPlanOptions, ObjectState, ObjectTotals, Verdict, decide, held_at,
};

use super::{Spool, Tree};
use crate::Error;

/// What a restore of a tree would do.
#[derive(Debug)]
pub struct TreePlan {
    /// The changes.
    pub changes: Spool<ObjectChange>,
    /// How many, and how large.
    pub totals: ObjectTotals,
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

    /// What is deleted now and can come back: of each deleted key the last version before its marker.
    ///
    /// # Errors
    /// As [`Tree::plan`].
    pub async fn trash(&self, seen: impl FnMut(u64)) -> Result<TreePlan, Error> {
        let verdict = |history: &KeyHistory| match (history.now(), history.last_object()) {
            (ObjectState::Deleted(_), Some(version)) => Verdict::Change(ObjectChange {
                action: ObjectAction::Create,
                version: version.clone(),
                is_new: false,
                has_null: history.has_null(),
                same_bytes_as: None,
            }),
            _ => Verdict::Unchanged,
        };
        self.decided(&[], verdict, seen).await
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
    ) -> Result<Spool<T>, Error> {
        let mut spool = Spool::new(&self.scratch)?;
        self.walk(instants, |keys, versions| {
            seen(versions);
            let mut first = None;
            let mut rows = Vec::new();
            for (key, history) in &keys {
                if let Some(row) = find(history) {
                    first.get_or_insert(key);
                    rows.push(row);
                }
            }
            first.map_or(Ok(()), |first| spool.push(first, &rows))
        })
        .await?;
        Ok(spool)
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
        Ok(TreePlan { changes, totals })
    }
}
