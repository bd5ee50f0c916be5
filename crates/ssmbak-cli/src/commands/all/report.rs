//! What `ssmbak all` prints.

use std::fmt;

use serde::Serialize;
use ssmbak::Error;
use ssmbak_core::capture::Write;
use ssmbak_core::name::ParameterName;
use ssmbak_core::sweep::Outcome;

use super::Settled;
use crate::ui::text;

/// All that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    schema_version: u32,
    path: String,
    done: bool,
    bucket: String,
    region: String,
    /// Of names that lack nothing only the number is told.
    parameters: Vec<Found>,
    up_to_date: usize,
}

/// What was found about one name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Found {
    name: String,
    writes: Vec<Missing>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A write that a name lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Missing {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Version,
    Tombstone,
    Marker,
}

/// What is to be written, without any value.
pub(super) fn missing(writes: &[Write]) -> Vec<Missing> {
    let one = |write: &Write| match write {
        Write::Value { record, .. } | Write::Again { record, .. } => Missing {
            kind: Kind::Version,
            version: Some(record.details.version),
            time: Some(record.time.to_string()),
            r#type: Some(record.parameter_type.as_str()),
        },
        Write::Tombstone(tombstone) => {
            Missing { kind: Kind::Tombstone, version: None, time: Some(tombstone.time.to_string()), r#type: None }
        }
        Write::DeleteMarker => Missing { kind: Kind::Marker, version: None, time: None, r#type: None },
    };
    writes.iter().map(one).collect()
}

impl Found {
    pub(super) fn new(name: ParameterName, (writes, outcome): Settled) -> Self {
        let error = outcome.err().map(|error: Error| error.to_string());
        Self { name: name.to_string(), writes, outcome: if error.is_some() { "failed" } else { "done" }, error }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What became of it, for the record of the sweep.
    pub(super) fn sweep_outcome(&self) -> Outcome {
        match (&self.error, self.writes.is_empty()) {
            (Some(_), _) => Outcome::Failed,
            (None, true) => Outcome::Unchanged,
            (None, false) => Outcome::Written,
        }
    }

    pub(super) fn is_up_to_date(&self) -> bool {
        self.writes.is_empty() && self.error.is_none()
    }

    /// The version numbers as ranges, then what else there is.
    fn summary(&self) -> String {
        let mut numbers: Vec<u64> = self.writes.iter().filter_map(|write| write.version).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut parts = Vec::new();
        if !numbers.is_empty() {
            parts.push(format!("{} {}", if numbers.len() == 1 { "version" } else { "versions" }, ranges(&numbers)));
        }
        let has = |kind: Kind| self.writes.iter().any(|write| write.kind == kind);
        if has(Kind::Tombstone) {
            parts.push("a deletion (it is gone from Parameter Store)".to_owned());
        } else if has(Kind::Marker) {
            parts.push("the delete marker of a recorded deletion".to_owned());
        }
        parts.join(", ")
    }
}

/// `1–3, 5`
fn ranges(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let texts = runs.filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}–{last}")),
    });
    texts.collect::<Vec<_>>().join(", ")
}

impl Report {
    pub(super) fn new(prefixes: &[String], done: bool, bucket: &str, region: &str, found: Vec<Found>) -> Self {
        let total = found.len();
        let mut parameters: Vec<Found> = found.into_iter().filter(|found| !found.is_up_to_date()).collect();
        for found in parameters.iter_mut().filter(|found| !done && found.error.is_none()) {
            found.outcome = "pending";
        }
        Self {
            schema_version: 1,
            path: prefixes.join(" "),
            done,
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            up_to_date: total - parameters.len(),
            parameters,
        }
    }

    pub(super) fn has_failures(&self) -> bool {
        self.parameters.iter().any(|found| found.error.is_some())
    }

    pub(super) fn lacks_something(&self) -> bool {
        self.parameters.iter().any(|found| !found.writes.is_empty())
    }
}

/// For people: a line for every name that lacks something, and the sum.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.parameters.iter().map(|found| found.name.len()).max().unwrap_or(0);
        let (mut versions, mut deletions, mut names, mut failed) = (0, 0, 0, 0);
        for found in &self.parameters {
            if let Some(error) = &found.error {
                failed += 1;
                writeln!(f, "{:width$}  failed: {}", found.name, text::line(error))?;
                continue;
            }
            names += 1;
            versions += found.writes.iter().filter(|write| write.kind == Kind::Version).count();
            deletions += found.writes.iter().filter(|write| write.kind == Kind::Tombstone).count();
            writeln!(f, "{:width$}  {}", found.name, found.summary())?;
        }
        let count = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {one}s"),
        };
        if failed > 0 {
            writeln!(f, "failed: {}", count(failed, "parameter"))?;
        }
        let rest = count(self.up_to_date, "parameter");
        if names == 0 {
            return match (failed, self.up_to_date) {
                (0, 0) => write!(f, "there is nothing to record: no parameter is known in {}", self.path),
                (0, _) => write!(f, "everything is recorded: {rest} up to date"),
                _ => write!(f, "up to date: {rest}"),
            };
        }
        let verb = if self.done { "recorded" } else { "to record" };
        let mut what = Vec::new();
        if versions > 0 {
            what.push(count(versions, "version"));
        }
        if deletions > 0 {
            what.push(count(deletions, "deletion"));
        }
        if what.is_empty() {
            what.push("markers".to_owned());
        }
        write!(f, "{verb}: {} of {}", what.join(" and "), count(names, "parameter"))?;
        if self.up_to_date > 0 { write!(f, "; up to date: {rest}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak::ErrorKind;

    fn version(number: u64) -> Missing {
        let time = Some("2026-01-01T00:00:00Z".to_owned());
        Missing { kind: Kind::Version, version: Some(number), time, r#type: Some("String") }
    }

    fn deletion() -> Vec<Missing> {
        let of = |kind| Missing { kind, version: None, time: None, r#type: None };
        vec![of(Kind::Tombstone), of(Kind::Marker)]
    }

    fn found(name: &str, writes: Vec<Missing>) -> Found {
        Found::new(ParameterName::parse(name).unwrap(), (writes, Ok(())))
    }

    fn report(done: bool, found: Vec<Found>) -> Report {
        Report::new(&["/".to_owned()], done, "backup", "eu-west-1", found)
    }

    #[test]
    fn what_is_lacking_is_a_line_for_each_name() {
        let all = || {
            let failed = (Vec::new(), Err(Error::new(ErrorKind::Throttled, "throttled by AWS")));
            vec![
                found("/app/db/host", [1, 2, 3, 5].map(version).to_vec()),
                found("/app/gone", deletion()),
                found("/app/one", vec![version(7)]),
                found("/app/same", Vec::new()),
                Found::new(ParameterName::parse("/app/x").unwrap(), failed),
            ]
        };
        insta::assert_snapshot!(report(false, all()), @r"
        /app/db/host  versions 1–3, 5
        /app/gone     a deletion (it is gone from Parameter Store)
        /app/one      version 7
        /app/x        failed: throttled by AWS
        failed: 1 parameter
        to record: 5 versions and 1 deletion of 3 parameters; up to date: 1 parameter
        ");
        insta::assert_json_snapshot!(report(true, all()));
    }

    #[test]
    fn a_second_run_says_that_everything_is_recorded() {
        let shown = report(true, vec![found("/a", Vec::new()), found("/b", Vec::new())]);
        insta::assert_snapshot!(shown, @"everything is recorded: 2 parameters up to date");
        assert!(!shown.lacks_something() && !shown.has_failures());
        insta::assert_snapshot!(report(true, Vec::new()), @"there is nothing to record: no parameter is known in /");
    }
}
