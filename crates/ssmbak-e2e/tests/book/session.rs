//! One shell session, from an empty directory, on a pipeline of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ssmbak_e2e::Outcome;
use ssmbak_testkit::{Ministack, OTHER_ACCOUNTS, Venv, binary, workspace_dir};
use tempfile::TempDir;

/// What the reader has on the PATH. The function lies beside the commands, where they look for it.
const COMMANDS: [&str; 4] = ["ssmbak", "ssmbak-all", "ssmbak-stack", "s3bak"];

/// The stack of all pages.
const STACK: &str = "backups";

/// Stands before the exit code of a step; no command prints it.
const END: u8 = 0x1e;

/// No page takes as many seconds; a command that waits for ever ends here.
const PATIENCE: &str = "120";

/// Waits until the bucket lacks nothing, as the reader of a page would: a change is not recorded at once.
const AWAIT_RECORDED: &str = "\
for _ in {1..40}; do
    case $(ssmbak-all 2>/dev/null) in 'everything is recorded'* | 'there is nothing to record'* | '') break ;; esac
    sleep 0.05
done
";

/// Waits until the first sweep of a stack has finished.
const AWAIT_SWEPT: &str = "\
for _ in {1..100}; do
    ssmbak doctor OPTIONS 2>/dev/null | grep -q '^ok  *Sweep ' && break
    sleep 0.1
done
";

/// What a step printed (both streams, as on a terminal) and its exit code.
#[derive(Debug)]
pub struct Answer {
    pub output: String,
    pub code: i32,
}

/// A shell in which the commands of a page are typed.
pub struct Session {
    shell: Child,
    typed: ChildStdin,
    printed: BufReader<ChildStdout>,
    // These go when the session ends.
    home: TempDir,
    _ministack: Ministack,
}

impl Session {
    /// On an emulator of its own, with the commands, the stock AWS CLI and nothing else of the project on the PATH.
    pub fn begin() -> Outcome<Self> {
        let (ministack, home) = (Ministack::start()?, tempfile::tempdir()?);
        let (bin, work) = (home.path().join("bin"), home.path().join("work"));
        fs::create_dir(&bin)?;
        fs::create_dir(&work)?;
        symlink(Venv::ready()?.executable("aws"), bin.join("aws"))?;
        for command in COMMANDS {
            symlink(binary(command), bin.join(command))?;
        }
        let configuration = home.path().join("config");
        fs::write(&configuration, OTHER_ACCOUNTS)?;
        // The commands find it by their own real path.
        let _ = binary("ssmbak-lambda");
        let path = std::env::var("PATH")?;
        let mut shell: Command = ministack.command("timeout");
        shell.args([PATIENCE, "bash"]).current_dir(&work);
        shell.env("PATH", format!("{}:{path}", bin.display())).env("HOME", home.path());
        shell
            .env("AWS_CONFIG_FILE", &configuration)
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_STATE_HOME", home.path().join("state"));
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let typed = shell.stdin.take().ok_or("no input")?;
        let printed = BufReader::new(shell.stdout.take().ok_or("no output")?);
        Ok(Self { shell, typed, printed, home, _ministack: ministack })
    }

    /// Deploys the pipeline, and has it record what is there.
    pub fn deployed(mut self) -> Outcome<Self> {
        self.well(&format!("ssmbak-stack {STACK} create --no-sweep && ssmbak-all --do-it"))?;
        Ok(self)
    }

    /// Runs a script of `docs/book/src/setup`: what happened before the page begins.
    pub fn after(mut self, setup: &str) -> Outcome<Self> {
        let script = workspace_dir().join("docs/book/src/setup").join(setup);
        self.well(&format!("bash -e {}", script.display()))?;
        self.run(AWAIT_RECORDED)?;
        Ok(self)
    }

    fn well(&mut self, command: &str) -> Outcome {
        let answer = self.run(command)?;
        if answer.code == 0 { Ok(()) } else { Err(format!("what comes before the page failed: {answer:?}").into()) }
    }

    /// Types a command, and waits until it has ended and what it changed is recorded.
    pub fn step(&mut self, command: &str) -> Outcome<Answer> {
        let answer = self.run(command)?;
        if changes_parameters(command) {
            self.run(AWAIT_RECORDED)?;
        }
        if let Some(options) = deployment(command) {
            self.run(&AWAIT_SWEPT.replace("OPTIONS", &options))?;
        }
        Ok(answer)
    }

    fn run(&mut self, command: &str) -> Outcome<Answer> {
        let file = self.home.path().join("step");
        fs::write(&file, format!("{command}\n"))?;
        writeln!(self.typed, ". {} </dev/null 2>&1; printf '\\x1e%d\\n' $?", file.display())?;
        let mut output = Vec::new();
        self.printed.read_until(END, &mut output)?;
        let ended = output.pop() == Some(END);
        let output = String::from_utf8(output)?;
        if !ended {
            return Err(format!("`{command}` did not end; until then it printed:\n{output}").into());
        }
        let mut code = String::new();
        self.printed.read_line(&mut code)?;
        Ok(Answer { output: output.trim_end_matches('\n').to_owned(), code: code.trim().parse()? })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Whether a step may have changed what the pipeline records.
fn changes_parameters(command: &str) -> bool {
    // Without the rule nothing is recorded.
    if command.contains("disable-rule") {
        return false;
    }
    ["aws ssm put", "aws ssm delete", "ssmbak restore", "ssmbak und", "ssmbak drill"]
        .iter()
        .any(|change| command.contains(change))
}

/// The options of a step that deploys a stack.
fn deployment(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["ssmbak-stack", _, "create", options @ ..] => Some(options.join(" ")),
        _ => None,
    }
}

/// Where the book's sources are.
pub fn sources() -> PathBuf {
    workspace_dir().join("docs/book/src")
}

/// Whether a page is to be written anew instead of compared: if it differs (`BOOK=overwrite`), or all (`BOOK=refresh`).
pub fn overwrites(differs: bool) -> bool {
    std::env::var("BOOK").is_ok_and(|value| value == "refresh" || value == "overwrite" && differs)
}

/// A page's text.
pub fn source(page: &str) -> Outcome<String> {
    let path = sources().join(page);
    fs::read_to_string(&path).map_err(|error| format!("{page}: {error}").into())
}
