//! How soon the commands and the function are there.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use ssmbak_bench::{BUCKET, Deed, History, Spec};
use ssmbak_emulators::{InvocationOutcome, LambdaProcess, Original, RuntimeApi, environment, find_binary};
use zip::write::SimpleFileOptions;

use super::Outcome;
use super::measure::{Measured, Served, measure as run};

const STARTS: usize = 30;
const ORIGINAL_STARTS: usize = 5;
/// How many times the function is started.
const COLD: usize = 9;
const PATIENCE: Duration = Duration::from_secs(30);

/// `--version`, ours and the original's.
#[derive(Debug)]
pub struct Start {
    pub ours: Measured,
    pub original: Measured,
}

/// The function.
#[derive(Debug)]
pub struct Function {
    /// Seconds from its start to its first answer; the median.
    pub first: f64,
    /// Seconds of the next event; the median.
    pub warm: f64,
    /// Of that event.
    pub requests: u64,
    /// Opened for that event.
    pub connections: u64,
    /// The most memory that was resident, in megabytes.
    pub megabytes: f64,
    /// The package's size, in megabytes.
    pub zipped: f64,
    /// One event of the original's, interpreter included.
    pub original: Measured,
}

/// Both tools' `--version`.
pub fn commands(dir: &Path) -> Outcome<Start> {
    let program = find_binary("ssmbak")?;
    let mut ours = Vec::new();
    for _ in 0..STARTS {
        let mut command = std::process::Command::new(&program);
        command.arg("--version");
        ours.push(run(command, None, dir)?.0);
    }
    let original = Original::new("http://127.0.0.1:9", BUCKET)?;
    let mut theirs = Vec::new();
    for _ in 0..ORIGINAL_STARTS {
        let mut command = original.command("ssmbak");
        command.arg("--version");
        theirs.push(run(command, None, dir)?.0);
    }
    let start = Start {
        ours: Measured::median(ours).unwrap_or_default(),
        original: Measured::median(theirs).unwrap_or_default(),
    };
    println!("{:>42}  {:>9.4} s, 0.5.2 {:.3} s", "--version", start.ours.wall, start.original.wall);
    Ok(start)
}

/// The function, between a Runtime API of ours and the server without latency.
pub fn measure(file: &Path, dir: &Path) -> Outcome<Function> {
    let spec = Spec { behind: true, ..Spec::new(64, 3) };
    let history = History::new(spec);
    let served = Served::start(&spec, 0)?;
    let kept: Vec<u32> = history.parameters().filter(|&p| history.present(p).is_some()).collect();
    let [one, other] = kept[..2] else { return Err("there are no two parameters".into()) };
    let (mut first, mut warm, mut megabytes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut requests, mut connections) = (0, 0);
    for _ in 0..COLD {
        let api = RuntimeApi::start()?;
        let mut env = environment(served.endpoint());
        env.push(("SSMBAK_BUCKET", BUCKET.to_owned()));
        let began = Instant::now();
        let process = LambdaProcess::start(file, &api, env)?;
        deliver(&api, &process, &message(&history, one)?)?;
        first.push(began.elapsed().as_secs_f64());
        served.reset()?;
        let began = Instant::now();
        deliver(&api, &process, &message(&history, other)?)?;
        warm.push(began.elapsed().as_secs_f64());
        let (made, opened) = served.counts()?;
        (requests, connections) = (made.values().sum(), opened);
        megabytes.push(peak_megabytes(process.id())?);
    }
    let mut handler = Original::new(served.endpoint(), BUCKET)?.handler();
    let event = dir.join("event.json");
    fs::write(&event, message(&history, one)?.to_string())?;
    handler.stdin(Stdio::from(fs::File::open(&event)?));
    let function = Function {
        first: median(first),
        warm: median(warm),
        requests,
        connections,
        megabytes: median(megabytes),
        zipped: zipped(file)?,
        original: measure_handler(handler, &served, dir)?,
    };
    println!("{:>42}  {:>9.4} s, then {:.4} s", "function's first answer", function.first, function.warm);
    Ok(function)
}

fn measure_handler(handler: std::process::Command, served: &Served, dir: &Path) -> Outcome<Measured> {
    Ok(run(handler, Some(served), dir)?.0)
}

fn deliver(api: &RuntimeApi, process: &LambdaProcess, event: &Value) -> Outcome {
    match api.invoke(event, PATIENCE) {
        Ok(InvocationOutcome::Response(answer)) if answer == json!({"batchItemFailures": []}) => Ok(()),
        other => Err(format!("the function did not record the event: {other:?}\n{}", process.log()).into()),
    }
}

/// The event of a parameter's last put, in a message that was sent at once.
fn message(history: &History, parameter: u32) -> Outcome<Value> {
    let done = history.present(parameter).ok_or("the parameter does not exist")?;
    let operation = if matches!(done.deed, Deed::Put { version: 1, .. }) { "Create" } else { "Update" };
    let name = history.name(parameter);
    let second = Timestamp::from_second(done.at.div_euclid(1000))?;
    let mut detail = json!({
        "operation": operation, "name": name, "type": history.parameter_type(parameter).as_str()
    });
    if let Some(description) = history.description(parameter) {
        detail["description"] = description.into();
    }
    let event = json!({
        "version": "0", "id": "b7b8b1a0-0000-4000-8000-000000000001", "detail-type": "Parameter Store Change",
        "source": "aws.ssm", "account": "123456789012", "time": second.to_string(), "region": "us-east-1",
        "resources": [format!("arn:aws:ssm:us-east-1:123456789012:parameter{name}")], "detail": detail
    });
    Ok(json!({"Records": [{
        "messageId": "m", "receiptHandle": "r", "body": event.to_string(),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": (done.at + 2_000).to_string()},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ssmbak"
    }]}))
}

/// The kernel's own high-water mark.
fn peak_megabytes(process: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel tells no peak memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

/// As `ssmbak-stack` packs it.
fn zipped(file: &Path) -> Outcome<f64> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", SimpleFileOptions::default())?;
    archive.write_all(&fs::read(file)?)?;
    Ok(archive.finish()?.into_inner().len() as f64 / 1e6)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
