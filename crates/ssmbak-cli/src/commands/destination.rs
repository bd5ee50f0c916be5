//! `--to` and the like: restoring to another path, or into another account or region.

use clap::{Args, ValueEnum};
use ssmbak::destination::preview;
use ssmbak_core::plan::{Destination, OnConflict, Query};

use super::planned_restore::{PlannedRestore, as_of, nothing_at_some};
use super::target::TargetArgs;
use crate::aws::Aws;
use crate::bucket::must_keep_versions;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::query_args::RestoreQueryArgs;
use crate::time_args;
use crate::ui::{Ui, text};
use crate::zone;

/// Where to restore to.
#[derive(Clone, Debug, Default, Args)]
pub struct DestinationArgs {
    /// Restore to this path, under the same relative names. Nothing is ever deleted there.
    #[arg(long, value_name = "PATH")]
    pub(super) to: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    /// With --to or a target: only parameters that exist there.
    #[arg(long)]
    only_existing: bool,
    /// With --to or a target: what to do with parameters that exist there and differ [default: overwrite].
    #[arg(long, value_enum, value_name = "WHAT")]
    on_conflict: Option<Conflict>,
}

/// What to do with a parameter that is there and differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Conflict {
    /// Overwrite it, after what it is now has been recorded.
    Overwrite,
    /// Leave it.
    Skip,
    /// Change nothing at all.
    Fail,
}

impl DestinationArgs {
    /// Whether it is anywhere else than where it was.
    ///
    /// # Errors
    /// [`CliError`] for options that need another place and have none.
    pub(super) fn is_given(&self) -> Result<bool, CliError> {
        if self.to.is_some() || self.target.is_given() {
            return Ok(true);
        }
        let own = [("--only-existing", self.only_existing), ("--on-conflict", self.on_conflict.is_some())];
        let idle = own.into_iter().find_map(|(option, given)| given.then_some(option)).or(self.target.idle());
        match idle {
            None => Ok(false),
            Some(option) => Err(CliError::usage(
                format!("{option} is about another place, and none is given"),
                "give --to PATH, --target-region or --target-profile with it",
            )),
        }
    }

    /// Has the plan made for there. Nothing is changed.
    pub(super) async fn view(
        &self,
        args: &RestoreQueryArgs,
        global: &GlobalArgs,
        ui: &Ui,
    ) -> Result<PlannedRestore, CliError> {
        let asked = time_args::asked(&args.query, global).await?.read(ssmbak::clock::now(), &zone::local()?)?;
        let scopes = asked.selection.scopes();
        let destination = match &self.to {
            Some(to) if !self.target.is_given() => Destination::new(scopes, to),
            to => Destination::elsewhere(scopes, to.as_deref()),
        };
        let destination = destination
            .map_err(|error| CliError::usage(error.to_string(), "give --to a path such as /restored/"))?
            .with_keys(self.target.keys()?);
        let aws = Aws::connect(global).await?;
        let mut there = self.target.connect(global, &aws).await?;
        let bucket = args.query.narrow.bucket.named(&aws).await?;
        if let Some(there) = &mut there {
            self.target.record(there, (&aws, &bucket)).await?;
        }
        let store = there.as_ref().map_or(&aws, |there| &there.aws).parameter_store();
        ui.remark(&as_of(&asked.at));
        let progress = ui.progress(0, "comparing the bucket with Parameter Store");
        let mut plan = preview(&store, &bucket, &asked.selection, &asked.at, &destination).await?;
        must_keep_versions(&bucket).await?;
        drop(progress);
        plan.narrow(self.only_existing, self.on_conflict()).map_err(|taken| {
            let names: Vec<&str> = taken.iter().take(3).map(|name| name.as_str()).collect();
            let more = if taken.len() > names.len() {
                format!(" and {} more", taken.len() - names.len())
            } else {
                String::new()
            };
            let message = format!("{}{more} exist there and differ", names.join(", "));
            CliError::failure(
                "Conflict",
                message,
                "nothing was changed: choose another --to, or --on-conflict overwrite or skip",
            )
        })?;
        let query = Query { to: self.to.clone(), assume_absent: false, ..args.query(&asked) };
        let warnings: Vec<String> = asked.warnings.iter().cloned().chain(nothing_at_some(&plan)).collect();
        for warning in warnings.iter().chain(&plan.warnings) {
            ui.warning(&text::line(warning));
        }
        self.target.warn_of_keys(&plan, ui);
        Ok(PlannedRestore::new(asked, (aws, there), bucket, plan, warnings, (query, args.reveal.reveal)))
    }

    fn on_conflict(&self) -> OnConflict {
        match self.on_conflict {
            None | Some(Conflict::Overwrite) => OnConflict::Overwrite,
            Some(Conflict::Skip) => OnConflict::Skip,
            Some(Conflict::Fail) => OnConflict::Fail,
        }
    }

    /// The options as they are typed.
    pub(super) fn words(&self) -> String {
        let mut words = self.target.words();
        if self.only_existing {
            words.push_str(" --only-existing");
        }
        if let Some(word) = self.on_conflict.and_then(|what| what.to_possible_value()) {
            words.push_str(" --on-conflict ");
            words.push_str(word.get_name());
        }
        words
    }
}
