//! Keys, and a line that is typed.

/// A key, as far as it means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// Most characters that are taken; every time and every useful part of a name is shorter.
const MAX: usize = 200;

/// A line that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Input(String);

impl Input {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Takes a key; whether it was one that types.
    pub(crate) fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) if !c.is_control() => {
                if self.0.chars().count() < MAX {
                    self.0.push(c);
                }
            }
            Key::Backspace => drop(self.0.pop()),
            Key::Ctrl('u') => self.0.clear(),
            Key::Ctrl('w') => {
                let kept = self.0.trim_end().rfind(' ').map_or(0, |space| space + 1);
                self.0.truncate(kept);
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_and_mended() {
        let mut input = Input::new("2 hours");
        for key in [Key::Ctrl('w'), Key::Char('d'), Key::Char('ä'), Key::Backspace, Key::Char('\u{1b}')] {
            input.key(key);
        }
        assert_eq!(input.text(), "2 d");
        assert!(!input.key(Key::Enter) && !input.key(Key::Up));
        assert!(input.key(Key::Ctrl('u')) && input.text().is_empty());
        for _ in 0..500 {
            input.key(Key::Char('x'));
        }
        assert_eq!(input.text().len(), MAX);
    }
}
