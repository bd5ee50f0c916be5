//! Command × operation × call × fault, and what has to be so whatever fails.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use ssmbak_testkit::Fault;

use crate::common::Ran;
use crate::is_full;
use crate::tree::{SECRET, State, Tree, now, then};

/// However often it waits for AWS, a command ends within this time.
const BOUND: Duration = Duration::from_secs(60);

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Restore,
    Undo,
    Drill,
    All,
    Preview,
    Export,
    Diff,
    Log,
    Verify,
}

const ACTS: [Act; 9] =
    [Act::Restore, Act::Undo, Act::Drill, Act::All, Act::Preview, Act::Export, Act::Diff, Act::Log, Act::Verify];

impl Act {
    fn line(self, tree: &Tree) -> String {
        let Tree { root, then, .. } = tree;
        match self {
            Self::Restore => format!("ssmbak restore {root}/ -R {then} -y -o json"),
            // Which one is known only when it was made.
            Self::Undo => "ssmbak undo ID -y -o json".to_owned(),
            Self::Drill => format!("ssmbak drill {root}/ -R {then} -y -o json"),
            Self::All => format!("ssmbak-all -p {root} --do-it -o json"),
            Self::Preview => format!("ssmbak preview {root}/ -R {then} -o json"),
            Self::Export => format!("ssmbak export {root}/ -R {then} --format json --no-secrets"),
            Self::Diff => format!("ssmbak diff {root}/ -R {then} -o json"),
            Self::Log => format!("ssmbak log {root}/ -R -o json"),
            Self::Verify => format!("ssmbak verify {root}/ -o json"),
        }
    }
}

/// One combination.
#[derive(Clone, Debug)]
struct Case {
    act: Act,
    operation: String,
    number: usize,
    fault: Fault,
}

/// What each command prints and calls when nothing fails.
struct Healthy {
    calls: BTreeMap<String, usize>,
    ran: Ran,
    root: String,
}

/// The command to be run; before an undo, the restore is made.
async fn line(act: Act, tree: &Tree) -> String {
    if act != Act::Undo {
        return act.line(tree);
    }
    let ran = tree.run(&Act::Restore.line(tree), BOUND).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    act.line(tree).replace("ID", &restore_of(&ran).unwrap())
}

/// The restore that a command says can be undone.
fn restore_of(ran: &Ran) -> Option<String> {
    let (_, rest) = ran.err.split_once("ssmbak undo ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

async fn healthy(act: Act) -> Healthy {
    let tree = Tree::new(&format!("healthy-{act:?}").to_lowercase()).await;
    let line = line(act, &tree).await;
    tree.proxy.heal();
    let ran = tree.run(&line, BOUND).await.unwrap();
    assert!(matches!(ran.code, Some(0 | 4)), "{act:?}: {ran:?}");
    Healthy { calls: tree.proxy.counts(), ran, root: tree.root }
}

/// First, second, middle and last call.
fn numbers(calls: usize) -> BTreeSet<usize> {
    [1, 2, calls.div_ceil(2), calls].into_iter().filter(|number| (1..=calls).contains(number)).collect()
}

fn cases(act: Act, healthy: &Healthy) -> Vec<Case> {
    let mut cases = Vec::new();
    for (operation, calls) in &healthy.calls {
        for number in numbers(*calls) {
            // An answer to a HEAD has no body that could be cut off.
            let possible = |fault: &Fault| *fault != Fault::Cut || operation != "HeadObject";
            for fault in Fault::ALL.into_iter().filter(possible) {
                cases.push(Case { act, operation: operation.clone(), number, fault });
            }
        }
    }
    cases
}

/// What is wrong with a case; nothing, if all holds.
async fn broken(case: &Case, tree: &Tree, healthy: &Healthy) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut before, mut wanted) = (now(), then());
    let line = line(case.act, tree).await;
    if case.act == Act::Undo {
        (before, wanted) = (then(), now());
    }
    tree.proxy.fail(&case.operation, case.number, case.fault);
    let ran = tree.run(&line, BOUND).await;
    tree.proxy.heal();
    let Some(ran) = ran else { return vec!["it does not end".to_owned()] };
    let after = tree.state().await;
    if !matches!(ran.code, Some(0 | 1 | 3 | 4)) {
        wrong.push(format!("exit code {:?}", ran.code));
    }
    if ran.err.contains("panicked") || ran.out.contains(SECRET) || ran.err.contains(SECRET) {
        wrong.push("it panics, or tells a secret".to_owned());
    }
    if ran.code == Some(1) && ran.err.trim().is_empty() && ran.out.trim().is_empty() {
        wrong.push("it fails without a word".to_owned());
    }
    for (name, (_, value, _)) in &before {
        let there = after.get(name).is_some_and(|(_, now, _)| now == value);
        if !there && !tree.recorded(name).await.contains(value) {
            wrong.push(format!("the value of {name} is lost"));
        }
    }
    match case.act {
        Act::Restore => {
            wrong.extend(rows(&ran, &before, &after, &wanted));
            if let Some(id) = restore_of(&ran) {
                wrong.extend(again(tree, &format!("ssmbak undo {id} -y -o json"), &before, "undo").await);
            }
            wrong.extend(again(tree, &line, &wanted, "the same command again").await);
        }
        Act::Undo => {
            wrong.extend(rows(&ran, &before, &after, &wanted));
            wrong.extend(again(tree, &line, &wanted, "the same command again").await);
        }
        Act::Drill => {
            if after != before {
                wrong.push("a drill changes something".to_owned());
            }
            wrong.extend(left_behind(tree, &ran).await);
        }
        Act::All => {
            if after != before {
                wrong.push("it changes parameters".to_owned());
            }
            wrong.extend(again(tree, &line, &before, "the same command again").await);
        }
        Act::Preview | Act::Export | Act::Diff | Act::Log | Act::Verify => {
            if after != before {
                wrong.push("it changes parameters".to_owned());
            }
            let said = |ran: &Ran, root: &str| ran.out.replace(root, "/root");
            let same = comparable(&said(&ran, &tree.root)) == comparable(&said(&healthy.ran, &healthy.root));
            if ran.code == healthy.ran.code && !same {
                wrong.push("it says something else, and ends as if all were well".to_owned());
            }
        }
    }
    wrong
}

/// Without what differs from tree to tree: times of now, the bucket's name, and version ids.
fn comparable(text: &str) -> String {
    let varies = |line: &&str| {
        ["2026-", "20:", "\"Bucket\"", "VersionId", "Seconds", "\"At\"", "\"From\"", "\"To\"", "Modified"]
            .iter()
            .any(|part| line.contains(part))
            || line.contains(&jiff::Timestamp::now().strftime("%Y-").to_string())
    };
    text.lines().filter(|line| !varies(line)).collect::<Vec<_>>().join("\n")
}

/// What is said of each row has to be so.
fn rows(ran: &Ran, before: &State, after: &State, wanted: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    let Ok(report) = serde_json::from_str::<Value>(&ran.out) else {
        if after != before {
            wrong.push("it changes something and tells of no row".to_owned());
        }
        return wrong;
    };
    let mut complete = true;
    let mut named = BTreeSet::new();
    for row in report["Changes"].as_array().into_iter().flatten() {
        let name = row["Name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let done = row["Outcome"] == "done";
        complete &= done;
        if done && after.get(&name) != wanted.get(&name) {
            wrong.push(format!("{name} is done, and is not as wanted"));
        }
        if row["Outcome"] == "skipped" && after.get(&name) != before.get(&name) {
            wrong.push(format!("{name} is skipped, and is changed"));
        }
        named.insert(name);
    }
    for name in before.keys().chain(wanted.keys()).filter(|name| !named.contains(*name)) {
        if after.get(name) != before.get(name) {
            wrong.push(format!("{name} is changed, and not told of"));
        }
    }
    if ran.code == Some(0) && (!complete || after != wanted) {
        wrong.push("exit code 0, and not all is done".to_owned());
    }
    if ran.code == Some(3) && complete {
        wrong.push("exit code 3, and all is done".to_owned());
    }
    wrong
}

/// Runs a command with nothing failing, after which all has to be as wanted.
async fn again(tree: &Tree, line: &str, wanted: &State, what: &str) -> Vec<String> {
    let Some(ran) = tree.run(line, BOUND).await else { return vec![format!("{what} does not end")] };
    let after = tree.state().await;
    if after == *wanted && ran.code == Some(0) {
        return Vec::new();
    }
    let differs = |name: &&String| after.get(*name) != wanted.get(*name);
    let names: BTreeSet<&String> = wanted.keys().chain(after.keys()).filter(differs).collect();
    if ran.code == Some(3) || (ran.code == Some(0) && names.is_empty()) {
        // What is left is named.
        return Vec::new();
    }
    vec![format!("{what} ends with {:?} and leaves {names:?}: {}\n{}", ran.code, ran.err.trim(), ran.out)]
}

/// What a drill leaves behind has to be named.
async fn left_behind(tree: &Tree, ran: &Ran) -> Vec<String> {
    let Ok(report) = serde_json::from_str::<Value>(&ran.out) else { return Vec::new() };
    let scratch = report["Scratch"].as_str().unwrap();
    let listed = tree.ssm.get_parameters_by_path().path(scratch).recursive(true).send().await.unwrap();
    let there: BTreeSet<String> = listed.parameters().iter().map(|found| found.name().unwrap().to_owned()).collect();
    let rows = report["Left"].as_array().unwrap();
    let named: BTreeSet<String> = rows.iter().map(|row| row["Name"].as_str().unwrap().to_owned()).collect();
    let mut wrong = Vec::new();
    if !there.is_subset(&named) {
        wrong.push(format!("{there:?} are left, and {named:?} are named"));
    }
    if !there.is_empty() && ran.code == Some(0) {
        wrong.push("exit code 0, and something is left behind".to_owned());
    }
    for name in there {
        tree.ssm.delete_parameter().name(name).send().await.unwrap();
    }
    wrong
}

/// Some that once broke, each of another kind.
const SAMPLE: [(Act, &str, usize, Fault); 22] = [
    (Act::Restore, "PutParameter", 1, Fault::Throttled),
    (Act::Restore, "PutParameter", 2, Fault::Refused),
    (Act::Restore, "PutParameter", 1, Fault::Hang),
    (Act::Restore, "DeleteParameters", 1, Fault::Broken),
    (Act::Restore, "PutObject", 1, Fault::Reset),
    (Act::Restore, "HeadObject", 1, Fault::ThrottledOnce),
    (Act::Restore, "GetParameterHistory", 1, Fault::HangOnce),
    (Act::Drill, "DeleteParameters", 1, Fault::Refused),
    (Act::Drill, "PutParameter", 2, Fault::Broken),
    (Act::All, "GetParameterHistory", 2, Fault::Throttled),
    (Act::All, "PutObject", 2, Fault::Lost),
    (Act::Preview, "HeadObject", 1, Fault::Throttled),
    (Act::Preview, "HeadObject", 2, Fault::Broken),
    (Act::Preview, "GetObject", 1, Fault::Cut),
    (Act::Preview, "ListObjectVersions", 1, Fault::Cut),
    (Act::Preview, "ListObjectVersions", 1, Fault::Hang),
    (Act::Preview, "DescribeParameters", 1, Fault::Cut),
    (Act::Preview, "DescribeParameters", 1, Fault::Skewed),
    (Act::Export, "ListObjectVersions", 1, Fault::Cut),
    (Act::Log, "HeadObject", 1, Fault::Throttled),
    (Act::Verify, "HeadObject", 2, Fault::Throttled),
    (Act::Verify, "ListObjectVersions", 1, Fault::Cut),
];

/// Holds for every combination that is tried.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_nothing_is_lost_and_what_is_said_is_so() {
    let acts: BTreeSet<Act> = match std::env::var("SSMBAK_TEST_ACTS") {
        Ok(only) => ACTS.into_iter().filter(|act| only.contains(&format!("{act:?}"))).collect(),
        Err(_) if is_full() => ACTS.into(),
        Err(_) => SAMPLE.iter().map(|(act, ..)| *act).collect(),
    };
    let (mut all, mut cases_of) = (BTreeMap::new(), Vec::new());
    for act in acts {
        let healthy = healthy(act).await;
        if is_full() {
            cases_of.extend(cases(act, &healthy));
        }
        all.insert(act, healthy);
    }
    if !is_full() {
        cases_of.extend(SAMPLE.iter().filter(|(act, ..)| all.contains_key(act)).map(
            |(act, operation, number, fault)| Case {
                act: *act,
                operation: (*operation).to_owned(),
                number: *number,
                fault: *fault,
            },
        ));
    }
    let mut results: Vec<(Case, Vec<String>)> = Vec::new();
    for (batch, cases) in cases_of.chunks(BATCH).enumerate() {
        results.extend(tried(batch, cases, &all).await);
    }
    println!("{}", summary(&results));
    let failed: Vec<_> = results.iter().filter(|(_, wrong)| !wrong.is_empty()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// How many trees are made together.
const BATCH: usize = 30;

async fn tried(batch: usize, cases: &[Case], all: &BTreeMap<Act, Healthy>) -> Vec<(Case, Vec<String>)> {
    let names: Vec<String> = (0..cases.len()).map(|number| format!("b{batch}c{number}")).collect();
    let trees = Tree::several(&format!("bucket-{batch}"), &names).await;
    futures_util::stream::iter(cases.iter().cloned().zip(&trees))
        .map(|(case, tree)| async move {
            let wrong = broken(&case, tree, &all[&case.act]).await;
            if !wrong.is_empty() {
                println!("{case:?}: {wrong:?}");
            }
            (case, wrong)
        })
        .buffer_unordered(6)
        .collect()
        .await
}

/// A table of how many combinations were tried, and how many broke something.
fn summary(results: &[(Case, Vec<String>)]) -> String {
    let mut rows: BTreeMap<Act, BTreeMap<Fault, (usize, usize)>> = BTreeMap::new();
    for (case, wrong) in results {
        let count = rows.entry(case.act).or_default().entry(case.fault).or_default();
        count.0 += 1;
        count.1 += usize::from(!wrong.is_empty());
    }
    let head: Vec<String> = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    let mut table = format!("| command | {} |\n|---|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for (act, counts) in rows {
        let cells: Vec<String> = Fault::ALL
            .iter()
            .map(|fault| match counts.get(fault) {
                Some((tried, 0)) => tried.to_string(),
                Some((tried, broken)) => format!("{tried}, {broken} broken"),
                None => String::new(),
            })
            .collect();
        table.push_str(&format!("| {act:?} | {} |\n", cells.join(" | ")));
    }
    table
}
