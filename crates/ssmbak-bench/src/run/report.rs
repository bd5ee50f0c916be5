//! The tables and the page.

use std::fmt::Write as _;
use std::process::Command;

use ssmbak_core::rate::Api;

use super::function::{Function, Start, Sweep};
use super::measure::Measured;
use super::previews::Goal;
use super::road::Road;
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
    pub sweep: Option<&'a Sweep>,
    pub options: &'a Options,
    /// What else the machine had to do, see [`load`].
    pub load: Option<f64>,
}

impl Report<'_> {
    /// All tables, for whoever runs it.
    pub fn tables(&self) -> String {
        [self.quotas(), self.previews(), self.requests(), self.start(), self.function(), self.sweep()].join("\n")
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
            .replace("{sweep}", &self.sweep())
            .replace("{quotas}", &QUOTAS.replace("{table}", &self.quotas()))
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
        for row in self.on(false) {
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

    /// The works of the bare road, or those of all others.
    fn on(&self, encrypted: bool) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.work.road.is_encrypted() == encrypted)
    }

    /// Over TLS, and under quotas.
    fn quotas(&self) -> String {
        let mut table = String::from(
            "| preview | road | 0.5.2: time | refused | ssmbak: time | requests to Parameter Store and tagging | refused | \
             neighbour refused | connections | times as fast | goal |\n\
             | --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for row in self.on(true) {
            let ours = &row.ours;
            let store: Vec<String> = ours
                .requests
                .iter()
                .filter(|(operation, _)| Api::of_operation(operation).is_some())
                .map(|(operation, count)| format!("{operation} {count}"))
                .collect();
            let original = row.original.as_ref();
            let neighbour = match ours.neighbour {
                (0, _) => "–".to_owned(),
                (asked, refused) => format!("{refused} of {asked}"),
            };
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} | {} | {} | {} | {neighbour} | {} | {} | {} |",
                row.work.name,
                row.work.road.name(),
                original.map_or("–".to_owned(), |original| seconds(original.wall)),
                original.map_or("–".to_owned(), |original| original.refused.to_string()),
                seconds(ours.wall),
                store.join(", "),
                ours.refused,
                ours.connections,
                row.times().map_or("–".to_owned(), |times| format!("**{times:.0}**")),
                if self.options.quick { row.goal() } else { row.verdict() }
            );
        }
        table
    }

    fn requests(&self) -> String {
        let mut table =
            String::from("| preview | tool | requests by operation | connections |\n| --- | --- | --- | ---: |\n");
        for row in self.on(false) {
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
        let (bare, encrypted) = (&function.bare, &function.encrypted);
        row("first", seconds(original.wall), seconds(bare.first), met(bare.first <= 0.025, "≤ 25 ms"));
        row("first, over TLS", "–".to_owned(), seconds(encrypted.first), String::new());
        row("next event", "–".to_owned(), seconds(bare.warm), String::new());
        row("next event, over TLS", "–".to_owned(), seconds(encrypted.warm), String::new());
        row("its requests", original.total().to_string(), bare.requests.to_string(), met(bare.requests <= 5, "≤ 5"));
        let opened = format!("{}, {} over TLS", bare.connections, encrypted.connections);
        row("its new connections", "–".to_owned(), opened, met(bare.connections + encrypted.connections == 0, "none"));
        let memory = bare.megabytes.max(encrypted.megabytes);
        let shown = format!("{memory:.1} MB");
        row("memory", format!("{:.0} MB", original.megabytes), shown, met(memory <= 12.0, "≤ 12 MB"));
        let zipped = format!("{:.2} MB", function.zipped);
        row("package, zipped", "–".to_owned(), zipped, met(function.zipped <= 3.5, "≤ 3.5 MB"));
        table
    }
}

impl Report<'_> {
    /// The sweep, and what it takes of the quotas of its road.
    fn sweep(&self) -> String {
        let Some(Sweep { parameters, invocations, measured }) = self.sweep else { return String::new() };
        let conditions = Road::Quotas.conditions(*parameters);
        let quota = |api: &str| match api {
            "Reads" => conditions.reads,
            "Describe" => conditions.describes,
            "ListTags" => conditions.tags,
            "GetResources" => conditions.resources,
            _ => conditions.histories,
        };
        let made = |operation: &String| Api::of_operation(operation).is_some();
        let store: Vec<(&String, &u64)> = measured.requests.iter().filter(|(operation, _)| made(operation)).collect();
        let total: u64 = store.iter().map(|(_, count)| **count).sum();
        let shown: Vec<String> = store.iter().map(|(operation, count)| format!("{operation} {count}")).collect();
        let peak =
            |(api, most): (&String, &u64)| (format!("{api} {most} of {}", quota(api)), *most as f64 / quota(api));
        let peaks: Vec<(String, f64)> = measured.peaks.iter().map(peak).collect();
        let texts: Vec<&str> = peaks.iter().map(|(text, _)| text.as_str()).collect();
        let (most, half) = (1_300 * u64::from(*parameters) / 10_000, peaks.iter().all(|(_, share)| *share <= 0.5));
        let (asked, refused) = measured.neighbour;
        format!(
            "| a sweep of {parameters} unchanged parameters | | goal |\n| --- | ---: | ---: |\n\
             | time | {}, {invocations} invocations | |\n\
             | requests to Parameter Store and tagging | {total}: {} | {} |\n\
             | refused | {} | |\n\
             | most in one second | {} | {} |\n\
             | neighbour refused | {refused} of {asked} | |\n",
            seconds(measured.wall),
            shown.join(", "),
            met(total <= most, &format!("≤ {most}")),
            measured.refused,
            texts.join(", "),
            met(half, "half of each quota"),
        )
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
            Goal::Seconds(goal) => format!("≤ {goal} s"),
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
        met(reached && self.is_good_neighbour(), &self.goal())
    }

    /// Whether less than 2 % was refused, and of a neighbour's requests less than 1 %.
    fn is_good_neighbour(&self) -> bool {
        let (asked, refused) = self.ours.neighbour;
        self.ours.refused * 50 <= self.ours.total() && refused * 100 <= asked
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
        for place in [
            "command", "date", "machine", "load", "latency", "previews", "requests", "start", "function", "profile",
            "quotas", "sweep",
        ] {
            assert_eq!(PAGE.matches(&format!("{{{place}}}")).count(), 1, "{place}");
        }
    }
}
