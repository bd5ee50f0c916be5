//! Colours, where they are wanted. Without them everything is told by signs, bold and reverse.

use ratatui::style::{Color, Modifier, Style};

use crate::status::Status;

/// How text may be emphasised. The colours are those that every terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Whether to colour.
    pub colours: bool,
}

impl Palette {
    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn plain(self) -> Style {
        Style::new()
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn time(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(super) fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn warning(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    pub(super) fn removed(self) -> Style {
        self.colour(Color::Red)
    }

    pub(super) fn added(self) -> Style {
        self.colour(Color::Green)
    }

    pub(super) fn status(self, status: Status) -> Style {
        match status {
            Status::Same => Style::new(),
            Status::Changed => self.colour(Color::Yellow),
            Status::Gone => self.colour(Color::Green),
            Status::New => self.colour(Color::Red),
            Status::Never => self.dim(),
            Status::Unknown => self.colour(Color::Magenta),
        }
    }
}
