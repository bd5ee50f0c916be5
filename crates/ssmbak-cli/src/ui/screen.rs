//! The whole terminal, as a screen that is given back on every way out.

use std::io::{self, IsTerminal as _, Stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{Event, EventStream, KeyEventKind};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use futures_util::StreamExt as _;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::error::CliError;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Sees to it once that a panic is read on a terminal that is in order.
static HOOK: Once = Once::new();

/// The terminal, taken over. It is given back when this is dropped, and before a panic is told.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    events: EventStream,
}

/// Whether the whole terminal can be taken: it is one, and can do more than print.
pub(super) fn is_possible() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !dumb
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be.
    pub(super) fn open() -> Result<Self, CliError> {
        HOOK.call_once(|| {
            let tell = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                tell(panic);
            }));
        });
        // Whether there are colours is decided elsewhere; this decides that codes are written at all.
        crossterm::style::force_color_output(true);
        TAKEN.store(true, Ordering::Relaxed);
        let taken = enable_raw_mode().and_then(|()| execute!(io::stdout(), EnterAlternateScreen));
        let terminal = taken.and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        match terminal {
            Ok(terminal) => Ok(Self { terminal, events: EventStream::new() }),
            Err(error) => {
                give_back();
                Err(CliError::output(error))
            }
        }
    }

    /// Draws what has changed.
    ///
    /// # Errors
    /// [`CliError`] if the terminal is gone.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<(), CliError> {
        self.terminal.draw(render).map(drop).map_err(CliError::output)
    }

    /// Columns of the terminal.
    pub fn columns(&self) -> u16 {
        self.terminal.size().map_or(80, |size| size.width)
    }

    /// Waits for a key that is pressed, or for something that asks to be drawn anew (`None`).
    ///
    /// # Errors
    /// [`CliError`] if the terminal is gone.
    pub async fn event(&mut self) -> Result<Option<crossterm::event::KeyEvent>, CliError> {
        match self.events.next().await {
            Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => Ok(Some(key)),
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(CliError::output(error)),
            None => Err(CliError::output(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts the terminal in order, if it is ours. There is nobody to tell if that fails.
fn give_back() {
    if TAKEN.swap(false, Ordering::Relaxed) {
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}
