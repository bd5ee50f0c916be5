//! What became of every question.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// Answers to questions about random histories, and to those of the examples.
#[derive(Debug, Default)]
pub struct BucketStates {
    /// Of random histories.
    pub random: Vec<Answer>,
    /// Of examples.
    pub examples: Vec<Answer>,
}

/// The answers to one question, as `local/original_histories.py` writes them.
#[derive(Debug)]
pub struct Answer(Value);

/// How an answer fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is the truth.
    Right,
    /// It says that it does not know, or nothing.
    Unknown,
    /// Another state than the true one.
    Another,
    /// That the parameter did not exist, and it did.
    Deleted,
    /// That the parameter existed, and it did not.
    Alive,
    /// A traceback.
    Crash,
}

impl Fate {
    fn of(name: &str) -> Self {
        match name {
            "right" => Self::Right,
            "unknown" | "nothing" => Self::Unknown,
            "another" | "value" | "details" => Self::Another,
            "deleted" => Self::Deleted,
            "alive" => Self::Alive,
            _ => Self::Crash,
        }
    }

    /// Whether a restore would make something of it that was not so.
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Another | Self::Deleted | Self::Alive)
    }
}

impl Answer {
    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    /// Whether a field is true, or a list that is not empty.
    pub fn is(&self, field: &str) -> bool {
        self.0[field].as_bool().unwrap_or_default() || self.0[field].as_array().is_some_and(|list| !list.is_empty())
    }

    /// How this tool's answer fares.
    pub fn ours(&self) -> Fate {
        Fate::of(self.text("ours"))
    }

    /// How the original's answer fares.
    pub fn original(&self) -> Fate {
        Fate::of(self.text("original"))
    }

    /// Whether the original names the true value with another version's type or description.
    pub fn only_details_differ(&self) -> bool {
        self.text("original") == "details"
    }

    /// What the evidence that reached the bucket has to say: `tells`, `gap`, `none` or `fine`.
    pub fn evidence(&self) -> &str {
        self.text("evidence")
    }

    /// An example's story.
    pub fn story(&self) -> &str {
        self.text("story")
    }

    /// Whether the parameter existed.
    pub fn existed(&self) -> bool {
        !self.0["truth"].is_null()
    }

    /// What was true, in a few words.
    pub fn truth(&self) -> String {
        shown(&self.0["truth"])
    }

    /// What the original says, in a few words.
    pub fn said(&self) -> String {
        shown(&self.0["said"])
    }
}

fn shown(state: &Value) -> String {
    match (state["Value"].as_str(), state["Type"].as_str()) {
        (Some(value), Some(kind)) => format!("{kind} `{}`", value.trim()),
        _ if state.is_null() || state["Deleted"] == true => "it did not exist".to_owned(),
        _ => "nothing".to_owned(),
    }
}

impl BucketStates {
    /// Reads them, one in a line.
    pub fn read(path: &Path) -> Outcome<Self> {
        let what = format!("read {}", path.display());
        let text = fs::read_to_string(path).map_err(Failure::io(what.as_str()))?;
        let mut answers = Self::default();
        for line in text.lines() {
            let value = serde_json::from_str(line).map_err(|error| Failure::io(what.as_str())(error.into()))?;
            let answer = Answer(value);
            if answer.story().is_empty() { &mut answers.random } else { &mut answers.examples }.push(answer);
        }
        Ok(answers)
    }

    /// Fails if this tool does not hold what the report promises of it.
    pub fn check(&self) -> Outcome {
        let broken = |answer: &&Answer| match answer.evidence() {
            "tells" => answer.ours() != Fate::Right,
            "gap" => answer.ours().is_wrong(),
            _ => false,
        };
        let expected = "no wrong answer of this tool where the evidence tells, or shows a gap";
        match self.random.iter().chain(&self.examples).find(broken) {
            None => Ok(()),
            Some(answer) => Err(Failure::Unexpected { expected: expected.to_owned(), seen: answer.0.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, BucketStates, Fate};

    #[test]
    fn a_wrong_answer_of_ours_is_not_let_through() {
        let answers = |evidence: &str, ours: &str| BucketStates {
            random: vec![Answer(json!({"evidence": evidence, "ours": ours}))],
            examples: vec![],
        };
        assert!(answers("tells", "right").check().is_ok());
        assert!(answers("tells", "unknown").check().is_err());
        assert!(answers("gap", "unknown").check().is_ok());
        assert!(answers("gap", "deleted").check().is_err());
        assert!(answers("none", "another").check().is_ok());
    }

    #[test]
    fn states_are_shown_in_a_few_words() {
        let answer = Answer(json!({"truth": null, "said": {"Value": "a\n", "Type": "String"}, "original": "alive"}));
        assert_eq!((answer.truth().as_str(), answer.said().as_str()), ("it did not exist", "String `a`"));
        assert!(answer.original().is_wrong() && answer.original() == Fate::Alive);
        assert_eq!(Answer(json!({"truth": null, "said": {}})).said(), "nothing");
        assert_eq!(Answer(json!({"truth": null, "said": {"Deleted": true}})).said(), "it did not exist");
    }
}
