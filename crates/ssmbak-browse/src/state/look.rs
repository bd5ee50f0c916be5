//! The parameter that is looked at closely: its values then and now.

use ssmbak_core::compare::changed_fields;
use ssmbak_core::diff::Side;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Target;
use ssmbak_core::timeline;

use super::{Effect, Looked, State};

/// What has been read of the parameter under the cursor. Nothing is kept of those that were left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    name: Option<ParameterName>,
    /// By S3 version.
    then: Option<(String, Result<Target, String>)>,
    now: Option<Result<Side, String>>,
    /// Whether its secret is shown.
    pub(crate) revealed: bool,
    asked: Option<Effect>,
}

impl Look {
    /// Whether an answer is still to come.
    pub(crate) fn is_awaited(&self) -> bool {
        self.asked.is_some()
    }

    /// What was read of an S3 version.
    pub(crate) fn then(&self, version_id: &str) -> Option<&Result<Target, String>> {
        self.then.as_ref().filter(|(read, _)| read == version_id).map(|(_, target)| target)
    }

    /// What was read of the present.
    pub(crate) fn now(&self) -> Option<&Result<Side, String>> {
        self.now.as_ref()
    }

    fn asked_of(&self, name: &ParameterName) -> bool {
        self.name.as_ref() == Some(name)
    }
}

impl State {
    /// The S3 version that was in effect of the parameter under the cursor.
    fn version_in_effect(&self) -> Option<String> {
        match self.data.as_ref()?.state(self.selected()?, self.at.until()) {
            timeline::State::Held(held) => Some(held.record.version_id.clone()),
            timeline::State::Absent(_) | timeline::State::Unknown(_) => None,
        }
    }

    /// What is to be read for what is shown, unless it was asked for already.
    pub(super) fn look(&mut self) -> Vec<Effect> {
        let name = self.selected().and_then(|name| self.data.as_ref()?.names().get(name)).cloned();
        let Some(name) = name else {
            self.look = Look::default();
            return Vec::new();
        };
        if !self.look.asked_of(&name) {
            self.look = Look { name: Some(name.clone()), ..Look::default() };
        }
        let then = self.version_in_effect().is_some_and(|version| self.look.then(&version).is_none());
        let now = self.look.now.is_none();
        if !then && !now {
            self.look.asked = None;
            return Vec::new();
        }
        let effect = Effect::Look { name, at: self.at, then, now };
        if self.look.asked.as_ref() == Some(&effect) {
            return Vec::new();
        }
        self.look.asked = Some(effect.clone());
        vec![effect]
    }

    pub(super) fn looked(&mut self, looked: Looked) -> Vec<Effect> {
        // What is not looked at any more is not kept.
        if self.look.asked_of(&looked.name) {
            self.look.now = looked.now.or(self.look.now.take());
            if looked.at == self.at {
                self.look.then =
                    looked.then.and_then(|then| Some((self.version_in_effect()?, then))).or(self.look.then.take());
            }
            self.look.asked = None;
            self.compared();
        }
        self.look()
    }

    /// Keeps that both sides are the same, once both are read, so that the tree says what the detail says.
    fn compared(&mut self) {
        let Some((data, name)) = self.data.as_ref().zip(self.selected()) else { return };
        let version = self.version_in_effect();
        let then = version.as_deref().and_then(|version| self.look.then(version));
        if let (Some(Ok(Target::Held(then))), Some(Ok(Side::Held(now)))) = (then, self.look.now())
            && changed_fields(then, now).is_empty()
        {
            self.equal.compared(data, name, self.at.until());
            self.compare();
        }
    }
}
