//! A pseudo-terminal with a command in it: keys go in, a screen comes out.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// Longest wait for something to be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the command has written.
struct Written {
    parser: Parser,
    raw: Vec<u8>,
}

/// A terminal in which a command runs.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    written: Arc<Mutex<Written>>,
    reader: Option<thread::JoinHandle<()>>,
}

/// What is left when the command has ended.
#[derive(Debug)]
pub struct Left {
    pub code: u32,
    pub screen: String,
    /// Whether the terminal is as it was: the usual screen, its cursor to be seen.
    pub in_order: bool,
    /// What of it is coloured.
    pub colours: Vec<String>,
    raw: Vec<u8>,
}

fn size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Terminal {
    /// Starts a command in a terminal of so many columns and rows.
    pub fn start(command: &Command, room: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size(room)).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            builder.env_remove(name);
        }
        builder.env("TERM", "xterm-256color");
        builder.env("TZ", "UTC");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let written =
            Arc::new(Mutex::new(Written { parser: Parser::new(cells(room.1), cells(room.0), 0), raw: Vec::new() }));
        let shared = Arc::clone(&written);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            // At its end a terminal reads as an error on Linux.
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let mut written = shared.lock().unwrap();
                written.parser.process(&buffer[..read]);
                written.raw.extend_from_slice(&buffer[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, keys, child, written, reader: Some(reader) }
    }

    /// What is to be seen.
    pub fn screen(&self) -> String {
        self.written.lock().unwrap().parser.screen().contents()
    }

    /// What is to be seen, once it stays as it is.
    pub fn settled(&self) -> String {
        let mut seen = self.screen();
        loop {
            thread::sleep(Duration::from_millis(300));
            let now = self.screen();
            if now == seen {
                return seen;
            }
            seen = now;
        }
    }

    /// What of it is coloured.
    pub fn colours(&self) -> Vec<String> {
        coloured(self.written.lock().unwrap().parser.screen())
    }

    /// Presses keys, as a terminal sends them.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until all of it is to be seen, however lines are broken; returns the screen.
    pub fn sees(&self, all: &[&str]) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            let bare = bare(&screen);
            match all.iter().find(|wanted| !bare.contains(&self::bare(wanted))) {
                None => return screen,
                Some(missing) => assert!(begun.elapsed() < PATIENCE, "{missing:?} is not to be seen:\n{screen}"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, room: (u16, u16)) {
        self.written.lock().unwrap().parser.screen_mut().set_size(cells(room.1), cells(room.0));
        self.master.resize(size(room)).unwrap();
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Left {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it does not end:\n{}", self.screen());
            }
            thread::sleep(Duration::from_millis(20));
        };
        drop(self.reader.take().map(thread::JoinHandle::join));
        let written = self.written.lock().unwrap();
        let screen = written.parser.screen();
        Left {
            code: status.exit_code(),
            screen: screen.contents(),
            colours: coloured(screen),
            in_order: !screen.alternate_screen() && !screen.hide_cursor(),
            raw: written.raw.clone(),
        }
    }
}

impl Left {
    /// Whether any colour was set, be it for a moment.
    pub fn has_colours(&self) -> bool {
        let text = String::from_utf8_lossy(&self.raw);
        let codes = text.split("\u{1b}[").skip(1).filter_map(|rest| {
            let (codes, _) = rest.split_once(|c: char| !(c.is_ascii_digit() || c == ';'))?;
            rest[codes.len()..].starts_with('m').then(|| codes.to_owned())
        });
        let is_colour = |code: &str| matches!(code.parse(), Ok(30..=38_u16 | 40..=48 | 90..=107));
        codes.flat_map(|codes| codes.split(';').map(str::to_owned).collect::<Vec<_>>()).any(|code| is_colour(&code))
    }
}

/// The words that are coloured, each with its colour and its line.
fn coloured(screen: &vt100::Screen) -> Vec<String> {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let mut found = Vec::new();
    for row in 0..rows {
        let mut run: Option<(vt100::Color, String)> = None;
        for column in 0..=columns {
            let cell = screen.cell(row, column);
            let colour = cell.map_or(vt100::Color::Default, vt100::Cell::fgcolor);
            match &mut run {
                Some((known, text)) if *known == colour => text.push_str(cell.map_or("", vt100::Cell::contents)),
                _ => {
                    if let Some((colour, text)) = run.take() {
                        found.push(format!("{}: {} {}", row + 1, named(colour), text.trim()));
                    }
                    if colour != vt100::Color::Default {
                        run = Some((colour, cell.map_or("", vt100::Cell::contents).to_owned()));
                    }
                }
            }
        }
    }
    found
}

fn named(colour: vt100::Color) -> String {
    match colour {
        vt100::Color::Idx(index @ 0..=7) => {
            ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"][usize::from(index)].to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// Without what lines and frames add.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"│┌┐└┘─▕▏".contains(*c)).collect()
}
