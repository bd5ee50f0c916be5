//! `ssmbak-stack NAME redrive`.

use std::cell::Cell;

use serde_json::{Value, json};
use ssmbak_stack::redrive::{Ended, Failures, Queues, Redriven, redrive};
use ssmbak_stack::{CallError, QueueState, Stack, StackError};

use super::{RedriveArgs, confirm, declined, of_lines, result};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) async fn run(stack: &Stack, args: &RedriveArgs, aws: &Aws, ui: &Ui) -> Result<Exit, CliError> {
    let resources = stack.resources().await?;
    let queues = Queues::of(stack.name(), &resources)?;
    let sqs = aws.sqs();
    let mut found = Vec::new();
    for failures in &queues.failures {
        found.push((failures, QueueState::look(&sqs, &failures.url).await.map_err(failed)?));
    }
    let total: u64 = found.iter().map(|(_, state)| state.messages()).sum();
    if args.dry_run {
        let counts = found.iter().map(|(failures, state)| counted(failures, state)).collect::<Value>();
        let lines: Vec<String> = found.iter().map(|(failures, state)| count_line(failures, state)).collect();
        let object = json!({"StackName": stack.name(), "DryRun": true, "Queues": counts});
        return result(ui, &lines.join("\n"), &object).map(|()| Exit::Done);
    }
    // SQS counts approximately: where nobody is asked, an empty queue is looked into nevertheless.
    if total > 0 {
        for (failures, state) in &found {
            ui.remark(&count_line(failures, state));
        }
        let question = format!("put {total} back into the queue of the stack {}?", stack.name());
        if !confirm(args.yes, &question, ui)? {
            return Err(declined());
        }
    }
    let outcomes = put_back(&sqs, &queues, total, ui).await?;
    let each = outcomes.iter().map(|(failures, outcome)| outcome_json(failures, outcome)).collect::<Value>();
    let lines: Vec<String> = outcomes.iter().flat_map(|(failures, outcome)| outcome_lines(failures, outcome)).collect();
    result(ui, &of_lines(&lines.join("\n")), &json!({"StackName": stack.name(), "Queues": each}))?;
    let exit = exit(outcomes.iter().map(|(_, outcome)| outcome));
    if exit == Exit::Partly {
        ui.hint(
            "what could not be put back is still among the failures: put its cause right and run the command again",
        );
    }
    Ok(exit)
}

/// One queue after the other. The first Ctrl-C ends it after the messages that are on their way, the second at once.
async fn put_back<'a>(
    sqs: &aws_sdk_sqs::Client,
    queues: &'a Queues,
    total: u64,
    ui: &Ui,
) -> Result<Vec<(&'a Failures, Redriven)>, CliError> {
    let mut interrupts = Interrupts::listen();
    let stopped = Cell::new(false);
    let progress = ui.progress(usize::try_from(total).unwrap_or(usize::MAX), "putting back");
    let work = async {
        let mut outcomes = Vec::new();
        for failures in &queues.failures {
            let step = |done| (0..done).for_each(|_| progress.step());
            outcomes.push((failures, redrive(sqs, failures, &queues.queue, || stopped.get(), step).await));
        }
        outcomes
    };
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcomes = &mut work => return Ok(outcomes),
            () = interrupts.next() => {
                if stopped.replace(true) {
                    return Err(CliError::interrupted());
                }
                progress.aside(|| ui.remark("stopping after what is on its way; Ctrl-C again to stop at once"));
            }
        }
    }
}

fn exit<'a>(outcomes: impl Iterator<Item = &'a Redriven> + Clone) -> Exit {
    let ended = |outcome: &&Redriven, test: fn(&Ended) -> bool| outcome.ended.as_ref().is_some_and(test);
    if outcomes.clone().any(|outcome| ended(&outcome, |why| matches!(why, Ended::Stopped))) {
        Exit::Interrupted
    } else if outcomes.clone().any(|outcome| !outcome.failed.is_empty() || outcome.ended.is_some()) {
        Exit::Partly
    } else {
        Exit::Done
    }
}

/// What a queue of failures holds, for people.
fn called(failures: &Failures) -> &'static str {
    match failures.logical_id {
        ssmbak_stack::template::DEAD_LETTERS => "dead letters",
        _ => "undelivered events",
    }
}

fn count_line(failures: &Failures, state: &QueueState) -> String {
    let in_flight = match state.in_flight {
        0 => String::new(),
        count => format!(", {count} of them in flight"),
    };
    format!("{}: {}{in_flight}", called(failures), state.messages())
}

fn counted(failures: &Failures, state: &QueueState) -> Value {
    json!({
        "Queue": failures.logical_id, "QueueUrl": failures.url,
        "Messages": state.messages(), "InFlight": state.in_flight,
    })
}

fn outcome_json(failures: &Failures, outcome: &Redriven) -> Value {
    let failed = outcome.failed.iter().map(|failed| {
        json!({
            "MessageId": failed.message_id, "Code": failed.error.code(), "Message": failed.error.to_string(),
            "Sent": failed.sent,
        })
    });
    let mut object = json!({
        "Queue": failures.logical_id, "QueueUrl": failures.url,
        "Redriven": outcome.redriven, "Failed": failed.collect::<Value>(),
    });
    if !outcome.causes.is_empty() {
        object["Causes"] = json!(outcome.causes);
    }
    if let Some(ended) = &outcome.ended {
        object["Ended"] = json!(why(ended));
    }
    object
}

fn outcome_lines(failures: &Failures, outcome: &Redriven) -> Vec<String> {
    let mut lines = vec![format!("{}: {} put back", called(failures), outcome.redriven)];
    for (cause, count) in &outcome.causes {
        lines.push(format!("  {count} could not be delivered because of {cause}"));
    }
    for failed in &outcome.failed {
        let twice = if failed.sent { " (it is in the queue as well, which does no harm)" } else { "" };
        lines.push(format!("  {} was not put back: {}{twice}", failed.message_id, failed.error));
    }
    lines.extend(outcome.ended.as_ref().map(|ended| format!("  ended before the end: {}", why(ended))));
    lines
}

fn why(ended: &Ended) -> String {
    match ended {
        Ended::Stopped => "interrupted".to_owned(),
        Ended::FailsAgain => "messages that were put back fail again: their cause is still there".to_owned(),
        Ended::Hopeless => "not one message of a batch could be put back".to_owned(),
        Ended::Unreadable(error) => text::line(&error.to_string()),
    }
}

fn failed(error: CallError) -> CliError {
    StackError::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_before_the_end_is_a_clause() {
        let clauses = [Ended::Stopped, Ended::FailsAgain, Ended::Hopeless].map(|ended| why(&ended));
        assert_eq!(
            clauses,
            [
                "interrupted",
                "messages that were put back fail again: their cause is still there",
                "not one message of a batch could be put back",
            ]
        );
    }
}
