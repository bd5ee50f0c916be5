//! Where a command works: in one region, or in several of the account at the same time.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use futures_util::future::join_all;
use serde_json::{Value, json};
use ssmbak_stack::{Stack, StackEvent};

use super::first_sweep::FirstSweep;
use super::{of, of_lines, result, show};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

/// The regions of a command.
#[derive(Debug, Default, Args)]
pub struct RegionsArgs {
    /// Regions of the account, such as eu-central-1,us-east-1, all at the same time [default: the region of --region].
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    pub regions: Vec<String>,
}

impl RegionsArgs {
    /// A way to AWS for each region; the one of the environment if none is named. One after another: the code of an MFA
    /// device is asked for once.
    pub(super) async fn connect(&self, global: &GlobalArgs) -> Result<Vec<Aws>, CliError> {
        if self.regions.is_empty() {
            return Ok(vec![Aws::connect(global).await?]);
        }
        if global.region.is_some() {
            return Err(CliError::usage("--region and --regions were both given", "name every region with --regions"));
        }
        let mut all: Vec<Aws> = Vec::new();
        for region in &self.regions {
            if all.iter().any(|aws| aws.region() == region) {
                continue;
            }
            all.push(Aws::connect(&GlobalArgs { region: Some(region.clone()), ..global.clone() }).await?);
        }
        Ok(all)
    }

    /// The stack of a name in each region.
    pub(super) async fn places(&self, name: &str, global: &GlobalArgs) -> Result<Places, CliError> {
        let are_named = !self.regions.is_empty();
        let place = |aws: Aws| Ok(Place { stack: of(&aws, name)?, aws, is_labelled: are_named });
        let all = self.connect(global).await?.into_iter().map(place).collect::<Result<_, CliError>>()?;
        Ok(Places { all, are_named })
    }
}

/// A region, and the stack in it.
pub(super) struct Place {
    pub(super) aws: Aws,
    pub(super) stack: Stack,
    is_labelled: bool,
}

impl Place {
    /// The one region of a command that works in no other.
    pub(super) fn alone(aws: Aws, stack: Stack) -> Self {
        Self { aws, stack, is_labelled: false }
    }

    /// Text for people, with the region before each line where there are several.
    pub(super) fn labelled(&self, text: &str) -> String {
        let label = if self.is_labelled { format!("{}: ", self.stack.region()) } else { String::new() };
        of_lines(text).lines().map(|line| format!("{label}{line}")).collect::<Vec<_>>().join("\n")
    }

    /// Tells of an event as it comes.
    pub(super) fn tell(&self, ui: &Ui, event: &StackEvent) {
        ui.remark(&self.labelled(&show::event_line(event)));
    }
}

/// What a command did in a region.
#[derive(Default)]
pub(super) struct Done {
    /// The result for people, of one region.
    pub(super) lines: String,
    /// The status, and a word on it, where there are several regions.
    pub(super) row: [String; 2],
    /// The result for programs.
    pub(super) object: Value,
    /// What is worth knowing besides, where there is one region.
    pub(super) remark: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) sweep: Option<FirstSweep>,
}

/// All regions of a command.
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    /// Whether the command line names them: results are then a list.
    are_named: bool,
}

impl Places {
    /// The same in every region at the same time.
    pub(super) async fn each<T>(&self, work: impl AsyncFn(&Place) -> Result<T, CliError>) -> Vec<Result<T, CliError>> {
        join_all(self.all.iter().map(|place| work(place))).await
    }

    /// As [`Places::each`], going on with what the step before it brought in the region, unless that failed.
    pub(super) async fn each_with<S, T>(
        &self,
        before: Vec<Result<S, CliError>>,
        work: impl AsyncFn(&Place, S) -> Result<T, CliError>,
    ) -> Vec<Result<T, CliError>> {
        let work = &work;
        join_all(self.all.iter().zip(before).map(async |(place, before)| work(place, before?).await)).await
    }

    /// Ends a command that failed where no region is named. A failure in one of several is part of the result.
    pub(super) fn settled<T>(&self, outcomes: Vec<Result<T, CliError>>) -> Result<Vec<Result<T, CliError>>, CliError> {
        if self.are_named { Ok(outcomes) } else { outcomes.into_iter().map(|outcome| Ok(Ok(outcome?))).collect() }
    }

    /// The region, or all of them, for a question.
    pub(super) fn described(&self) -> String {
        self.all.iter().map(|place| place.stack.region()).collect::<Vec<_>>().join(", ")
    }

    /// Whether changes shall be carried out.
    pub(super) fn question(&self) -> String {
        let places = if self.are_named { format!(" in {}", self.described()) } else { String::new() };
        format!("carry these changes out{places}?")
    }

    /// Prints what was done in each region.
    pub(super) fn report(&self, outcomes: Vec<Result<Done, CliError>>, ui: &Ui) -> Result<Exit, CliError> {
        let outcomes = self.settled(outcomes)?;
        if !self.are_named {
            for done in outcomes.into_iter().flatten() {
                result(ui, &done.lines, &done.object)?;
                if let Some(sweep) = &done.sweep {
                    sweep.tell(ui);
                }
                if let Some(remark) = &done.remark {
                    ui.remark(&of_lines(remark));
                }
                if let Some(hint) = &done.hint {
                    ui.hint(&text::line(hint));
                }
            }
            return Ok(Exit::Done);
        }
        let rows = self.all.iter().zip(&outcomes).map(|(place, outcome)| {
            let [status, word] = match outcome {
                Ok(done) => done.row.clone(),
                Err(error) => ["failed".to_owned(), error.to_string()],
            };
            [place.stack.region().to_owned(), status, word]
        });
        let rows: Vec<[String; 3]> = rows.collect();
        let entries = self.all.iter().zip(&outcomes).map(|(place, outcome)| {
            let mut entry = match outcome {
                Ok(done) => done.object.clone(),
                Err(error) => json!(error.report()),
            };
            entry["StackName"] = json!(place.stack.name());
            entry["Region"] = json!(place.stack.region());
            entry
        });
        result(ui, &show::columns_of(&rows), &entries.collect())?;
        let mut is_told = false;
        for (place, outcome) in self.all.iter().zip(&outcomes) {
            let hint = match outcome {
                Ok(done) => done.hint.as_deref(),
                Err(error) => error.hint(),
            };
            if let Some(hint) = hint {
                ui.hint(&place.labelled(hint));
            }
            // The same everywhere, but for failures.
            let sweep = outcome.as_ref().ok().and_then(|done| done.sweep.as_ref());
            if let Some(sweep) = sweep.filter(|sweep| sweep.has_failed() || !is_told) {
                sweep.tell(ui);
                is_told = true;
            }
        }
        Ok(exit(&outcomes))
    }
}

/// 0 if it was done everywhere, 1 if nowhere, 3 if in some.
pub(super) fn exit<T>(outcomes: &[Result<T, CliError>]) -> Exit {
    let failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    if failed.clone().any(|error| error.exit() == Exit::Interrupted) {
        return Exit::Interrupted;
    }
    match failed.count() {
        0 => Exit::Done,
        all if all == outcomes.len() => Exit::Failed,
        _ => Exit::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_in_some_regions_is_told_by_the_exit_code() {
        let failed = || Err(CliError::failure("StackExists", "it exists", ""));
        assert_eq!(exit(&[Ok(()), Ok(())]), Exit::Done);
        assert_eq!(exit(&[Ok(()), failed()]), Exit::Partly);
        assert_eq!(exit::<()>(&[failed(), failed()]), Exit::Failed);
        assert_eq!(exit(&[Ok(()), failed(), Err(CliError::interrupted())]), Exit::Interrupted);
    }
}
