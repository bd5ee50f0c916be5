//! What keys do to whatever is open above the tree.

use jiff::Timestamp;

use super::{Effect, Lines, Mode, State};
use crate::input::{Input, Key};

/// Lines of a page.
const PAGE: usize = 10;

/// Lines of the help, and some more.
const HELP_LINES: usize = 60;

impl State {
    /// Takes a key in a mode that has been taken out of the state: it stays open only where it is put back.
    pub(super) fn dialog(&mut self, mode: Mode, key: Key, now: Timestamp) -> Vec<Effect> {
        match mode {
            Mode::Browse => {}
            Mode::Filter(input) => self.filter(input, key),
            Mode::Time(input, wrong) => self.time(input, wrong, key, now),
            Mode::Marks(cursor) => self.marks(cursor, key),
            Mode::Help(line) => {
                self.mode = scrolled(line, key).map_or(Mode::Browse, |line| Mode::Help(line.min(HELP_LINES)))
            }
            Mode::Notice(lines, line) => {
                let line = scrolled(line, key).map(|line| line.min(most(&lines)));
                self.mode = line.map_or(Mode::Browse, |line| Mode::Notice(lines, line));
            }
            Mode::Planning => match key {
                Key::Esc => return vec![Effect::Drop],
                Key::Char('q') => return vec![Effect::Quit],
                // Whatever is typed before the plan is there is not meant for it.
                _ => self.mode = Mode::Planning,
            },
            Mode::Confirm(proposal, line) => match (key, scrolled(line, key)) {
                (Key::Char('y'), _) => {
                    self.mode = Mode::Restoring { done: 0, total: proposal.changes, stopping: false };
                    return vec![Effect::Restore];
                }
                (Key::Char('n' | 'q') | Key::Esc, _) => {
                    self.message = Some("cancelled, nothing changed".to_owned());
                    return vec![Effect::Drop];
                }
                (_, scrolled) => {
                    let line = scrolled.unwrap_or(line).min(most(&proposal.lines));
                    self.mode = Mode::Confirm(proposal, line);
                }
            },
            restoring @ Mode::Restoring { .. } => self.mode = restoring,
        }
        Vec::new()
    }

    fn filter(&mut self, mut input: Input, key: Key) {
        match key {
            Key::Enter => {}
            Key::Esc => self.set_filter(""),
            _ => {
                input.key(key);
                self.set_filter(input.text());
                self.mode = Mode::Filter(input);
            }
        }
    }

    fn time(&mut self, mut input: Input, wrong: Option<String>, key: Key, now: Timestamp) {
        match key {
            Key::Esc => {}
            Key::Enter if input.text().trim().is_empty() => {}
            Key::Enter => {
                if let Err(wrong) = self.go_to(input.text(), now) {
                    self.mode = Mode::Time(input, Some(wrong));
                }
            }
            _ => {
                let wrong = if input.key(key) { None } else { wrong };
                self.mode = Mode::Time(input, wrong);
            }
        }
    }

    fn marks(&mut self, cursor: usize, key: Key) {
        let marks = self.data.as_ref().map(|data| data.marks.as_slice()).unwrap_or_default();
        let last = marks.len().saturating_sub(1);
        match key {
            Key::Enter => {
                if let Some(at) = marks.get(cursor).map(|mark| mark.at) {
                    self.set_time(at);
                }
            }
            Key::Esc | Key::Char('q' | 'm') => {}
            _ => self.mode = Mode::Marks(scrolled(cursor, key).unwrap_or(cursor).min(last)),
        }
    }
}

/// More lines than these take, however narrow the terminal is, are not scrolled through.
fn most(lines: &Lines) -> usize {
    lines.0.iter().map(|line| 1 + line.chars().count() / 20).sum()
}

/// The line after a key that scrolls; `None` for one that does not.
fn scrolled(line: usize, key: Key) -> Option<usize> {
    match key {
        Key::Up | Key::Char('k' | 'K') => Some(line.saturating_sub(1)),
        Key::Down | Key::Char('j' | 'J') => Some(line.saturating_add(1)),
        Key::PageUp => Some(line.saturating_sub(PAGE)),
        Key::PageDown | Key::Char(' ') => Some(line.saturating_add(PAGE)),
        Key::Home | Key::Char('g') => Some(0),
        _ => None,
    }
}
