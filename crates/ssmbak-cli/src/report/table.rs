//! What people read.

pub(super) mod cells;

use anstyle::{AnsiColor, Style};
use comfy_table::Color;
use ssmbak::restore::{Applied, Outcome};
use ssmbak_core::plan::{Action, Change, Plan};

use super::columns::{Row, fitting};
use crate::ui::text;

const HEADER: [&str; 5] = ["Action", "Name", "Type", "Value", "Modified"];

/// More created parameters than this are shown in one line each.
const BRIEF: usize = 20;

/// How a table may look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal, `None`: as many as it takes.
    pub width: Option<u16>,
    /// Whether to colour.
    pub colours: bool,
    /// Whether secrets are shown.
    pub reveal: bool,
}

/// The changes of a plan, what is unknown, and the sum of it.
pub fn plan(plan: &Plan, look: Look) -> String {
    let mut shown = String::new();
    if !plan.changes.is_empty() {
        shown.push_str(&table(&plan.changes, look));
    }
    if !plan.unknown.is_empty() {
        shown.push_str("unknown at that time (not changed):\n");
        for unknown in &plan.unknown {
            shown.push_str(&format!("  {}: {}\n", unknown.name, text::line(&unknown.reason.message)));
        }
    }
    if !plan.skipped.is_empty() {
        shown.push_str("skipped, because it exists with other values:\n");
        for name in &plan.skipped {
            shown.push_str(&format!("  {name}\n"));
        }
    }
    shown.push_str(&sum(plan));
    shown
}

/// One row a change; where that is too wide for a narrow terminal, type and time go below the name.
fn table(changes: &[Change], look: Look) -> String {
    let created = changes.iter().filter(|change| matches!(change.action, Action::Create(_))).count();
    let brief = created > BRIEF;
    of_states(HEADER, changes.iter().map(|change| row(change, look, brief)).collect(), look)
}

/// Rows of an action, a name, a type, a value and a time; where they are too wide for a narrow terminal, type and time go
/// below the name.
pub(super) fn of_states(header: [&str; 5], rows: Vec<(Color, [String; 5])>, look: Look) -> String {
    let narrow_header = stacked(header.map(str::to_owned));
    let narrow_header: Vec<&str> = narrow_header.iter().map(String::as_str).collect();
    let narrow: Vec<Row> = rows.iter().cloned().map(|(colour, texts)| (Some(colour), stacked(texts))).collect();
    let wide: Vec<Row> = rows.into_iter().map(|(colour, texts)| (Some(colour), texts.to_vec())).collect();
    fitting(&header, &wide, look, (&narrow_header, &narrow))
}

fn row(change: &Change, look: Look, brief: bool) -> (Color, [String; 5]) {
    let (colour, parameter_type) = match &change.action {
        Action::Create(to) => (Color::DarkGreen, to.parameter_type),
        Action::Update { to, .. } => (Color::DarkYellow, to.parameter_type),
        Action::Delete { from, .. } => (Color::DarkRed, from.parameter.parameter_type),
    };
    let texts = [
        change.action_name().to_owned(),
        change.name.to_string(),
        parameter_type.to_string(),
        cells::value(change, look.reveal, brief).join("\n"),
        change.modified().map(super::short_time).unwrap_or_default(),
    ];
    (colour, texts)
}

fn stacked([action, name, parameter_type, value, modified]: [String; 5]) -> Vec<String> {
    let below = [name, parameter_type, modified].into_iter().filter(|text| !text.is_empty());
    vec![action, below.collect::<Vec<_>>().join("\n"), value]
}

/// `2 to create, 1 to update, 1 to delete, 14 unchanged, 1 unknown`, without what there is none of.
fn sum(plan: &Plan) -> String {
    let counts = plan.counts();
    let parts = [
        (counts.create, "to create"),
        (counts.update, "to update"),
        (counts.delete, "to delete"),
        (plan.unchanged, "unchanged"),
        (plan.skipped.len(), "skipped"),
        (plan.unknown.len(), "unknown"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    match (plan.changes.is_empty(), parts.is_empty()) {
        (true, true) => "no changes".to_owned(),
        (true, false) => format!("no changes: {}", parts.join(", ")),
        (false, _) => parts.join(", "),
    }
}

/// What became of a plan: what failed or was not tried, and the sum of it.
pub fn applied(plan: &Plan, applied: &Applied, look: Look) -> String {
    let mut shown = String::new();
    let mut counts = [0_usize; 5];
    let mut left: Vec<Left<'_>> = Vec::new();
    for (change, outcome) in plan.changes.iter().zip(&applied.outcomes) {
        let place = match (outcome, &change.action) {
            (Outcome::Done, Action::Create(_)) => 0,
            (Outcome::Done, Action::Update { .. }) => 1,
            (Outcome::Done, Action::Delete { .. }) => 2,
            (Outcome::Failed(_), _) => 3,
            (Outcome::Skipped(_), _) => 4,
        };
        counts[place] += 1;
        let (word, why) = match outcome {
            Outcome::Done => continue,
            Outcome::Failed(error) => ("failed", error.to_string()),
            Outcome::Skipped(reason) => ("skipped", reason.clone()),
        };
        left.push(Left { word, change, why });
    }
    shown.push_str(&told(&left, look));
    let words = ["created", "updated", "deleted", "failed", "skipped"];
    let parts: Vec<String> = words
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    shown.push_str(&parts.join(", "));
    shown
}

/// A row that is not done.
struct Left<'a> {
    word: &'static str,
    change: &'a Change,
    why: String,
}

impl Left<'_> {
    /// What it has in common with rows that are left for the same reason: errors name the parameter.
    fn reason(&self) -> (&'static str, String) {
        (self.word, self.why.replace(self.change.name.as_str(), "*"))
    }
}

/// Maximum number of rows listed one by one that share a reason.
const ALIKE: usize = 5;

/// The rows that are not done. Of many with the same reason the first is told in full, and the others are counted.
fn told(left: &[Left<'_>], look: Look) -> String {
    let mut groups: Vec<((&'static str, String), Vec<&Left<'_>>)> = Vec::new();
    for row in left {
        let reason = row.reason();
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((reason, vec![row])),
        }
    }
    let style = if look.colours { AnsiColor::Red.on_default() } else { Style::new() };
    let mut shown = String::new();
    for (_, rows) in groups {
        let one_by_one = if rows.len() > ALIKE { 1 } else { rows.len() };
        for Left { word, change, why } in rows.iter().take(one_by_one) {
            let action = change.action_name();
            shown.push_str(&format!("{style}{word}{style:#} to {action} {}: {}\n", change.name, text::line(why)));
        }
        if let Some(first) = rows.first().filter(|_| rows.len() > one_by_one) {
            let more = rows.len() - one_by_one;
            let word = first.word;
            shown.push_str(&format!("{style}{word}{style:#} likewise: {more} more (--output json names them)\n"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::tests::plan as example;
    use super::*;
    use ssmbak::{Error, ErrorKind};

    const PLAIN: Look = Look { width: Some(110), colours: false, reveal: false };

    #[test]
    fn a_plan_for_people() {
        insta::assert_snapshot!(plan(&example(), PLAIN));
    }

    #[test]
    fn a_plan_fits_a_narrow_terminal() {
        let shown = plan(&example(), Look { width: Some(72), ..PLAIN });
        assert!(shown.lines().all(|line| line.chars().count() <= 72), "{shown}");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn a_plan_with_secrets_and_colours_if_they_are_asked_for() {
        let shown = plan(&example(), Look { width: None, colours: true, reveal: true });
        assert!(shown.contains("top secret") && shown.contains("two → one"), "{shown}");
        assert!(shown.contains("\u{1b}[") && !shown.contains("\u{1b}[2J"), "{shown}");
    }

    #[test]
    fn an_empty_plan_is_a_sentence() {
        let nothing = Plan { unchanged: 3, ..Plan::default() };
        insta::assert_snapshot!(plan(&nothing, PLAIN), @"no changes: 3 unchanged");
        insta::assert_snapshot!(plan(&Plan::default(), PLAIN), @"no changes");
    }

    #[test]
    fn many_rows_left_for_one_reason_are_summarised() {
        let change = |number: usize| {
            let mut change = example().changes.remove(0);
            change.name = ssmbak_core::name::ParameterName::parse(&format!("/app/{number:02}")).unwrap();
            change
        };
        let plan = Plan { changes: (0..67).map(change).collect(), ..Plan::default() };
        let denied = |number: usize| {
            let why = format!("cannot write /app/{number:02}: AccessDeniedException: not authorized");
            Outcome::Failed(Error::new(ErrorKind::AccessDenied, why))
        };
        let mut outcomes: Vec<Outcome> = (0..7).map(denied).collect();
        outcomes.extend(vec![Outcome::Skipped("stopped before its turn".to_owned()); 60]);
        insta::assert_snapshot!(applied(&plan, &Applied { outcomes, stopped: true, warnings: Vec::new() }, PLAIN), @r"
        failed to create /app/00: cannot write /app/00: AccessDeniedException: not authorized
        failed likewise: 6 more (--output json names them)
        skipped to create /app/07: stopped before its turn
        skipped likewise: 59 more (--output json names them)
        7 failed, 60 skipped
        ");
    }

    #[test]
    fn what_became_of_a_plan() {
        let mut outcomes = vec![Outcome::Done; 8];
        outcomes.push(Outcome::Failed(Error::new(ErrorKind::Refused, "parameter store \u{7}refuses")));
        outcomes.push(Outcome::Skipped("stopped before its turn".to_owned()));
        insta::assert_snapshot!(applied(&example(), &Applied { outcomes, stopped: true, warnings: Vec::new() }, PLAIN), @r"
        failed to update /app/tagged: parameter store \u{7}refuses
        skipped to update /app/cert: stopped before its turn
        3 created, 3 updated, 2 deleted, 1 failed, 1 skipped
        ");
    }
}
