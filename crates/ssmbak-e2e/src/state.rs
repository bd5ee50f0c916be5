//! What Parameter Store holds, really or by what a preview says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Outcome;

/// Parameters by name.
pub type State = BTreeMap<String, Held>;

/// What matters of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its type.
    pub parameter_type: String,
    /// Its value, byte for byte.
    pub value: String,
    /// Its description, none if empty.
    pub description: Option<String>,
}

/// A parameter.
#[must_use]
pub fn held(parameter_type: &str, value: &str, description: Option<&str>) -> Held {
    let description = description.filter(|text| !text.is_empty()).map(str::to_owned);
    Held { parameter_type: parameter_type.to_owned(), value: value.to_owned(), description }
}

/// What a state becomes by the changes of a preview, ours (`Changes`) or the original's.
///
/// # Errors
/// If they are not what either tool calls a change.
pub fn after(mut present: State, changes: &Value) -> Outcome<State> {
    for change in changes.as_array().ok_or("a list of changes was expected")? {
        let text = |key: &str| change.get(key).map(|text| text.as_str().ok_or(format!("{key} is no text: {change}")));
        let required = |key: &str| text(key).ok_or(format!("no {key}: {change}"))?;
        let name = required("Name")?.to_owned();
        if change.get("Deleted") == Some(&Value::Bool(true)) {
            present.remove(&name).ok_or(format!("it deletes what is not there: {change}"))?;
        } else {
            let parameter = held(required("Type")?, required("Value")?, text("Description").transpose()?);
            present.insert(name, parameter);
        }
    }
    Ok(present)
}

/// What ssmbak 0.5.2 makes of a description: S3's characters for tags, at most 256 of them.
#[must_use]
pub fn as_in_a_tag(description: &str) -> String {
    description.chars().filter(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(*c)).take(256).collect()
}

/// A state with its descriptions as ssmbak 0.5.2 records them: the only thing that its buckets say wrongly.
#[must_use]
pub fn as_the_original_records_it(state: &State) -> State {
    let recorded = |parameter: &Held| {
        let description = parameter.description.as_deref().map(as_in_a_tag);
        held(&parameter.parameter_type, &parameter.value, description.as_deref())
    };
    state.iter().map(|(name, parameter)| (name.clone(), recorded(parameter))).collect()
}

/// A state as ssmbak 0.5.2 reads it back: it strips values.
#[must_use]
pub fn as_the_original_reads_it(state: &State) -> State {
    let mut state = as_the_original_records_it(state);
    state.values_mut().for_each(|parameter| parameter.value = parameter.value.trim().to_owned());
    state
}

/// Fails a test if two states differ, and shows in what.
///
/// # Panics
/// If they do.
#[track_caller]
pub fn assert_same(seen: &State, expected: &State, when: impl std::fmt::Display) {
    let names: BTreeSet<&String> = seen.keys().chain(expected.keys()).collect();
    let differing = names.into_iter().filter(|name| seen.get(*name) != expected.get(*name));
    let told: String = differing
        .map(|name| format!("\n{name}\n     seen: {:?}\n expected: {:?}", seen.get(name), expected.get(name)))
        .collect();
    assert!(told.is_empty(), "{when}:{told}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_turn_one_state_into_another() {
        let present: State = [("/a", held("String", "1", None)), ("/b", held("String", "2", Some("b")))]
            .map(|(name, parameter)| (name.to_owned(), parameter))
            .into();
        let changes = json!([
            {"Name": "/a", "Deleted": true, "Modified": "x"},
            {"Name": "/b", "Type": "StringList", "Value": "3"},
        ]);
        let expected: State = [("/b".to_owned(), held("StringList", "3", None))].into();
        assert_eq!(after(present.clone(), &changes).unwrap(), expected);
        assert!(after(present.clone(), &json!([{"Name": "/c", "Deleted": true}])).is_err());
        assert!(after(present.clone(), &json!([{"Name": "/a", "Type": "String"}])).is_err());
        assert!(after(present, &json!({})).is_err());
    }
}
