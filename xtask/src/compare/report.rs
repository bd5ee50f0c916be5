//! The report: both error rates side by side.

use std::fmt::Write as _;

use super::Sample;
use super::answers::{Answer, BucketStates, Fate};

/// What is written, and what of it is printed.
#[derive(Debug)]
pub struct Report {
    /// The document.
    pub whole: String,
    /// Its two tables.
    pub tables: String,
}

/// Writes the report.
pub fn markdown(sample: Sample, answers: &BucketStates) -> Report {
    let random = &answers.random;
    let count = |wanted: &dyn Fn(&Answer) -> bool| random.iter().filter(|answer| wanted(answer)).count();
    let number = |wanted: &dyn Fn(&Answer) -> bool| grouped(count(wanted));
    let (fates, evidence) = (fates(random), evidence(random));
    let calm = |fate: &dyn Fn(&Answer) -> Fate| number(&|answer| answer.is("calm") && fate(answer) == Fate::Right);
    let whole = format!(
        include_str!("report.md"),
        command = sample.command(),
        histories = grouped(sample.histories),
        first_seed = sample.seed,
        last_seed = sample.last_seed(),
        questions = grouped(random.len()),
        fates = fates,
        evidence = evidence,
        examples = examples(&answers.examples),
        details = number(&Answer::only_details_differ),
        alive_and_right = number(&|answer| answer.existed() && answer.original() == Fate::Right),
        value_damaged = number(&|answer| answer.is("value_damaged")),
        description_damaged = number(&|answer| answer.is("description_damaged")),
        others = number(&|answer| answer.is("others")),
        unheard = number(&|answer| answer.is("unheard") && answer.original().is_wrong()),
        calm = number(&|answer| answer.is("calm")),
        calm_original = calm(&Answer::original),
        calm_ours = calm(&Answer::ours),
    );
    Report { whole, tables: format!("{fates}\n{evidence}") }
}

fn fates(answers: &[Answer]) -> String {
    let mut table = String::from("| the answer | ssmbak 0.5.2 | this tool |\n| --- | ---: | ---: |\n");
    let mut row = |text: &str, of: &dyn Fn(Fate) -> bool| {
        let cell = |fate: &dyn Fn(&Answer) -> Fate| {
            let number = answers.iter().filter(|answer| of(fate(answer))).count();
            format!("{} ({})", grouped(number), percent(number, answers.len()))
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {text} | {} | {} |", cell(&Answer::original), cell(&Answer::ours));
    };
    row("is right", &|fate| fate == Fate::Right);
    row("says that it is not known, or nothing", &|fate| fate == Fate::Unknown);
    row("crashes", &|fate| fate == Fate::Crash);
    row("**is wrong**", &Fate::is_wrong);
    row("– another state than the true one", &|fate| fate == Fate::Another);
    row("– \"it did not exist\", and it did", &|fate| fate == Fate::Deleted);
    row("– \"it existed\", and it did not", &|fate| fate == Fate::Alive);
    table
}

fn evidence(answers: &[Answer]) -> String {
    let mut table = String::from(
        "| the evidence that reached the bucket | questions | 0.5.2 wrong | 0.5.2 silent | this tool wrong \
         | this tool: unknown |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (evidence, text) in [
        ("tells", "tells the answer"),
        ("gap", "shows that something is missing there"),
        ("none", "has no trace of the deed in effect"),
        ("fine", "is coarser than the question"),
    ] {
        let of: Vec<&Answer> = answers.iter().filter(|answer| answer.evidence() == evidence).collect();
        let cell = |wanted: &dyn Fn(&Answer) -> bool| {
            let number = of.iter().filter(|answer| wanted(answer)).count();
            format!("{} ({})", grouped(number), percent(number, of.len()))
        };
        let _ = writeln!(
            table,
            "| {text} | {} | {} | {} | {} | {} |",
            grouped(of.len()),
            cell(&|answer| answer.original().is_wrong()),
            cell(&|answer| answer.original() == Fate::Unknown),
            cell(&|answer| answer.ours().is_wrong()),
            cell(&|answer| answer.ours() == Fate::Unknown),
        );
    }
    table
}

fn examples(answers: &[Answer]) -> String {
    let mut table =
        String::from("| what happened | the truth | ssmbak 0.5.2 says | this tool |\n| --- | --- | --- | --- |\n");
    for answer in answers {
        let ours = if answer.ours() == Fate::Right { "the truth" } else { "not the truth" };
        let _ = writeln!(table, "| {} | {} | {} | {ours} |", answer.story(), answer.truth(), answer.said());
    }
    table
}

fn percent(part: usize, whole: usize) -> String {
    let thousandths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, percent};

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!((grouped(0).as_str(), grouped(999).as_str()), ("0", "999"));
        assert_eq!((grouped(1000).as_str(), grouped(1_234_567).as_str()), ("1,000", "1,234,567"));
        assert_eq!((percent(0, 0).as_str(), percent(1, 3).as_str()), ("0.0 %", "33.3 %"));
        assert_eq!((percent(2, 3).as_str(), percent(3, 3).as_str()), ("66.7 %", "100.0 %"));
    }
}
