//! What answers do.

use super::{Answer, Effect, FEW, Look, Mode, State};
use crate::data::Data;
use crate::tree::folders;

impl State {
    /// Takes what became of an effect.
    pub fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Loaded(data) => self.loaded(*data),
            Answer::NotLoaded(reason) => {
                self.loading = false;
                self.message = Some(format!("it could not be read: {reason}"));
                Vec::new()
            }
            Answer::Looked(looked) => self.looked(looked),
            Answer::Planned(proposal) => {
                // Unless it was left in the meantime.
                if matches!(self.mode, Mode::Planning) {
                    self.mode =
                        if proposal.changes > 0 { Mode::Confirm(proposal, 0) } else { Mode::Notice(proposal.lines, 0) };
                }
                Vec::new()
            }
            Answer::NotPlanned(reason) => {
                if matches!(self.mode, Mode::Planning) {
                    self.mode = Mode::Browse;
                    self.message = Some(format!("no plan could be made: {reason}"));
                }
                Vec::new()
            }
            Answer::Settled => {
                if let Mode::Restoring { done, .. } = &mut self.mode {
                    *done += 1;
                }
                Vec::new()
            }
            Answer::Restored { said, complete, restored } => {
                self.mode = Mode::Notice(said, 0);
                if let Some(data) = &self.data {
                    self.equal.restored(data, &restored, self.at.until());
                }
                if complete {
                    self.marked.clear();
                }
                self.reload()
            }
        }
    }

    /// Everything is to be read again.
    pub(super) fn reload(&mut self) -> Vec<Effect> {
        self.loading = true;
        vec![Effect::Load]
    }

    fn loaded(&mut self, data: Data) -> Vec<Effect> {
        let first = self.data.is_none();
        if first && data.names().len() <= FEW {
            self.open = folders(data.names(), &self.subject.root);
        }
        self.loading = false;
        self.message = match data.warnings.as_slice() {
            [] if data.names().is_empty() => {
                Some(format!("there is no parameter at {}, neither then nor now", self.subject.paths.join(" ")))
            }
            [] => None,
            [warning] => Some(format!("warning: {warning}")),
            [warning, rest @ ..] => Some(format!("warning: {warning} (and {} more)", rest.len())),
        };
        self.marked.retain(|name| data.names().binary_search(name).is_ok());
        self.equal.loaded(&data);
        self.data = Some(data);
        // What was read before may not be so any more.
        self.look = Look::default();
        self.lay_out();
        self.compare();
        self.look()
    }
}
