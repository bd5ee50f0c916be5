//! What stands in a cell.

use ssmbak_core::parameter::{Details, ParameterType};
use ssmbak_core::plan::{Action, Change, Field, PresentParameter, RecordedParameter};
use ssmbak_core::timeline::Absence;

use crate::report::difference::skipped;
use crate::report::short_time;
use crate::ui::text;

/// In place of a secret. Its length would tell something about it.
const HIDDEN: &str = "(hidden)";

/// In place of what is not there.
const NONE: &str = "(none)";

/// A state as it is shown.
#[derive(Clone, Copy)]
pub(in crate::report) struct Shown<'a> {
    parameter_type: ParameterType,
    value: &'a str,
    description: Option<&'a str>,
    details: Option<&'a Details>,
    /// Whether its value is kept from being shown.
    hidden: bool,
}

impl<'a> Shown<'a> {
    pub(in crate::report) fn recorded(state: &'a RecordedParameter, hidden: bool) -> Self {
        Self {
            parameter_type: state.parameter_type,
            value: state.value.expose(),
            description: state.description.text.as_deref(),
            details: state.details.as_ref(),
            hidden,
        }
    }

    fn present(state: &'a PresentParameter, hidden: bool) -> Self {
        Self {
            parameter_type: state.parameter.parameter_type,
            value: state.value.expose(),
            description: state.parameter.description.as_deref(),
            details: Some(&state.parameter.details),
            hidden,
        }
    }

    fn content(&self, field: Field) -> Content {
        let detail = |field| self.details.map_or(Content::Absent, |details| detail(field, details));
        match field {
            Field::Value if self.hidden => Content::Hidden,
            Field::Value => Content::Text(self.value.to_owned()),
            Field::Type => Content::Text(self.parameter_type.to_string()),
            Field::Description => Content::of(self.description),
            _ => detail(field),
        }
    }
}

/// The value to be created, the changes field by field, or the reason for a deletion.
pub(super) fn value(change: &Change, reveal: bool) -> Vec<String> {
    let hidden = |kind: ParameterType| kind.is_secret() && !reveal;
    match &change.action {
        Action::Create(to) => creation(&Shown::recorded(to, hidden(to.parameter_type))),
        Action::Update { to, from, fields } => {
            let new = Shown::recorded(to, hidden(to.parameter_type));
            let old = Shown::present(from, hidden(from.parameter.parameter_type));
            fields.iter().flat_map(|field| update(*field, &old, &new)).collect()
        }
        Action::Delete { because: Absence::Deleted(at), .. } => vec![format!("(deleted at {})", short_time(*at))],
        Action::Delete { because: Absence::NotYetCreated(first), .. } => {
            vec![format!("(first version came at {})", short_time(*first))]
        }
    }
}

/// The value alone, or field by field where there is more to tell.
pub(in crate::report) fn creation(to: &Shown<'_>) -> Vec<String> {
    let value = text::cut(lines_of(&to.content(Field::Value)));
    let description = (Field::Description, to.content(Field::Description));
    let details = to.details.iter().flat_map(|details| {
        DETAILS.into_iter().map(|field| (field, detail(field, details))).filter(|(_, content)| !content.is_usual())
    });
    let more: Vec<(Field, Content)> = std::iter::once(description)
        .chain(details)
        .filter(|(_, content)| !matches!(content, Content::Absent))
        .collect();
    if more.is_empty() {
        return value;
    }
    let more = more.into_iter().map(|(field, content)| (field, text::cut(lines_of(&content))));
    std::iter::once((Field::Value, value)).chain(more).flat_map(|(field, lines)| named(field, lines)).collect()
}

fn named(field: Field, lines: Vec<String>) -> Vec<String> {
    match lines.as_slice() {
        [line] => vec![format!("{field}: {line}")],
        _ => std::iter::once(format!("{field}:")).chain(lines.iter().map(|line| format!("  {line}"))).collect(),
    }
}

/// `Field: old → new`; of texts of several lines those that differ, one below the other.
pub(in crate::report) fn update(field: Field, from: &Shown<'_>, to: &Shown<'_>) -> Vec<String> {
    let old = lines_of(&from.content(field));
    let new = lines_of(&to.content(field));
    if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
        let (old, new) = text::from_the_difference(old, new);
        let shown: Vec<String> = text::cut(vec![old]).into_iter().chain(text::cut(vec![new])).collect();
        return vec![format!("{field}: {}", shown.join(" → "))];
    }
    let same = |pair: &(&String, &String)| pair.0 == pair.1;
    let before = old.iter().zip(&new).take_while(same).count();
    let most = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
    let mut shown = vec![format!("{field}:")];
    shown.extend(skipped(before));
    let differing = |lines: &[String]| text::cut(lines[before..lines.len() - after].to_vec());
    shown.extend(differing(&old).iter().map(|line| format!("- {line}")));
    shown.extend(differing(&new).iter().map(|line| format!("+ {line}")));
    shown.extend(skipped(after));
    shown
}

const DETAILS: [Field; 6] =
    [Field::Tier, Field::DataType, Field::KeyId, Field::AllowedPattern, Field::Policies, Field::Tags];

enum Content {
    Hidden,
    Absent,
    Text(String),
}

impl Content {
    fn of(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Absent, |text| Self::Text(text.to_owned()))
    }

    /// Whether it goes without saying.
    fn is_usual(&self) -> bool {
        matches!(self, Self::Text(text) if ["Standard", "text", "alias/aws/ssm"].contains(&text.as_str()))
    }
}

fn lines_of(content: &Content) -> Vec<String> {
    match content {
        Content::Hidden => vec![HIDDEN.to_owned()],
        Content::Absent => vec![NONE.to_owned()],
        Content::Text(text) => text::lines(text),
    }
}

fn detail(field: Field, details: &Details) -> Content {
    match field {
        Field::Tier => Content::of(details.tier.as_deref()),
        Field::DataType => Content::of(details.data_type.as_deref()),
        Field::KeyId => Content::of(details.key_id.as_deref()),
        Field::AllowedPattern => Content::of(details.allowed_pattern.as_deref()),
        Field::Policies => Content::of(Some(&details.policies.join("\n"))),
        Field::Tags => {
            let tags = details.tags.iter().flatten().map(|(key, value)| format!("{key}={value}"));
            Content::of(Some(&tags.collect::<Vec<_>>().join(", ")))
        }
        Field::Value | Field::Type | Field::Description => Content::Absent,
    }
}
