//! The life of a tree of parameters, recorded by whoever is asked to, and what was true at each of its moments.

use jiff::Timestamp;
use serde_json::Value;
use ssmbak_e2e::{
    Outcome, Recorder, State, World, after, as_the_original_reads_it, as_the_original_records_it, assert_same,
    next_second,
};
use ssmbak_testkit::Original;

/// More than the 256 characters that a tag holds, and no two tens alike.
const LONG: &str = "000 it goes on 001 it goes on 002 it goes on 003 it goes on 004 it goes on 005 it goes on 006 it goes on \
    007 it goes on 008 it goes on 009 it goes on 010 it goes on 011 it goes on 012 it goes on 013 it goes on 014 it goes on \
    015 it goes on 016 it goes on 017 it goes on 018 it goes on 019 it goes on";
const FANCY: &str = "größe: 100% \"sure\", really (or not?) & that's *all*";

enum Step {
    /// Name, type, value, description.
    Put(&'static str, &'static str, &'static str, &'static str),
    Delete(&'static str),
}
use Step::{Delete, Put};

/// Names are appended to the life's prefix, so that `2/sibling` lies beside it.
const STEPS: [&[Step]; 5] = [
    &[
        Put("/plain", "String", "one", FANCY),
        Put("/long", "String", "x", LONG),
        Put("/key", "SecureString", "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n", ""),
        Put("/list", "StringList", "a,b,,c d", "a list"),
        Put("/db", "String", "a parameter with children", ""),
        Put("/db/host", "String", "h1", ""),
        Put("/db/password", "SecureString", "s1 ü", "hush: hush"),
        Put("/doomed", "String", "d1", ""),
        Put("/constant", "String", "as ever", ""),
        Put("-root", "String", "r1", "at the root"),
        Put("2/sibling", "String", "x1", ""),
    ],
    &[
        Put("/plain", "String", "two", "now plain"),
        Put("/long", "String", "y", LONG),
        Put("/key", "SecureString", "no line end", ""),
        Put("/db", "String", "still with children", "parent"),
        Put("/new", "StringList", "n", ""),
        Put("-root", "SecureString", "r2", "at the root"),
        Put("2/sibling", "String", "x2", ""),
    ],
    &[Delete("/doomed"), Delete("/db/host"), Put("/constant", "String", "as ever", "described at last")],
    &[
        Put("/doomed", "SecureString", "d2", "risen"),
        Put("/plain", "String", "three", FANCY),
        Delete("/new"),
        Put("/db/password", "SecureString", "s2\n", "hush: hush"),
        Put("-root", "String", "r3", ""),
    ],
    &[
        Delete("/plain"),
        Delete("/long"),
        Delete("/key"),
        Delete("/list"),
        Delete("/db"),
        Delete("/db/password"),
        Put("/constant", "String", "changed", ""),
        Put("/stray", "String", "of no use", ""),
        Delete("-root"),
    ],
];

/// How many parts a life has; each ends in a point in time to restore.
pub const PARTS: usize = STEPS.len();

/// A second by whose end everything of its part was recorded, and what was true then.
pub struct Moment {
    /// Counted from 0.
    pub number: usize,
    pub at: Timestamp,
    pub truth: State,
}

pub struct Life {
    pub prefix: &'static str,
    /// A second before it began.
    pub before: Timestamp,
    pub moments: Vec<Moment>,
    /// What it left.
    pub present: State,
}

impl Life {
    /// Lives it, each part recorded by its recorder as soon as it has happened.
    pub async fn live(world: &World, prefix: &'static str, recorders: [&dyn Recorder; PARTS]) -> Outcome<Self> {
        let mut life = Self { prefix, before: next_second().await, moments: Vec::new(), present: State::new() };
        for (number, (steps, recorder)) in STEPS.iter().zip(recorders).enumerate() {
            let mut events = Vec::new();
            for step in *steps {
                events.push(match step {
                    Put(name, parameter_type, value, description) => {
                        world.store.put(&format!("{prefix}{name}"), parameter_type, value, description).await?
                    }
                    Delete(name) => world.store.delete(&format!("{prefix}{name}")).await?,
                });
            }
            recorder.record(&events)?;
            life.present = world.store.state(prefix).await?;
            life.moments.push(Moment { number, at: next_second().await, truth: life.present.clone() });
        }
        Ok(life)
    }

    /// All but the sibling, as paths of a command line.
    pub fn paths(&self) -> String {
        format!("{0}/ {0}-root", self.prefix)
    }

    /// What a restore to a moment has to lead to: what was true, and beside the paths asked for what is.
    pub fn goal(&self, moment: &Moment) -> State {
        let asked = |name: &String| !name.starts_with(&format!("{}2", self.prefix));
        let truth = moment.truth.iter().filter(|(name, _)| asked(name));
        let beside = self.present.iter().filter(|(name, _)| !asked(name));
        truth.chain(beside).map(|(name, parameter)| (name.clone(), parameter.clone())).collect()
    }

    /// What our preview of a moment says, as the object of its contract.
    pub fn our_preview(&self, world: &World, at: Timestamp, options: &str) -> Outcome<Value> {
        world.run(&format!("ssmbak preview {} {at} -R --reveal --output json{options}", self.paths()))?.well()?.json()
    }

    /// What we say was true at a moment.
    pub fn by_us(&self, world: &World, moment: &Moment) -> Outcome<State> {
        // Of what was recorded later only, a bucket of the original does not tell whether it existed before.
        after(self.present.clone(), &self.our_preview(world, moment.at, " --assume-absent")?["Changes"])
    }

    /// Checks that by a preview of the original's a moment was what it was; returns its rows.
    #[track_caller]
    pub fn check_the_originals_preview(&self, original: &Original, moment: &Moment) -> Outcome<Value> {
        let rows = original.preview(&format!("{}/", self.prefix), &theirs(moment.at), true)?;
        // It is not asked about the parameter at the root, which takes another call.
        let root = format!("{}-root", self.prefix);
        let mut goal = self.goal(moment);
        goal.remove(&root);
        goal.extend(self.present.get_key_value(&root).map(|(name, parameter)| (name.clone(), parameter.clone())));
        let seen = as_the_original_reads_it(&after(self.present.clone(), &rows)?);
        assert_same(&seen, &as_the_original_reads_it(&goal), format!("moment {}, by the original", moment.number));
        Ok(rows)
    }

    /// Restores to a moment with our command; what Parameter Store holds then.
    pub async fn restore(&self, world: &World, moment: &Moment) -> Outcome<State> {
        let line = format!("ssmbak restore {} {} -R --assume-absent --output json", self.paths(), moment.at);
        let ran = world.run(&line)?.well()?.json()?;
        let changes = ran["Changes"].as_array().ok_or("no changes")?;
        assert!(changes.iter().all(|change| change["Outcome"] == "done"), "{ran}");
        world.store.state(self.prefix).await
    }
}

/// A time as the original wants it.
pub fn theirs(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Checks that two states are the same as far as a bucket of the original can tell.
#[track_caller]
pub fn same_as_recorded(seen: &State, expected: &State, moment: &Moment) {
    let (seen, expected) = (as_the_original_records_it(seen), as_the_original_records_it(expected));
    assert_same(&seen, &expected, format!("moment {}", moment.number));
}
