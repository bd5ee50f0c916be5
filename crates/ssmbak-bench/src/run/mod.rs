//! What is measured: works, one after the other, ours and the original's on the same bucket.

mod function;
mod measure;
mod plot;
mod previews;
mod report;
mod road;
mod tools;

use std::path::PathBuf;
use std::{fs, io};

use clap::Args;
use ssmbak_bench::{History, Model};
use ssmbak_emulators::{Original, find_binary, target_dir, workspace_dir};

use measure::{Measured, Served};
use previews::{Work, works};
use tools::{Tool, check};

/// What can go wrong is told and ends it.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// How often our tool does each work; the original does it once.
const ROUNDS: usize = 3;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A tenth of every size; nothing is written without --write
    #[arg(long)]
    quick: bool,
    /// Writes the page after --quick as well
    #[arg(long, requires = "quick")]
    write: bool,
    /// Only the works whose name contains this; nothing is written
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Takes the original's figures from an earlier run on this machine, where there are any
    #[arg(long)]
    reuse: bool,
    /// The function's executable
    #[arg(long, value_name = "FILE")]
    function: Option<PathBuf>,
    /// Milliseconds that every answer takes
    #[arg(long, default_value_t = 20)]
    latency: u64,
}

/// A work that was done.
#[derive(Debug)]
pub struct Row {
    work: Work,
    ours: Measured,
    original: Option<Measured>,
}

/// Measures, prints and writes.
pub fn run(options: &Options) -> Outcome {
    let load = report::load();
    let dir = target_dir().join("bench");
    fs::create_dir_all(&dir)?;
    let mut rows = Vec::new();
    for work in works(options.quick) {
        if options
            .only
            .as_ref()
            .is_none_or(|only| work.name.contains(only.as_str()) || work.road.name().contains(only.as_str()))
        {
            rows.push(row(work, options, &dir)?);
        }
    }
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let start = wanted("start").then(|| function::commands(&dir)).transpose()?;
    let function = match (&options.function, wanted("function")) {
        (Some(file), true) => Some(function::measure(file, &dir)?),
        _ => None,
    };
    let sweep = match (&options.function, wanted("sweep")) {
        (Some(file), true) => {
            Some(function::sweep(file, if options.quick { 1_000 } else { 10_000 }, options.latency, &dir)?)
        }
        _ => None,
    };
    let report = report::Report {
        rows: &rows,
        start: start.as_ref(),
        function: function.as_ref(),
        sweep: sweep.as_ref(),
        options,
        load,
    };
    println!("\n{}", report.tables());
    if (options.quick && !options.write) || options.only.is_some() {
        return Ok(());
    }
    let docs = workspace_dir().join("docs");
    fs::write(docs.join("PERFORMANCE.md"), report.markdown())?;
    fs::write(docs.join("performance.svg"), plot::svg(&rows))?;
    println!("written: docs/PERFORMANCE.md, docs/performance.svg");
    Ok(())
}

fn row(work: Work, options: &Options, dir: &std::path::Path) -> Outcome<Row> {
    let history = History::new(work.spec);
    let model = Model::new(history);
    let second = work.at.second(&history);
    let latency = if work.unhurried { options.latency } else { 0 };
    let served = Served::start(&work.spec, latency, work.road, dir)?;
    let mut wanted = (model.known_changes(second), model.changes(second));
    for changes in [&mut wanted.0, &mut wanted.1] {
        changes.retain(|name, _| work.path.ends_with('/') || name == work.path);
    }
    let kept = dir.join(format!("{}-{}-{latency}.json", work.name, work.road.name()).replace([' ', ',', '/'], "-"));
    let earlier = fs::read(&kept).ok().filter(|_| options.reuse).and_then(|text| serde_json::from_slice(&text).ok());
    let mut ours = Vec::new();
    let mut original = earlier;
    let measure = |tool: &Tool| -> Outcome<Measured> {
        let mut preview = tool.preview(&work, second);
        preview.envs(served.certificate().map(|file| ("AWS_CA_BUNDLE", file)));
        let (measured, output) = measure::measure(preview, Some(&served), dir)?;
        println!(
            "{:>42}  {:<34}  {:<9} {:>9.3} s {:>7} requests",
            work.name,
            work.road.name(),
            tool.name(),
            measured.wall,
            measured.total()
        );
        let wanted = if matches!(tool, Tool::Ours(..)) { &wanted.0 } else { &wanted.1 };
        check(&work, tool, &tool.parse(&output)?, wanted)?;
        Ok(measured)
    };
    for round in 0..work.rounds.min(ROUNDS) {
        ours.push(measure(&Tool::Ours(find_binary("ssmbak")?, served.endpoint().to_owned()))?);
        if round == 0 && work.original && original.is_none() {
            let measured = measure(&Tool::Original(Original::new(served.endpoint(), ssmbak_bench::BUCKET)?))?;
            fs::write(&kept, serde_json::to_vec(&measured)?)?;
            original = Some(measured);
        }
    }
    let ours = Measured::median(ours).ok_or_else(|| io::Error::other("nothing was measured"))?;
    Ok(Row { original: original.filter(|_| work.original), work, ours })
}
