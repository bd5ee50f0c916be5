//! Small histories that show one thing each.

use crate::history::{Deed, History, Step, What};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

// What `run::put_of` makes of these numbers.
const VALUE_0: u64 = 0;
const VALUE_1: u64 = 1;
const SECRET_3: u64 = 3;

/// All of them, each with its story.
pub fn all() -> Vec<(&'static str, History)> {
    vec![
        (
            "Two updates within two seconds, the second one to a secret, and both are told half a minute later. \
             What was it after the first?",
            history(vec![
                put(0, 1, VALUE_0),
                told(20 * SECOND, 1),
                put(HOUR, 2, VALUE_1),
                put(HOUR + 2 * SECOND, 3, SECRET_3),
                told(HOUR + 30 * SECOND, 2),
                told(HOUR + 31 * SECOND, 3),
                asked(2 * HOUR, HOUR),
            ]),
        ),
        (
            "Deleted, and created again a minute later; the deletion is told after the creation. \
             What was it an hour later?",
            history(vec![
                put(0, 1, VALUE_0),
                told(20 * SECOND, 1),
                delete(HOUR, 2),
                put(HOUR + MINUTE, 3, VALUE_1),
                told(HOUR + 2 * MINUTE, 3),
                told(HOUR + 5 * MINUTE, 2),
                asked(3 * HOUR, 2 * HOUR),
            ]),
        ),
        (
            "Older than the tool: `ssmbak-all` records it a day after it was created. What was it an hour before that?",
            history(vec![put(0, 1, VALUE_0), swept(DAY), asked(DAY + MINUTE, DAY - HOUR)]),
        ),
        (
            "Deleted, and the queue is held up for two hours. What was it in between?",
            history(vec![
                put(0, 1, VALUE_0),
                told(20 * SECOND, 1),
                delete(HOUR, 2),
                told(3 * HOUR, 2),
                asked(4 * HOUR, 2 * HOUR),
            ]),
        ),
    ]
}

fn history(steps: Vec<Step>) -> History {
    History { kept_versions: 100, road: crate::history::Road::default(), steps }
}

fn put(at: i64, id: u64, attributes: u64) -> Step {
    Step { at, what: What::Do { id, parameter: 0, deed: Deed::Put(attributes) } }
}

fn delete(at: i64, id: u64) -> Step {
    Step { at, what: What::Do { id, parameter: 0, deed: Deed::Delete } }
}

fn told(at: i64, id: u64) -> Step {
    Step { at, what: What::Deliver { id, sent_after: SECOND, fault: None } }
}

fn swept(at: i64) -> Step {
    Step { at, what: What::Sweep { fault: None } }
}

fn asked(at: i64, of: i64) -> Step {
    Step { at, what: What::Ask { of } }
}
