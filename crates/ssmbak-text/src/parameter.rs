//! What is said of a parameter, attribute by attribute.

use ssmbak_core::compare::{Said, recorded_details};
use ssmbak_core::parameter::{Details, ParameterType};
use ssmbak_core::plan::{Field, PresentParameter, RecordedParameter};

use crate::difference::skipped;
use crate::text;

/// In place of a secret. Its length would tell something about it.
const HIDDEN: &str = "(hidden)";

/// In place of what is not there.
const NONE: &str = "(none)";

/// A state as it is shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    parameter_type: ParameterType,
    value: &'a str,
    description: Option<&'a str>,
    details: Option<&'a Details>,
    /// Whether its value is kept from being shown.
    hidden: bool,
}

impl<'a> Shown<'a> {
    /// As it was recorded; `hidden` keeps its value from being shown.
    pub fn recorded(state: &'a RecordedParameter, hidden: bool) -> Self {
        Self {
            parameter_type: state.parameter_type,
            value: state.value.expose(),
            description: state.description.text.as_deref(),
            details: state.details.as_ref(),
            hidden,
        }
    }

    /// As Parameter Store has it.
    pub fn present(state: &'a PresentParameter, hidden: bool) -> Self {
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

    /// Description and details, as far as there is something to say.
    fn attributes(&self) -> impl Iterator<Item = (Field, Content)> {
        let details = self.details.into_iter().flat_map(|details| {
            recorded_details(details)
                .map(|(field, said)| (field, Content::said(said)))
                .filter(|(_, content)| !content.is_usual())
        });
        let all = std::iter::once((Field::Description, self.content(Field::Description))).chain(details);
        all.filter(|(_, content)| !matches!(content, Content::Absent))
    }
}

/// The value alone, or field by field where there is more to tell.
pub fn creation(to: &Shown<'_>) -> Vec<String> {
    let value = text::cut(lines_of(&to.content(Field::Value)));
    let more: Vec<(Field, Content)> = to.attributes().collect();
    if more.is_empty() {
        return value;
    }
    let more = more.into_iter().map(|(field, content)| (field, text::cut(lines_of(&content))));
    std::iter::once((Field::Value, value)).chain(more).flat_map(|(field, lines)| named(field, lines)).collect()
}

/// All but type and value, field by field, without what goes without saying; nothing is cut.
pub fn attributes(of: &Shown<'_>) -> Vec<String> {
    of.attributes().flat_map(|(field, content)| named(field, lines_of(&content))).collect()
}

/// The value with its own lines; nothing is cut.
pub fn value(of: &Shown<'_>) -> Vec<String> {
    lines_of(&of.content(Field::Value))
}

/// Whether the values of two states of a parameter, which differ in `fields`, are kept from being shown.
///
/// A value that stayed the same while its type changed is a secret on both sides.
pub fn hidden(before: ParameterType, after: ParameterType, fields: &[Field]) -> (bool, bool) {
    let (one, other) = (before.is_secret(), after.is_secret());
    if fields.contains(&Field::Value) { (one, other) } else { (one || other, one || other) }
}

fn named(field: Field, lines: Vec<String>) -> Vec<String> {
    match lines.as_slice() {
        [line] => vec![format!("{field}: {line}")],
        _ => std::iter::once(format!("{field}:")).chain(lines.iter().map(|line| format!("  {line}"))).collect(),
    }
}

/// `Field: old → new`; of texts of several lines those that differ, one below the other.
pub fn update(field: Field, from: &Shown<'_>, to: &Shown<'_>) -> Vec<String> {
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

enum Content {
    Hidden,
    Absent,
    Text(String),
}

impl Content {
    fn of(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Absent, |text| Self::Text(text.to_owned()))
    }

    fn said(said: Said<'_>) -> Self {
        match said {
            Said::Text(text) => Self::of(text),
            Said::List(texts) => Self::of(Some(&texts.join("\n"))),
            Said::Map(entries) => {
                let entries = entries.into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
                Self::of(Some(&entries.collect::<Vec<_>>().join(", ")))
            }
        }
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
    let said = recorded_details(details).find_map(|(recorded, said)| (recorded == field).then_some(said));
    said.map_or(Content::Absent, Content::said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_a_secret_on_one_side_is_one_on_both_if_it_is_the_same() {
        use ParameterType::{SecureString, String};
        assert_eq!(hidden(String, SecureString, &[Field::Type]), (true, true));
        assert_eq!(hidden(String, SecureString, &[Field::Value, Field::Type]), (false, true));
        assert_eq!(hidden(SecureString, String, &[Field::Value]), (true, false));
        assert_eq!(hidden(String, String, &[]), (false, false));
    }
}
