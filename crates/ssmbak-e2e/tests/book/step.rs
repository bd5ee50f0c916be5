//! What is typed in a `console` block, and what it shows as the answer.

use std::ops::Range;

/// A command with its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// What is typed, lines that go on with `> ` included.
    pub command: String,
    /// Where command and answer are in the page: whole lines, the exit code's included.
    pub lines: Range<usize>,
    /// Where the answer begins in the page.
    pub answer: usize,
    /// What is printed, without the line break at its end.
    pub output: String,
    /// How it ends.
    pub code: i32,
}

/// The line that shows an exit code other than 0.
pub fn exit_line(code: i32) -> String {
    format!("[exit code {code}]")
}

/// The steps of a block.
///
/// # Errors
/// What is no step: an answer before the first command.
pub fn steps(page: &str, block: Range<usize>) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut answered = false;
    let mut at = block.start;
    for line in page[block].split_inclusive('\n') {
        let end = at + line.len();
        let text = line.trim_end_matches('\n');
        if let Some(command) = text.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                lines: at..end,
                answer: end,
                output: String::new(),
                code: 0,
            });
            answered = false;
        } else {
            let step = steps.last_mut().ok_or(format!("a block begins without a command: {text}"))?;
            match text.strip_prefix("> ").filter(|_| !answered) {
                Some(more) => {
                    step.command.push('\n');
                    step.command.push_str(more);
                    step.answer = end;
                }
                None => answered = true,
            }
            step.lines.end = end;
        }
        at = end;
    }
    for step in &mut steps {
        (step.output, step.code) = answer(&page[step.answer..step.lines.end]);
    }
    Ok(steps)
}

/// What an answer in the page says: the output and the exit code.
fn answer(text: &str) -> (String, i32) {
    let text = text.trim_end_matches('\n');
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let code = last.strip_prefix("[exit code ").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
    match code {
        Some(code) => (before.to_owned(), code),
        None => (text.to_owned(), 0),
    }
}

/// How a command and its answer are written into a page.
pub fn written(command: &str, output: &str, code: i32) -> String {
    let mut lines = format!("$ {}\n", command.replace('\n', "\n> "));
    if !output.is_empty() {
        lines = format!("{lines}{output}\n");
    }
    if code != 0 {
        lines = format!("{lines}{}\n", exit_line(code));
    }
    lines
}

#[test]
fn commands_and_answers_are_told_apart() {
    let page = "$ cat <<X\n> a\n> X\n> a\n[exit code 4]\n$ quiet\n$ two\n1\n\n2\n";
    let found = steps(page, 0..page.len()).unwrap();
    let seen: Vec<_> = found.iter().map(|step| (step.command.as_str(), step.output.as_str(), step.code)).collect();
    // A line that begins with "> " after the command is the command's; the book has no output that begins so.
    assert_eq!(seen, [("cat <<X\na\nX\na", "", 4), ("quiet", "", 0), ("two", "1\n\n2", 0)]);
    for step in &found {
        assert_eq!(page[step.lines.clone()], written(&step.command, &step.output, step.code), "{}", step.command);
    }
}

#[test]
fn a_block_begins_with_a_command() {
    assert!(steps("output\n$ one\n", 0..13).is_err());
}
