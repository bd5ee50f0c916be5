//! What stands in a cell.

use jiff::Timestamp;
use ssmbak_core::parameter::{Details, ParameterType};
use ssmbak_core::plan::{Action, Change, Field, PresentParameter, RecordedParameter};
use ssmbak_core::timeline::Absence;

use crate::ui::text;

/// In place of a secret. Its length would tell something about it.
const HIDDEN: &str = "(hidden)";

/// In place of what is not there.
const NONE: &str = "(none)";

/// A time to the second, which is what people look for.
pub(super) fn short_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The value to be created, the changes field by field, or the reason for a deletion.
pub(super) fn value(change: &Change, reveal: bool) -> Vec<String> {
    match &change.action {
        Action::Create(to) => creation(to, reveal),
        Action::Update { to, from, fields } => {
            fields.iter().flat_map(|field| update(*field, to, from, reveal)).collect()
        }
        Action::Delete { because: Absence::Deleted(at), .. } => vec![format!("(deleted at {})", short_time(*at))],
        Action::Delete { because: Absence::NotYetCreated(first), .. } => {
            vec![format!("(first version came at {})", short_time(*first))]
        }
    }
}

/// The value alone, or field by field where there is more to tell.
fn creation(to: &RecordedParameter, reveal: bool) -> Vec<String> {
    let value = text::cut(lines_of(&Content::value(to.parameter_type, to.value.expose(), reveal)));
    let description = (Field::Description, Content::of(to.description.text.as_deref()));
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
fn update(field: Field, to: &RecordedParameter, from: &PresentParameter, reveal: bool) -> Vec<String> {
    let old = lines_of(&present(field, from, reveal));
    let new = lines_of(&recorded(field, to, from, reveal));
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
    let unchanged = |count: usize| (count > 0).then(|| format!("  … {count} lines as they are"));
    shown.extend(unchanged(before));
    let differing = |lines: &[String]| text::cut(lines[before..lines.len() - after].to_vec());
    shown.extend(differing(&old).iter().map(|line| format!("- {line}")));
    shown.extend(differing(&new).iter().map(|line| format!("+ {line}")));
    shown.extend(unchanged(after));
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

    fn value(parameter_type: ParameterType, value: &str, reveal: bool) -> Self {
        if parameter_type.is_secret() && !reveal { Self::Hidden } else { Self::Text(value.to_owned()) }
    }
}

fn lines_of(content: &Content) -> Vec<String> {
    match content {
        Content::Hidden => vec![HIDDEN.to_owned()],
        Content::Absent => vec![NONE.to_owned()],
        Content::Text(text) => text::lines(text),
    }
}

fn present(field: Field, from: &PresentParameter, reveal: bool) -> Content {
    let parameter = &from.parameter;
    match field {
        Field::Value => Content::value(parameter.parameter_type, from.value.expose(), reveal),
        Field::Type => Content::Text(parameter.parameter_type.to_string()),
        Field::Description => Content::of(parameter.description.as_deref()),
        _ => detail(field, &parameter.details),
    }
}

fn recorded(field: Field, to: &RecordedParameter, from: &PresentParameter, reveal: bool) -> Content {
    match field {
        Field::Value => Content::value(to.parameter_type, to.value.expose(), reveal),
        Field::Type => Content::Text(to.parameter_type.to_string()),
        Field::Description => Content::of(to.description.text.as_deref()),
        // Details differ only where they are recorded.
        _ => detail(field, to.details.as_ref().unwrap_or(&from.parameter.details)),
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
