//! `cargo xtask compare`: ssmbak 0.5.2 and this tool live through the same simulated histories, and answer the same
//! questions.

mod answers;
mod report;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use ssmbak_emulators::{Venv, clean, find_binary, target_dir, workspace_dir};

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};
use answers::BucketStates;

const DEFAULT_HISTORIES: u64 = 300;
const REPORT: &str = "docs/ORIGINAL.md";

/// Which histories are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    histories: u64,
    /// The first one's seed.
    seed: u64,
}

/// Plays them, prints what came of it and writes the report.
pub fn run(arguments: &[&str]) -> Outcome {
    let sample = Sample::parse(arguments)?;
    let dir = target_dir().join("compare");
    fs::create_dir_all(&dir).map_err(Failure::io(format!("create {}", dir.display())))?;
    let (histories, answers) = (dir.join("histories.jsonl"), dir.join("answers.jsonl"));
    let mut steps = Steps::default();
    steps.cargo("build", &["build", "--package", "ssmbak-sim"])?;
    steps.step("Python environment", |_| Ok(Venv::ready().map(drop)?))?;
    steps.step("histories, lived through by this tool", |name| {
        let mut simulation = Command::new(find_binary("ssmbak-sim")?);
        simulation.args(["--export", &sample.histories.to_string(), "--seed", &sample.seed.to_string()]);
        write_output(name, &mut simulation, &histories)
    })?;
    steps.step("the same, lived through by ssmbak 0.5.2", |name| {
        let mut script = Venv::ready()?.script("original_histories.py");
        write_output(name, clean(&mut script).arg(&histories), &answers)
    })?;
    steps.summarise();
    let answers = BucketStates::read(&answers)?;
    let report = report::markdown(sample, &answers);
    let path = workspace_dir().join(REPORT);
    fs::write(&path, &report.whole).map_err(Failure::io(format!("write {}", path.display())))?;
    println!("\n{}\nEverything else is in {REPORT}; single answers are in {}.", report.tables, dir.display());
    answers.check()
}

impl Sample {
    fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut sample = Self { histories: DEFAULT_HISTORIES, seed: 0 };
        for pair in arguments.chunks(2) {
            let field = match pair {
                ["--histories", _] => &mut sample.histories,
                ["--seed", _] => &mut sample.seed,
                _ => return Err(Failure::Usage(format!("cannot understand `compare {}`", arguments.join(" ")))),
            };
            let text = pair.last().copied().unwrap_or_default();
            *field = text.parse().map_err(|_| Failure::Usage(format!("{text} is not a number")))?;
        }
        Ok(sample)
    }

    /// The command that plays it.
    fn command(self) -> String {
        let mut command = "cargo xtask compare".to_owned();
        if self.histories != DEFAULT_HISTORIES {
            command += &format!(" --histories {}", self.histories);
        }
        if self.seed != 0 {
            command += &format!(" --seed {}", self.seed);
        }
        command
    }

    fn last_seed(self) -> u64 {
        self.seed.saturating_add(self.histories.saturating_sub(1))
    }
}

/// Runs a command with its standard output in a file.
fn write_output(name: &'static str, command: &mut Command, file: &Path) -> Outcome {
    let output = File::create(file).map_err(Failure::io(format!("create {}", file.display())))?;
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(output).status().map_err(Failure::io(format!("run {program}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Step { name, command: program }) }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn the_command_of_a_sample_plays_that_sample() {
        for arguments in [vec![], vec!["--histories", "20"], vec!["--histories", "20", "--seed", "7"]] {
            let sample = Sample::parse(&arguments).unwrap();
            let command = sample.command();
            let words: Vec<&str> = command.split(' ').skip(3).collect();
            assert_eq!(Sample::parse(&words).unwrap(), sample, "{command}");
        }
        assert_eq!(Sample::parse(&["--seed", "5", "--histories", "10"]).unwrap().last_seed(), 14);
        assert!(Sample::parse(&["--histories", "many"]).is_err());
        assert!(Sample::parse(&["--histories"]).is_err());
    }
}
