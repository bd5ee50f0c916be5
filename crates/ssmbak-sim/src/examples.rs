//! Small histories that show one thing each.

use crate::history::History;
use crate::story::Story;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

// Attributes of `run::put_of`.
const VALUE_0: u64 = 0;
const VALUE_1: u64 = 1;
const SECRET_3: u64 = 3;

/// All of them, each with its story.
pub fn all() -> Vec<(&'static str, History)> {
    let created = || Story::new(100).put_as(0, 1, VALUE_0);
    let recorded = || created().deliver(20 * SECOND, 1);
    let stories = [
        (
            "Two updates within two seconds, the second one to a secret, and both are told half a minute later. \
             What was it after the first?",
            recorded()
                .put_as(HOUR, 2, VALUE_1)
                .put_as(HOUR + 2 * SECOND, 3, SECRET_3)
                .deliver(HOUR + 30 * SECOND, 2)
                .deliver(HOUR + 31 * SECOND, 3)
                .ask(2 * HOUR, HOUR),
        ),
        (
            "Deleted, and created again a minute later; the deletion is told after the creation. \
             What was it an hour later?",
            recorded()
                .delete(HOUR, 2)
                .put_as(HOUR + MINUTE, 3, VALUE_1)
                .deliver(HOUR + 2 * MINUTE, 3)
                .deliver(HOUR + 5 * MINUTE, 2)
                .ask(3 * HOUR, 2 * HOUR),
        ),
        (
            "Older than the tool: `ssmbak-all` records it a day after it was created. What was it an hour before that?",
            created().sweep(DAY).ask(DAY + MINUTE, DAY - HOUR),
        ),
        (
            "Deleted, and the queue is held up for two hours. What was it in between?",
            recorded().delete(HOUR, 2).deliver(3 * HOUR, 2).ask(4 * HOUR, 2 * HOUR),
        ),
    ];
    stories.map(|(story, steps)| (story, steps.history())).into()
}
