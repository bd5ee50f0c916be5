//! The works and their goals.

use ssmbak_bench::{History, PATH, Spec, Variant};

use super::road::Road;

/// When a preview asks about.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// A tenth has changed since.
    Recent,
    /// A quarter had happened.
    Old,
    /// Nothing has changed since.
    End,
}

impl At {
    /// Seconds since 1970.
    pub fn second(self, history: &History) -> i64 {
        match self {
            Self::Recent => history.recent(),
            Self::Old => history.old(),
            Self::End => history.end(),
        }
    }
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// So many times as fast as the original.
    Times(f64),
    /// At most so many seconds.
    Seconds(f64),
    /// At most so many requests.
    Requests(u64),
    /// At most so many megabytes.
    Megabytes(f64),
    /// None: it is shown for comparison.
    Shown,
}

/// A preview of a generated history.
#[derive(Clone, Debug)]
pub struct Work {
    pub name: String,
    pub spec: Spec,
    pub path: &'static str,
    pub at: At,
    pub goal: Goal,
    /// Whether the original does it as well: it needs minutes.
    pub original: bool,
    /// Whether every answer takes its time.
    pub unhurried: bool,
    /// What lies between.
    pub road: Road,
    pub rounds: usize,
}

/// All of them; `quick`: a tenth of each.
pub fn works(quick: bool) -> Vec<Work> {
    let size = |full: u32| if quick { full / 10 } else { full };
    let tree = |parameters: u32, versions, variant, at, kind: &str, goal| {
        let spec = Spec::new(size(parameters), versions).with(variant);
        let name = format!("{} × {versions}, {kind}", spec.parameters);
        Work { name, spec, path: PATH, at, goal, original: true, unhurried: true, road: Road::Bare, rounds: 3 }
    };
    let recorded = Variant::Recorded;
    let mut works = vec![
        tree(200, 50, recorded, At::Recent, "recent time", Goal::Times(150.0)),
        tree(200, 50, recorded, At::Old, "old time", Goal::Times(150.0)),
        tree(1_000, 10, recorded, At::Recent, "recent time", Goal::Times(150.0)),
        tree(1_000, 10, recorded, At::Old, "old time", Goal::Times(150.0)),
        tree(1_000, 1, recorded, At::Recent, "recent time", Goal::Times(50.0)),
    ];
    // What the original needs for these, the others tell.
    works.extend(
        [
            tree(1_000, 10, Variant::Seeded, At::Recent, "seeded at once, recent time", Goal::Shown),
            tree(1_000, 10, Variant::Original, At::Recent, "recorded by 0.5.2, recent time", Goal::Shown),
            tree(10_000, 1, recorded, At::End, "in sync", Goal::Shown),
        ]
        .map(|work| Work { original: false, ..work }),
    );
    let siblings = size(100_000);
    works.push(Work {
        name: format!("one key of {siblings} that begin alike"),
        spec: Spec { siblings: true, ..Spec::new(siblings, 1) },
        path: "/bench/p",
        at: At::Recent,
        goal: Goal::Requests(5),
        original: true,
        unhurried: true,
        road: Road::Bare,
        rounds: 3,
    });
    works.push(Work {
        original: false,
        unhurried: false,
        rounds: 1,
        ..tree(20_000, 50, recorded, At::Recent, "recent time, no latency", Goal::Megabytes(300.0))
    });
    let on = |road, original, work| Work { road, original, ..work };
    let synced = |parameters, versions, goal| tree(parameters, versions, recorded, At::End, "in sync", goal);
    works.extend([
        on(Road::Quotas, true, synced(1_000, 1, Goal::Shown)),
        on(Road::Quotas, false, synced(1_000, 10, Goal::Seconds(8.0))),
        on(Road::Quotas, false, synced(10_000, 1, Goal::Seconds(60.0))),
        on(Road::Crowded, false, synced(1_000, 1, Goal::Seconds(10.0))),
        on(Road::LowQuotas, true, synced(1_000, 1, Goal::Times(5.0))),
        on(Road::Encrypted, true, tree(200, 50, recorded, At::Recent, "recent time", Goal::Seconds(0.5))),
        on(Road::Encrypted, false, tree(1_000, 10, recorded, At::Recent, "recent time", Goal::Seconds(1.0))),
        on(Road::Rising, false, tree(1_000, 10, recorded, At::Recent, "recent time", Goal::Shown)),
    ]);
    works
}
