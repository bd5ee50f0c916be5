//! The tables and the page.

use std::fmt::Write as _;
use std::process::Command;

use super::function::{Function, Start};
use super::measure::Measured;
use super::works::Goal;
use super::{Options, Row};

const PAGE: &str = include_str!("report.md");
const PROFILE: &str = include_str!("profile.md");
const QUOTAS: &str = include_str!("quotas.md");
const READING: &str = include_str!("reading.md");

/// Everything that was measured.
pub struct Report<'a> {
    pub rows: &'a [Row],
    pub start: Option<&'a Start>,
    pub function: Option<&'a Function>,
    pub options: &'a Options,
    /// What else the machine had to do, see [`load`].
    pub load: Option<f64>,
}

impl Report<'_> {
    /// All tables, for whoever runs it.
    pub fn tables(&self) -> String {
        [self.previews(), self.requests(), self.start(), self.function()].join("\n")
    }

    /// The whole page.
    pub fn markdown(&self) -> String {
        PAGE.replace("{date}", &jiff::Timestamp::now().strftime("%Y-%m-%d").to_string())
            .replace(
                "{command}",
                if self.options.quick { "cargo xtask bench --quick --write" } else { "cargo xtask bench" },
            )
            .replace("{machine}", &machine())
            .replace("{load}", &busy(self.load))
            .replace("{latency}", &self.options.latency.to_string())
            .replace("{previews}", &self.previews())
            .replace("{requests}", &self.requests())
            .replace("{start}", &self.start())
            .replace("{function}", &self.function())
            .replace("{quotas}", QUOTAS)
            .replace("{reading}", READING)
            .replace("{profile}", PROFILE)
    }

    fn previews(&self) -> String {
        let table = String::from(
            "| preview | 0.5.2: time | CPU | memory | requests | ssmbak: time | CPU | memory | requests | times as fast | {goal} |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        // A goal is one for the full size.
        let quick = self.options.quick;
        let mut table = table.replace("{goal}", if quick { "goal at full size" } else { "goal" });
        for row in self.rows {
            let cells = |measured: Option<&Measured>| {
                measured.map_or("– | – | – | –".to_owned(), |m| {
                    format!("{} | {} | {:.0} MB | {}", seconds(m.wall), seconds(m.cpu), m.megabytes, m.total())
                })
            };
            let times = row.times().map_or("–".to_owned(), |times| format!("**{times:.0}**"));
            let _ = writeln!(
                table,
                "| {} | {} | {} | {times} | {} |",
                row.work.name,
                cells(row.original.as_ref()),
                cells(Some(&row.ours)),
                if quick { row.goal() } else { row.verdict() }
            );
        }
        table
    }

    fn requests(&self) -> String {
        let mut table =
            String::from("| preview | tool | requests by operation | connections |\n| --- | --- | --- | ---: |\n");
        for row in self.rows {
            for (tool, measured) in [("0.5.2", row.original.as_ref()), ("ssmbak", Some(&row.ours))] {
                let Some(measured) = measured else { continue };
                let kinds: Vec<String> = measured.requests.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
                let _ =
                    writeln!(table, "| {} | {tool} | {} | {} |", row.work.name, kinds.join(", "), measured.connections);
            }
        }
        table
    }

    fn start(&self) -> String {
        let Some(start) = self.start else { return String::new() };
        let row = |tool: &str, m: &Measured, goal: &str| {
            format!("| {tool} | {} | {} | {:.0} MB | {goal} |\n", seconds(m.wall), seconds(m.cpu), m.megabytes)
        };
        let goal = met(start.ours.wall <= 0.010, "≤ 10 ms");
        "| `ssmbak --version` | time | CPU | memory | goal |\n| --- | ---: | ---: | ---: | ---: |\n".to_owned()
            + &row("0.5.2", &start.original, "")
            + &row("ssmbak", &start.ours, &goal)
    }

    fn function(&self) -> String {
        let Some(function) = self.function else { return String::new() };
        let mut table = String::from("| function | 0.5.2 | ssmbak | goal |\n| --- | ---: | ---: | ---: |\n");
        let original = &function.original;
        let mut row = |what: &str, theirs: String, ours: String, goal: String| {
            let _ = writeln!(table, "| {what} | {theirs} | {ours} | {goal} |");
        };
        row("first", seconds(original.wall), seconds(function.first), met(function.first <= 0.025, "≤ 25 ms"));
        row("next event", "–".to_owned(), seconds(function.warm), String::new());
        let requests = function.requests.to_string();
        row("its requests", original.total().to_string(), requests, met(function.requests <= 5, "≤ 5"));
        let connections = function.connections.to_string();
        row("its new connections", "–".to_owned(), connections, met(function.connections == 0, "none"));
        let memory = format!("{:.1} MB", function.megabytes);
        row("memory", format!("{:.0} MB", original.megabytes), memory, met(function.megabytes <= 12.0, "≤ 12 MB"));
        let zipped = format!("{:.2} MB", function.zipped);
        row("package, zipped", "–".to_owned(), zipped, met(function.zipped <= 3.5, "≤ 3.5 MB"));
        table
    }
}

impl Row {
    /// How many times as fast ours is.
    pub fn times(&self) -> Option<f64> {
        self.original.as_ref().map(|original| original.wall / self.ours.wall)
    }

    /// The goal.
    fn goal(&self) -> String {
        match self.work.goal {
            Goal::Shown => String::new(),
            Goal::Times(goal) => format!("≥ {goal:.0}"),
            Goal::Seconds(goal) => format!("≤ {goal:.0} s"),
            Goal::Requests(goal) => format!("≤ {goal} requests"),
            Goal::Megabytes(goal) => format!("≤ {goal:.0} MB"),
        }
    }

    /// The goal, and whether it is met.
    fn verdict(&self) -> String {
        let reached = match self.work.goal {
            Goal::Shown => return String::new(),
            Goal::Times(goal) => self.times().is_some_and(|times| times >= goal),
            Goal::Seconds(goal) => self.ours.wall <= goal,
            Goal::Requests(goal) => self.ours.total() <= goal,
            Goal::Megabytes(goal) => self.ours.megabytes <= goal,
        };
        met(reached, &self.goal())
    }
}

fn met(met: bool, goal: &str) -> String {
    format!("{goal} {}", if met { "✓" } else { "✗" })
}

/// To three digits, in milliseconds where that reads better.
pub fn seconds(time: f64) -> String {
    match time {
        _ if time < 0.0995 => format!("{:.1} ms", time * 1000.0),
        _ if time < 9.95 => format!("{time:.2} s"),
        _ => format!("{time:.0} s"),
    }
}

/// How many processes wanted to run in the last minute (Linux).
pub fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// What a reader must know of it: who computes has to wait then, who waits for answers has not.
fn busy(load: Option<f64>) -> String {
    match load {
        Some(load) if load >= 0.5 => format!(
            " Other programs kept the machine busy (load average {load:.1}), which costs the faster tool more: take the times \
             as upper bounds, and CPU, memory and requests as they are."
        ),
        _ => String::new(),
    }
}

/// What it was measured on, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = Command::new("rustc").arg("--version").output().ok();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    format!("{cores} cores {}, ssmbak {version} (release, {rustc}), ssmbak 0.5.2 from PyPI", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        let times = [0.00412, 0.0994, 0.1, 2.345, 9.96, 279.4].map(seconds);
        assert_eq!(times, ["4.1 ms", "99.4 ms", "0.10 s", "2.35 s", "10 s", "279 s"]);
    }

    #[test]
    fn a_busy_machine_is_told_of() {
        assert_eq!((busy(None), busy(Some(0.3))), (String::new(), String::new()));
        assert!(busy(Some(7.04)).contains("7.0"));
    }

    #[test]
    fn the_page_has_a_place_for_everything_that_is_put_into_it() {
        for place in
            ["command", "date", "machine", "load", "latency", "previews", "requests", "start", "function", "profile"]
        {
            assert_eq!(PAGE.matches(&format!("{{{place}}}")).count(), 1, "{place}");
        }
    }
}
