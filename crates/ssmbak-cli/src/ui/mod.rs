//! The terminal. Nothing else writes to it or asks it.
//!
//! Results go to stdout, everything else to stderr; colour is decided for each of them.

mod colour;
mod piped;
mod progress;
mod screen;

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use dialoguer::console::Term;
use serde::Serialize;

pub use colour::Colours;
pub use progress::Progress;
pub use screen::Screen;
pub use ssmbak_text::text;

use crate::error::CliError;
use crate::global::GlobalArgs;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Asks for a secret on the terminal itself, whatever stdout and stderr are; what is typed is not shown.
///
/// # Errors
/// Where there is no terminal, or it is closed.
pub fn secret(prompt: &str) -> io::Result<String> {
    let terminal = || std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty");
    let term = Term::read_write_pair(terminal()?, terminal()?);
    term.write_str(prompt)?;
    term.read_secure_line()
}

/// The terminal, or what stands in its place.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    json: bool,
    colours: Colours,
}

impl Ui {
    /// As the command line and the environment want it.
    pub fn new(global: &GlobalArgs) -> Self {
        Self { json: global.is_json(), colours: Colours::of_environment(global.color) }
    }

    /// Whether results are for programs.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether stdout shows colours.
    pub fn colours_results(&self) -> bool {
        self.colours.stdout
    }

    /// Whether results are looked at as they come.
    pub fn results_on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether somebody is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Columns that a table may take, `None`: as many as it needs.
    pub fn width(&self) -> Option<u16> {
        let said = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
        let seen = || Term::stdout().size_checked().map(|(_, columns)| columns).filter(|_| io::stdout().is_terminal());
        said.or_else(seen).filter(|columns| *columns > 0)
    }

    /// A result as it is, byte for byte.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be written; nobody reading any more is no error.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::output(error)),
            _ => Ok(()),
        }
    }

    /// A result of whole lines.
    ///
    /// # Errors
    /// As [`Ui::bytes`].
    pub fn result(&self, text: &str) -> Result<(), CliError> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.bytes(format!("{text}{end}").as_bytes())
    }

    /// A result for programs.
    ///
    /// # Errors
    /// As [`Ui::bytes`].
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        self.written(|out| {
            serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from).and_then(|()| out.write_all(b"\n"))
        })
    }

    /// A result that is written piece by piece, so that none of it has to be in memory as a whole.
    ///
    /// # Errors
    /// As [`Ui::bytes`].
    pub fn written(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        let mut out = BufWriter::new(io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::output(error)),
            _ => Ok(()),
        }
    }

    /// Something worth knowing, that is no result.
    pub fn note(&self, text: &str) {
        self.err(text);
    }

    /// Something for people alone, that is no result.
    pub fn remark(&self, text: &str) {
        if !self.json {
            self.err(text);
        }
    }

    /// Something for people alone to beware of; for programs it is part of the result.
    pub fn warning(&self, text: &str) {
        if !self.json {
            self.err(&format!("{} {text}", self.label("warning:", WARNING)));
        }
    }

    /// Something to do next.
    pub fn hint(&self, text: &str) {
        if !self.json {
            self.err(&format!("{} {text}", self.label("hint:", HINT)));
        }
    }

    /// That the command waits, why, and for how long already: beside a bar, or as a line of its own.
    pub fn waiting(&self, why: &str, waited: Duration) {
        let told = format!("waiting for {} s: {}", waited.as_secs(), text::line(why));
        if !progress::aside(&told) {
            self.remark(&told);
        }
    }

    /// The end of a command that failed.
    pub fn error(&self, error: &CliError) {
        if self.json {
            self.err(&serde_json::to_string(&error.report()).unwrap_or_default());
            return;
        }
        self.err(&format!("{} {}", self.label("error:", ERROR), text::line(&error.to_string())));
        for difference in error.differences() {
            self.err(&format!("  {}: {}", difference.name, text::line(&difference.reason)));
        }
        if let Some(hint) = error.hint() {
            self.hint(&text::line(hint));
        }
    }

    /// Asks for a yes.
    ///
    /// # Errors
    /// [`CliError::interrupted`], or that the terminal cannot be asked.
    pub fn confirm(&self, question: &str) -> Result<bool, CliError> {
        let asked = dialoguer::Confirm::new().with_prompt(question).default(false).interact_on(&Term::stderr());
        asked.map_err(|dialoguer::Error::IO(error)| {
            // The prompt leaves the cursor hidden, and on its line.
            let _ = Term::stderr().show_cursor();
            self.err("");
            match error.kind() {
                io::ErrorKind::Interrupted => CliError::interrupted(),
                _ => CliError::output(error),
            }
        })
    }

    /// Asks for a word to be typed.
    ///
    /// # Errors
    /// As [`Ui::confirm`].
    pub fn confirm_by(&self, question: &str, word: &str) -> Result<bool, CliError> {
        self.err(question);
        let asked =
            dialoguer::Input::<String>::new().with_prompt(format!("type \"{word}\" to go on")).allow_empty(true);
        let typed = asked.interact_text_on(&Term::stderr()).map_err(|dialoguer::Error::IO(error)| {
            let _ = Term::stderr().show_cursor();
            self.err("");
            match error.kind() {
                io::ErrorKind::Interrupted => CliError::interrupted(),
                _ => CliError::output(error),
            }
        })?;
        Ok(typed.trim() == word)
    }

    /// The answer that is piped in, if one is.
    pub fn piped_answer(&self) -> Option<bool> {
        piped::answer()
    }

    /// Whether the whole terminal can be drawn on.
    pub fn has_screen(&self) -> bool {
        screen::is_possible()
    }

    /// Takes the whole terminal. Nothing else may be written until it is dropped.
    ///
    /// # Errors
    /// [`CliError`] if it cannot be taken.
    pub fn screen(&self) -> Result<Screen, CliError> {
        Screen::open()
    }

    /// A bar on a terminal, silence elsewhere.
    pub fn progress(&self, length: usize, doing: &'static str) -> Progress {
        Progress::new(length, doing, !self.json && io::stderr().is_terminal())
    }

    /// A number that rises on a terminal, silence elsewhere.
    pub fn counter(&self, doing: &'static str) -> Progress {
        Progress::counter(doing, !self.json && io::stderr().is_terminal())
    }

    fn label(&self, text: &str, style: Style) -> String {
        if self.colours.stderr { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn err(&self, text: &str) {
        // Where not even this can be written there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
