//! What rehearses restores: its rule, its function, and how the rehearsals of the last days ended.

use aws_sdk_cloudwatch::Client;
use jiff::SignedDuration;

use super::metrics::{self, Series};
use super::{Clients, Places, function, rule};
use crate::call::{CallError, Task};
use crate::doctor::facts::{RehearsalFacts, Runs};
use crate::template::{REHEARSAL_FUNCTION, REHEARSAL_RULE};

const RUNS: Task = Task::new("read the metrics of the rehearsals", "cloudwatch:GetMetricData");

pub(super) async fn look(places: &Places<'_>, clients: &Clients, schedule: &str) -> RehearsalFacts {
    let function = places.of_resource(REHEARSAL_FUNCTION, || None);
    let name = function.named();
    let namespace = format!("ssmbak/{}", places.stack);
    let (rule, runs, concurrency) = tokio::join!(
        rule::look(&clients.eventbridge, places.of_resource(REHEARSAL_RULE, || None)),
        function.look(async |name| runs(&clients.cloudwatch, &namespace, name).await),
        function::look_at_concurrency(&clients.lambda, function.clone()),
    );
    let rule_changed = places.changed(REHEARSAL_RULE);
    RehearsalFacts { schedule: schedule.to_owned(), rule, concurrency, function: name, rule_changed, runs }
}

/// Lambda's own metrics are always there, those that the function writes with the stack's parameter `Metrics`.
async fn runs(cloudwatch: &Client, namespace: &str, function: &str) -> Result<Runs, CallError> {
    let lambda = |name| {
        let dimensions = vec![("FunctionName", function)];
        Series { namespace: "AWS/Lambda", name, dimensions, statistic: "Sum" }
    };
    let own = |name| Series { namespace, name, dimensions: Vec::new(), statistic: "Sum" };
    let series = [lambda("Invocations"), lambda("Errors"), own("RehearsalRestored"), own("RehearsalFailed")];
    let (week, period) = (SignedDuration::from_hours(7 * 24), SignedDuration::from_mins(5));
    let [invocations, errors, restored, failed] = metrics::read(cloudwatch, RUNS, series, week, period).await?;
    Ok(Runs { invocations, errors, restored, failed })
}
