//! What is read for the screens.

use ssmbak_core::unknown::UnknownReason;
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join3;
use ssmbak::diff::present;
use ssmbak::mark::marks;
use ssmbak::read::{described, targets, timelines};
use ssmbak_browse::{Data, Looked};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Target;
use ssmbak_core::timeline::Timeline;

use super::Session;
use crate::error::CliError;

/// How long the cursor has to stay before values are read, so that nothing is read of what it only passes.
const REST: Duration = Duration::from_millis(120);

/// Names, times, attributes and marks: everything but values.
pub(super) async fn load(session: &Session<'_>) -> Result<Data, CliError> {
    let now = ssmbak::clock::now();
    let store = session.aws.parameter_store();
    // Boxed, or the type of a caller's future nests deeper than the compiler likes.
    let (recorded, described, marks) = try_join3(
        Box::pin(timelines(&session.bucket, &session.selection)),
        Box::pin(described(&store, &session.selection)),
        Box::pin(marks(&session.bucket)),
    )
    .await?;
    let mut warnings = recorded.warnings();
    warnings.extend(marks.warnings);
    let mut data = Data::new(recorded.timelines, described, now);
    (data.marks, data.warnings) = (marks.marks, warnings);
    Ok(data)
}

/// The values of one parameter, then and now, as far as they are wanted.
pub(super) async fn look(
    session: &Session<'_>,
    name: ParameterName,
    at: Instant,
    timeline: Option<BTreeMap<ParameterName, Timeline>>,
    now: bool,
) -> Looked {
    tokio::time::sleep(REST).await;
    let then = async {
        let read = targets(&session.bucket, timeline.as_ref()?, &at).await;
        let nothing = || Target::Unknown(UnknownReason::nothing_recorded());
        Some(match read {
            Ok(mut targets) => Ok(targets.remove(&name).unwrap_or_else(nothing)),
            Err(error) => Err(error.to_string()),
        })
    };
    let store = session.aws.parameter_store();
    let now = async { if now { Some(present(&store, &name).await.map_err(|error| error.to_string())) } else { None } };
    let (then, now) = futures_util::future::join(then, now).await;
    Looked { name, at, then, now }
}
