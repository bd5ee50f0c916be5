//! Histories as JSON, to be played by another program: one line for each, with the true answers and ours.
//!
//! Two things are left out because ssmbak 0.5.2, for which this is made, has neither: lifecycle rules, and questions finer
//! than a second. Our own answers are those to the same questions, without lifecycle rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use ssmbak::store::PutParameter;
use ssmbak_core::event::Operation;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{ParameterType, ParameterVersion};

use crate::history::{Conditions, History, Step, StepKind};
use crate::lag::age;
use crate::log::{Answer, Entry, Happened};
use crate::model::Demand;
use crate::rng::Rng;
use crate::run::play_logged;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";

/// The history of a seed, played and exported.
pub async fn of_seed(seed: u64) -> Value {
    let steps = played(&History::generate(seed)).await;
    json!({"seed": seed, "steps": steps})
}

/// An example, played and exported.
pub async fn of_example(story: &str, history: &History) -> Value {
    let steps = played(history).await;
    json!({"story": story, "steps": steps})
}

async fn played(history: &History) -> Vec<Value> {
    let (_, log) = play_logged(&asked_in_seconds(history)).await;
    let mut exporter = Exporter { lag: history.conditions.lag.map(Rng::new), ..Exporter::default() };
    log.iter().map(|entry| exporter.write(entry)).collect()
}

fn asked_in_seconds(history: &History) -> History {
    let ours = |step: &&Step| {
        !matches!(step.kind, StepKind::Lifecycle { .. } | StepKind::FalseDelete { .. } | StepKind::Foreign { .. })
    };
    let steps = history.steps.iter().filter(ours);
    let in_seconds = |step: &Step| match step.kind {
        // Times that are no multiple of four milliseconds are asked for in whole seconds, see `run/judge.rs`.
        StepKind::Ask { of } => Step { at: step.at, kind: StepKind::Ask { of: of.div_euclid(1000) * 1000 + 1 } },
        _ => step.clone(),
    };
    let conditions = Conditions { lag: history.conditions.lag, together: None, locked: None };
    History { kept_versions: history.kept_versions, conditions, steps: steps.map(in_seconds).collect() }
}

/// What an event says of a parameter.
#[derive(Clone, Debug)]
struct Details {
    parameter_type: ParameterType,
    description: String,
}

/// Writes entries, and keeps what their events say.
#[derive(Debug, Default)]
struct Exporter {
    present: BTreeMap<String, Details>,
    events: BTreeMap<u64, Details>,
    /// Decides how late the read after an event is.
    lag: Option<Rng>,
}

impl Exporter {
    fn write(&mut self, entry: &Entry) -> Value {
        let mut line = match &entry.what {
            Happened::Put { id, put } => {
                let said = Details { parameter_type: put.parameter_type, description: put.description.clone() };
                self.present.insert(put.spelling.clone(), said);
                self.remember(*id, &put.spelling);
                json!({"do": "put", "id": id, "put": request(put)})
            }
            Happened::Deleted { id, name } => {
                self.remember(*id, name.as_str());
                json!({"do": "delete", "id": id, "name": name.as_str()})
            }
            Happened::Labelled { id, name } => {
                self.remember(*id, name.as_str());
                json!({"do": "label", "id": id, "name": name.as_str()})
            }
            Happened::Delivered { id, name, operation, time } => {
                let body = self.body(*id, name, *operation, *time).to_string();
                let late = self.lag.as_mut().map_or(0, |rng| age(rng).as_millis());
                json!({"do": "deliver", "id": id, "name": name.as_str(), "body": body, "late": late as i64})
            }
            Happened::Swept => json!({"do": "sweep"}),
            Happened::Asked(answer) => asked(answer),
        };
        line["at"] = entry.at.to_string().into();
        line
    }

    fn remember(&mut self, id: u64, name: &str) {
        if let Some(details) = self.present.get(name) {
            self.events.insert(id, details.clone());
        }
    }

    /// The message's body: the event as EventBridge sends it.
    fn body(&self, id: u64, name: &ParameterName, operation: Operation, time: Timestamp) -> Value {
        let details = self.events.get(&id);
        let parameter_type = details.map_or("String", |details| details.parameter_type.as_str());
        let (detail_type, mut detail) = match operation {
            Operation::PolicyExpiration => (
                "Parameter Store Policy Action",
                json!({"parameter-name": name.as_str(), "parameter-type": parameter_type, "policy-type": "Expiration",
                    "action-status": "Success"}),
            ),
            _ => (
                "Parameter Store Change",
                json!({"operation": operation.as_str(), "name": name.as_str(), "type": parameter_type}),
            ),
        };
        if let Some(details) = details.filter(|details| !details.description.is_empty()) {
            detail["description"] = details.description.as_str().into();
        }
        json!({
            "version": "0",
            "id": format!("{id}-{operation}"),
            "detail-type": detail_type,
            "source": "aws.ssm",
            "account": ACCOUNT,
            "time": time.to_string(),
            "region": REGION,
            "resources": [format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}")],
            "detail": detail,
        })
    }
}

/// The parameters of PutParameter, as far as anything of them reaches ssmbak 0.5.2.
fn request(put: &PutParameter) -> Value {
    let mut request = json!({
        "Name": put.spelling,
        "Value": put.value.expose(),
        "Type": put.parameter_type.as_str(),
        "Description": put.description,
        "Overwrite": put.overwrite,
    });
    if let Some(key) = &put.key_id {
        request["KeyId"] = key.as_str().into();
    }
    request
}

fn asked(answer: &Answer) -> Value {
    let second = Timestamp::from_second(answer.of.as_second()).unwrap_or(answer.of);
    json!({
        "do": "ask",
        "name": answer.name.as_str(),
        "of": second.to_string(),
        "truth": answer.truth.as_ref().map(state),
        "ours": answer.ours.as_str(),
        "evidence": match answer.demand {
            Some(Demand::Exact) => "tells",
            Some(Demand::MayBeUnknown) => "gap",
            Some(Demand::Untraceable) => "none",
            None => "fine",
        },
    })
}

fn state(version: &ParameterVersion) -> Value {
    json!({
        "Value": version.value.as_ref().map(|value| value.expose()),
        "Type": version.parameter_type.as_str(),
        "Description": version.description.as_deref().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use serde_json::Value;
    use ssmbak_core::event::{Notice, Operation, parse_body};

    use super::{of_example, of_seed};
    use crate::examples;

    fn steps(history: &Value, kind: &str) -> Vec<Value> {
        let steps = history["steps"].as_array().cloned().unwrap_or_default();
        steps.into_iter().filter(|step| step["do"] == kind).collect()
    }

    #[test]
    fn what_is_delivered_reads_as_an_event_of_the_parameter() {
        let mut expired = 0;
        for seed in 0..50 {
            for delivery in steps(&block_on(of_seed(seed)), "deliver") {
                let Ok(Notice::Change(change)) = parse_body(delivery["body"].as_str().unwrap()) else {
                    panic!("{delivery}")
                };
                assert_eq!(change.name.as_str(), delivery["name"]);
                assert_eq!(change.time.subsec_nanosecond(), 0);
                expired += usize::from(change.operation == Operation::PolicyExpiration);
            }
        }
        assert!(expired > 0);
    }

    #[test]
    fn questions_are_asked_in_whole_seconds_and_time_never_stands_still() {
        for seed in 0..50 {
            let history = block_on(of_seed(seed));
            for ask in steps(&history, "ask") {
                assert!(!ask["of"].as_str().unwrap().contains('.'), "{ask}");
            }
            // Versions that S3 stores in the same instant could be listed in any order.
            let writes = ["put", "delete", "deliver", "sweep"].map(|kind| steps(&history, kind)).concat();
            let mut times: Vec<jiff::Timestamp> =
                writes.iter().map(|step| step["at"].as_str().unwrap().parse().unwrap()).collect();
            times.sort_unstable();
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}");
        }
    }

    #[test]
    fn our_answer_to_every_example_is_the_truth() {
        for (story, history) in examples::all() {
            let asks = steps(&block_on(of_example(story, &history)), "ask");
            assert!(
                matches!(asks.as_slice(), [ask] if ask["ours"] == "right" && ask["evidence"] == "tells"),
                "{story}"
            );
        }
    }
}
