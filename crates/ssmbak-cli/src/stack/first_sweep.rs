//! The first sweep, which a deployment ends with.

use serde_json::{Value, json};
use ssmbak_stack::{CallError, first_sweep};

use crate::aws::Aws;
use crate::ui::{Ui, text};

/// What became of the first sweep.
pub(super) enum FirstSweep {
    Started,
    Skipped,
    Failed(CallError),
}

impl FirstSweep {
    /// Starts it, where it is due and not unwanted.
    pub(super) async fn start(is_due: bool, skipped: bool, queue_url: &str, aws: &Aws) -> Option<Self> {
        if !is_due {
            return None;
        }
        if skipped {
            return Some(Self::Skipped);
        }
        Some(match first_sweep::start(&aws.sqs(), queue_url).await {
            Ok(()) => Self::Started,
            Err(error) => Self::Failed(error),
        })
    }

    /// Whether it should have started and did not.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Adds it to the result for programs.
    pub(super) fn add_to(&self, object: &mut Value) {
        object["FirstSweep"] = json!(match self {
            Self::Started => "started",
            Self::Skipped => "skipped",
            Self::Failed(_) => "failed",
        });
        if let Self::Failed(error) = self {
            object["Warnings"] = json!([failure(error)]);
        }
    }

    /// Says it to people, and what to do next.
    pub(super) fn tell(&self, ui: &Ui) {
        match self {
            Self::Started => {
                ui.remark("sweep started: it records what Parameter Store already holds; `ssmbak doctor` shows when it has finished");
            }
            Self::Skipped => {
                ui.remark(
                    "next: `ssmbak-all --do-it` records what Parameter Store holds (without --do-it it lists it)",
                );
            }
            Self::Failed(error) => {
                ui.warning(&text::line(&failure(error)));
                ui.hint(
                    "`ssmbak-all --do-it` records what Parameter Store already holds; so does the next scheduled sweep",
                );
            }
        }
    }
}

fn failure(error: &CallError) -> String {
    format!("the stack is deployed, but its first sweep was not started: {error}")
}
