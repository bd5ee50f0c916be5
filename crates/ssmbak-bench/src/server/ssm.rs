//! Parameter Store's JSON.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Operation};
use crate::{BUCKET, Bucket, Done};

/// Where the stack leaves the bucket's name.
const BUCKET_NAME: &str = "/newvoll/ssmbak/bucketname";
const KEY: &str = "alias/aws/ssm";
/// What ARNs have before the name.
const ARN: &str = "arn:aws:ssm:us-east-1:123456789012:parameter";

type Reply = Result<Value, &'static str>;

pub(super) fn answer((bucket, others): (&Bucket, u32), target: &str, body: &[u8]) -> (Operation, Answer) {
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return (Operation::Unknown, refusal("SerializationException"));
    };
    let store = Store { bucket, others };
    let (operation, reply) = match target.split('.').next_back().unwrap_or_default() {
        "DescribeParameters" => (Operation::DescribeParameters, store.describe(&asked)),
        "GetParameters" => (Operation::GetParameters, store.parameters(&asked)),
        "GetParameter" => (Operation::GetParameter, store.parameter(&asked)),
        "GetParametersByPath" => (Operation::GetParametersByPath, store.by_path(&asked)),
        "GetParameterHistory" => (Operation::GetParameterHistory, store.history(&asked)),
        "ListTagsForResource" => (Operation::ListTagsForResource, store.tags(&asked)),
        "GetResources" => (Operation::GetResources, store.resources(&asked)),
        _ => (Operation::Unknown, Err("UnknownOperationException")),
    };
    let answer = reply.map(|value| super::json(value.to_string())).unwrap_or_else(refusal);
    (operation, answer)
}

pub(super) fn refusal(code: &'static str) -> Answer {
    let mut answer = super::json(json!({"__type": code, "message": code}).to_string());
    answer.status = StatusCode::BAD_REQUEST;
    answer
}

struct Store<'a> {
    bucket: &'a Bucket,
    /// How many parameters the account holds beside the history's.
    others: u32,
}

impl Store<'_> {
    fn describe(&self, asked: &Value) -> Reply {
        let filters = filters(asked)?;
        let history = self.bucket.history();
        let matches = |name: &str| filters.iter().all(|filter| filter.matches(name));
        // Names that are given are looked up. All other filters are applied after paging, as AWS does.
        if let Some(names) = filters.iter().find(|filter| (filter.key, filter.option) == ("Name", "Equals")) {
            let candidates = names.candidates(self.bucket);
            return self.page(asked, 50, candidates, matches, |parameter, done| self.metadata(parameter, done));
        }
        let (from, most) = (token(asked)?, limit(asked, 50)?);
        let ours = u32::try_from(history.parameters().count()).unwrap_or(u32::MAX);
        // Others are mixed with the history's, evenly.
        let stride = 1 + self.others.checked_div(ours).unwrap_or(0);
        let all = ours + self.others;
        let (mut rows, mut on_page, mut place) = (Vec::new(), 0, from);
        while place < all && on_page < most {
            let parameter = Some(place / stride).filter(|parameter| place % stride == 0 && *parameter < ours);
            match parameter {
                Some(parameter) => {
                    if let Some(done) = history.present(parameter) {
                        on_page += 1;
                        if matches(&history.name(parameter)) {
                            rows.push(Value::Object(self.metadata(parameter, &done)));
                        }
                    }
                }
                None => {
                    on_page += 1;
                    let other = other(place);
                    if matches(text(&other, "Name").unwrap_or_default()) {
                        rows.push(other);
                    }
                }
            }
            place += 1;
        }
        let mut reply = json!({"Parameters": rows});
        if place < all {
            reply["NextToken"] = place.to_string().into();
        }
        Ok(reply)
    }

    /// The Resource Groups Tagging API, asked for ARNs: what has no tags does not appear.
    fn resources(&self, asked: &Value) -> Reply {
        let arns = strings(asked.get("ResourceARNList"));
        if arns.is_empty() || arns.len() > 100 {
            return Err("InvalidParameterException");
        }
        let history = self.bucket.history();
        let list: Vec<Value> = arns
            .into_iter()
            .filter_map(|arn| {
                let parameter = history.find(arn.strip_prefix(ARN)?)?;
                history.present(parameter)?;
                let tags = history.tags(parameter);
                let tags: Vec<Value> =
                    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                (!tags.is_empty()).then(|| json!({"ResourceARN": arn, "Tags": tags}))
            })
            .collect();
        Ok(json!({"PaginationToken": "", "ResourceTagMappingList": list}))
    }

    fn by_path(&self, asked: &Value) -> Reply {
        let path = text(asked, "Path").filter(|path| path.starts_with('/')).ok_or("ValidationException")?;
        let option = if flag(asked, "Recursive") { "Recursive" } else { "OneLevel" };
        let filter = Filter { key: "Path", option, values: vec![path] };
        let decrypt = flag(asked, "WithDecryption");
        let candidates = filter.candidates(self.bucket);
        let describe = |parameter, done: &Done| self.value(parameter, done, decrypt);
        self.page(asked, 10, candidates, |name| filter.matches(name), describe)
    }

    fn parameters(&self, asked: &Value) -> Reply {
        let names: Vec<&str> = strings(asked.get("Names"));
        if names.is_empty() || names.len() > 10 {
            return Err("ValidationException");
        }
        let decrypt = flag(asked, "WithDecryption");
        let (found, missing): (Vec<_>, Vec<_>) =
            names.into_iter().map(|name| (name, self.one(name, decrypt))).partition(|(_, found)| found.is_some());
        let found: Vec<Value> = found.into_iter().filter_map(|(_, value)| value).collect();
        let missing: Vec<&str> = missing.into_iter().map(|(name, _)| name).collect();
        Ok(json!({"Parameters": found, "InvalidParameters": missing}))
    }

    fn parameter(&self, asked: &Value) -> Reply {
        let name = text(asked, "Name").ok_or("ValidationException")?;
        if name == BUCKET_NAME {
            return Ok(json!({"Parameter": {"Name": name, "Type": "String", "Value": BUCKET, "Version": 1}}));
        }
        let found = self.one(name, flag(asked, "WithDecryption")).ok_or("ParameterNotFound")?;
        Ok(json!({"Parameter": found}))
    }

    fn history(&self, asked: &Value) -> Reply {
        let name = text(asked, "Name").ok_or("ValidationException")?;
        let history = self.bucket.history();
        let parameter = history.find(name).ok_or("ParameterNotFound")?;
        let living = history.living(parameter);
        if living.is_empty() {
            return Err("ParameterNotFound");
        }
        let decrypt = flag(asked, "WithDecryption");
        let (from, most) = (token(asked)?, limit(asked, 50)?);
        let page = living.iter().skip(from as usize).take(most);
        let rows: Vec<Value> = page
            .map(|done| {
                let mut row = self.metadata(parameter, done);
                row.insert("Value".to_owned(), self.text_of(parameter, done, decrypt).into());
                row.insert("Labels".to_owned(), json!([]));
                row.remove("ARN");
                Value::Object(row)
            })
            .collect();
        let next = from as usize + rows.len();
        let mut reply = json!({"Parameters": rows});
        if next < living.len() {
            reply["NextToken"] = next.to_string().into();
        }
        Ok(reply)
    }

    fn tags(&self, asked: &Value) -> Reply {
        let name = text(asked, "ResourceId").ok_or("ValidationException")?;
        let history = self.bucket.history();
        let alive = history.find(name).filter(|&parameter| history.present(parameter).is_some());
        let tags = history.tags(alive.ok_or("InvalidResourceId")?);
        let list: Vec<Value> = tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        Ok(json!({"TagList": list}))
    }

    /// A page of those among the candidates that exist; the token is the next candidate's number.
    fn page(
        &self,
        asked: &Value,
        most: usize,
        candidates: Vec<u32>,
        matches: impl Fn(&str) -> bool,
        describe: impl Fn(u32, &Done) -> Map<String, Value>,
    ) -> Reply {
        let (from, most) = (token(asked)?, limit(asked, most)?);
        let mut rows = Vec::new();
        let mut next = None;
        let history = self.bucket.history();
        for parameter in candidates.into_iter().filter(|&parameter| parameter >= from) {
            let Some(done) = history.present(parameter).filter(|_| matches(&history.name(parameter))) else { continue };
            if rows.len() == most {
                next = Some(parameter);
                break;
            }
            rows.push(Value::Object(describe(parameter, &done)));
        }
        let mut reply = json!({"Parameters": rows});
        if let Some(next) = next {
            reply["NextToken"] = next.to_string().into();
        }
        Ok(reply)
    }

    fn one(&self, name: &str, decrypt: bool) -> Option<Value> {
        let history = self.bucket.history();
        let parameter = history.find(name)?;
        let done = history.present(parameter)?;
        Some(Value::Object(self.value(parameter, &done, decrypt)))
    }

    fn value(&self, parameter: u32, done: &Done, decrypt: bool) -> Map<String, Value> {
        let mut row = self.metadata(parameter, done);
        for absent in ["LastModifiedUser", "Tier", "Policies", "KeyId", "Description"] {
            row.remove(absent);
        }
        row.insert("Value".to_owned(), self.text_of(parameter, done, decrypt).into());
        row
    }

    fn text_of(&self, parameter: u32, done: &Done, decrypt: bool) -> String {
        let version = self.bucket.version(parameter, done);
        let secret = version.as_ref().is_some_and(|version| version.parameter_type.is_secret());
        let value = version.and_then(|version| version.value);
        let value = value.as_ref().map(|value| value.expose()).unwrap_or_default();
        if secret && !decrypt { format!("kms:{KEY}:{value}") } else { value.to_owned() }
    }

    fn metadata(&self, parameter: u32, done: &Done) -> Map<String, Value> {
        let mut row = Map::new();
        let name = self.bucket.history().name(parameter);
        let Some(version) = self.bucket.version(parameter, done) else { return row };
        let mut say = |key: &str, value: Value| {
            if !value.is_null() {
                row.insert(key.to_owned(), value);
            }
        };
        say("ARN", format!("{ARN}{name}").into());
        say("Name", name.into());
        say("Type", version.parameter_type.as_str().into());
        say("Version", version.details.version.into());
        say("LastModifiedDate", json!(done.at as f64 / 1000.0));
        say("LastModifiedUser", version.details.author.into());
        say("Tier", version.details.tier.into());
        say("DataType", version.details.data_type.into());
        say("Description", version.description.into());
        say("KeyId", version.details.key_id.into());
        say("Policies", json!([]));
        row
    }
}

/// A parameter that is none of the history's.
fn other(number: u32) -> Value {
    let name = format!("/other/p{number}");
    json!({"ARN": format!("{ARN}{name}"), "Name": name, "Type": "String", "Version": 1, "LastModifiedDate": 1.7e9})
}

/// A filter of DescribeParameters.
struct Filter<'a> {
    key: &'a str,
    option: &'a str,
    values: Vec<&'a str>,
}

fn filters(asked: &Value) -> Result<Vec<Filter<'_>>, &'static str> {
    let list = asked.get("ParameterFilters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|filter| {
            let key = text(filter, "Key").unwrap_or_default();
            let option = text(filter, "Option").unwrap_or(if key == "Path" { "OneLevel" } else { "Equals" });
            let values = strings(filter.get("Values"));
            match (key, option) {
                ("Path", "Recursive" | "OneLevel") | ("Name", "Equals" | "BeginsWith") if values.len() <= 50 => {
                    Ok(Filter { key, option, values })
                }
                ("Path" | "Name", _) => Err("InvalidFilterOption"),
                _ => Err("InvalidFilterKey"),
            }
        })
        .collect()
}

impl Filter<'_> {
    fn matches(&self, name: &str) -> bool {
        self.values.iter().any(|value| match (self.key, self.option) {
            ("Path", option) => {
                let below = name.strip_prefix(value.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
                below.is_some_and(|rest| option == "Recursive" || !rest.contains('/'))
            }
            (_, "BeginsWith") => name.starts_with(value),
            _ => name == *value,
        })
    }

    /// Parameters that may match, in order.
    fn candidates(&self, bucket: &Bucket) -> Vec<u32> {
        let history = bucket.history();
        let mut found: Vec<u32> = Vec::new();
        for value in &self.values {
            match (self.key, self.option) {
                ("Path", _) => found.extend(history.beginning_with(&format!("{}/", value.trim_end_matches('/')))),
                (_, "BeginsWith") => found.extend(history.beginning_with(value)),
                _ => found.extend(history.find(value)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn text<'a>(asked: &'a Value, name: &str) -> Option<&'a str> {
    asked.get(name).and_then(Value::as_str)
}

fn flag(asked: &Value, name: &str) -> bool {
    asked.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn token(asked: &Value) -> Result<u32, &'static str> {
    text(asked, "NextToken").map_or(Ok(0), |token| token.parse().map_err(|_| "InvalidNextToken"))
}

fn limit(asked: &Value, most: usize) -> Result<usize, &'static str> {
    match asked.get("MaxResults").map(|number| number.as_u64().and_then(|number| usize::try_from(number).ok())) {
        None => Ok(most),
        Some(Some(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err("ValidationException"),
    }
}
