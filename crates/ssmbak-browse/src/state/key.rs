//! What keys do while nothing is open above the tree.

use std::mem;

use jiff::{SignedDuration, Timestamp};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;

use super::time::Step;
use super::{Effect, Mode, State};
use crate::input::{Input, Key};
use crate::question::paths;
use crate::tree::{Kind, folders};

/// Rows of a page.
const PAGE: usize = 10;

impl State {
    /// Takes a key; `now` is what times count from.
    pub fn key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        if key == Key::Ctrl('c') {
            return self.interrupt();
        }
        // A message stands until the next key.
        if !self.loading {
            self.message = None;
        }
        let mut effects = match mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Browse => self.browse(key, now),
            other => self.dialog(other, key, now),
        };
        effects.extend(self.look());
        effects
    }

    /// Ctrl-C, or the process is asked to end.
    pub fn interrupt(&mut self) -> Vec<Effect> {
        match &mut self.mode {
            Mode::Restoring { stopping, .. } if !*stopping => {
                *stopping = true;
                vec![Effect::Stop]
            }
            _ => vec![Effect::Quit],
        }
    }

    fn browse(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        match key {
            Key::Char('q') => return vec![Effect::Quit],
            Key::Char('?') => self.mode = Mode::Help(0),
            // What could not be read can be tried again; all else needs something to be there.
            Key::Char('R') if !self.loading => return self.reload(),
            _ if self.data.is_none() => {}
            Key::Up | Key::Char('k') => self.go(self.cursor.saturating_sub(1)),
            Key::Down | Key::Char('j') => self.go(self.cursor.saturating_add(1)),
            Key::PageUp => self.go(self.cursor.saturating_sub(PAGE)),
            Key::PageDown => self.go(self.cursor.saturating_add(PAGE)),
            Key::Home | Key::Char('g') => self.go(0),
            Key::End | Key::Char('G') => self.go(usize::MAX),
            Key::Enter => self.toggle(),
            Key::Char('o') => self.toggle_all(),
            Key::Left => self.step(Step::Back, false),
            Key::Right => self.step(Step::Forward, false),
            Key::Char('<' | ',') => self.step(Step::Back, true),
            Key::Char('>' | '.') => self.step(Step::Forward, true),
            Key::Char('h') => self.shift(SignedDuration::from_hours(-1), now),
            Key::Char('H') => self.shift(SignedDuration::from_hours(1), now),
            Key::Char('d') => self.shift(SignedDuration::from_hours(-24), now),
            Key::Char('D') => self.shift(SignedDuration::from_hours(24), now),
            Key::Char('n') => self.set_time(Instant::exact(now)),
            Key::Char('t') => self.mode = Mode::Time(Input::default(), None),
            Key::Char('m') => self.open_marks(),
            Key::Char('/') => self.mode = Mode::Filter(Input::new(&self.filter)),
            Key::Esc => self.set_filter(""),
            Key::Char('v') => self.look.revealed = !self.look.revealed && self.selected().is_some(),
            Key::Char('J') => self.scroll = self.scroll.saturating_add(1),
            Key::Char('K') => self.scroll = self.scroll.saturating_sub(1),
            Key::Char(' ') => self.mark(),
            Key::Char('c') => self.marked.clear(),
            Key::Char('r') => return self.plan(),
            _ => {}
        }
        Vec::new()
    }

    fn toggle(&mut self) {
        let Some(row) = self.row().filter(|row| row.depth > 0 && matches!(row.kind, Kind::Folder { .. })) else {
            return;
        };
        let path = row.path.clone();
        if !self.open.remove(&path) {
            self.open.insert(path);
        }
        self.lay_out();
    }

    /// Opens all folders, or closes them if all are open.
    fn toggle_all(&mut self) {
        let Some(data) = &self.data else { return };
        let all = folders(data.names(), &self.subject.root);
        self.open = if all.is_subset(&self.open) { Default::default() } else { all };
        self.lay_out();
    }

    pub(super) fn set_filter(&mut self, filter: &str) {
        if filter != self.filter {
            filter.clone_into(&mut self.filter);
            self.lay_out();
        }
    }

    fn open_marks(&mut self) {
        let marks = self.data.as_ref().map(|data| data.marks.as_slice()).unwrap_or_default();
        if marks.is_empty() {
            self.message = Some("there are no marks; `ssmbak mark NAME` names a moment".to_owned());
        } else {
            // The one that is shown, or the latest before it.
            let until = self.at.until();
            let before = marks.iter().rposition(|mark| mark.at.at() <= until);
            self.mode = Mode::Marks(before.unwrap_or(0));
        }
    }

    /// Marks what is under the cursor for a restore, or no longer: of a folder all that is below it.
    fn mark(&mut self) {
        let (Some(row), Some(data)) = (self.row(), &self.data) else { return };
        let names: Vec<ParameterName> = self.members(row).filter_map(|name| data.names().get(name)).cloned().collect();
        if names.iter().all(|name| self.marked.contains(name)) {
            for name in &names {
                self.marked.remove(name);
            }
        } else {
            self.marked.extend(names);
        }
        self.go(self.cursor.saturating_add(1));
    }

    fn plan(&mut self) -> Vec<Effect> {
        let Some(data) = &self.data else { return Vec::new() };
        if self.loading {
            self.message = Some("wait until everything is read".to_owned());
            return Vec::new();
        }
        if self.marked.is_empty() {
            self.message = Some("nothing is marked: the space bar marks a parameter, or all below a folder".to_owned());
            return Vec::new();
        }
        let (paths, recursive) = paths(data, &self.marked, &self.subject.whole);
        self.mode = Mode::Planning;
        vec![Effect::Plan { names: self.marked.iter().cloned().collect(), paths, recursive, at: self.at }]
    }
}
