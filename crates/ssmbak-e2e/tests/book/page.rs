//! A page whose commands are run.

use std::fs;

use ssmbak_e2e::Outcome;

use crate::block::{CONSOLE, blocks};
use crate::redactions::{Copied, alike, leaves_out};
use crate::session::{Answer, Session, overwrites, source, sources};
use crate::step::{Step, steps, written};

/// The steps of a page, in its order.
pub fn steps_of(text: &str) -> Result<Vec<Step>, String> {
    let consoles = blocks(text).into_iter().filter(|block| block.kind == CONSOLE);
    let found: Result<Vec<Vec<Step>>, String> = consoles.map(|block| steps(text, block.lines)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Runs a page and compares what is printed with what it shows.
pub fn holds(page: &str, mut session: Session) -> Outcome {
    let text = source(page)?;
    let steps = steps_of(&text)?;
    if steps.is_empty() {
        return Err(format!("{page} is to be run, and has no commands").into());
    }
    let (mut copied, mut answers, mut differences) = (Copied::default(), Vec::new(), Vec::new());
    for step in &steps {
        let answer = session.step(&copied.typed(&step.command))?;
        copied.learn(&step.output, &answer.output);
        differences.extend(difference(step, &answer).map(|told| format!("$ {}\n{told}", step.command)));
        answers.push(answer);
    }
    if overwrites(!differences.is_empty()) {
        fs::write(sources().join(page), rewritten(&text, &steps, &answers, &copied))?;
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{page} is not as it shows ({}):\n\n{}", differences.len(), differences.join("\n")).into())
}

/// In what an answer is not as the page shows it.
fn difference(step: &Step, answer: &Answer) -> Option<String> {
    if answer.output.contains("panicked at") {
        return Some(format!("it panicked:\n{}", answer.output));
    }
    if step.code != answer.code {
        return Some(format!("it ends with {} and not {}:\n{}", answer.code, step.code, answer.output));
    }
    alike(&answer.output, &step.output).err()
}

/// The page with what was typed and printed this time, so that all its times and ids are of one run.
fn rewritten(text: &str, steps: &[Step], answers: &[Answer], copied: &Copied) -> String {
    let mut page = text.to_owned();
    // From the end, so that what is before stays where it is.
    for (step, answer) in steps.iter().zip(answers).rev() {
        // What leaves out lines goes on doing so, as long as it is true.
        let keep = leaves_out(&step.output) && difference(step, answer).is_none();
        let output = if keep { copied.typed(&step.output) } else { answer.output.clone() };
        page.replace_range(step.lines.clone(), &written(&copied.typed(&step.command), &output, answer.code));
    }
    page
}

#[test]
fn answers_that_differ_are_told_and_written() {
    let page = "```console\n$ one\n1\n$ two\n[exit code 4]\n```\n\n```console\n$ three\n3 s\n```\n";
    let steps = steps_of(page).unwrap();
    let answer = |output: &str, code| Answer { output: output.to_owned(), code };
    let answers = [answer("eins", 0), answer("", 0), answer("4 s", 0)];
    let told: Vec<bool> = steps.iter().zip(&answers).map(|(step, answer)| difference(step, answer).is_some()).collect();
    assert_eq!(told, [true, true, false]);
    let expected = page.replace("$ one\n1", "$ one\neins").replace("[exit code 4]\n", "").replace("3 s", "4 s");
    assert_eq!(rewritten(page, &steps, &answers, &Copied::default()), expected);
    let panic = answer("thread 'main' panicked at src", 0);
    assert!(difference(&Step { output: panic.output.clone(), ..steps.into_iter().next().unwrap() }, &panic).is_some());
}
