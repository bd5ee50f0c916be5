//! Metrics at CloudWatch.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode};
use jiff::{SignedDuration, Timestamp};

use crate::call::{CallError, Task};
use crate::doctor::facts::Point;

/// A metric, and how its values are put together.
pub(super) struct Series<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'static str,
    pub(super) dimensions: Vec<(&'static str, &'a str)>,
    pub(super) statistic: &'static str,
}

/// The values of each series since a time, the oldest first, one for each period in which there is any.
pub(super) async fn read<const N: usize>(
    cloudwatch: &Client,
    task: Task,
    series: [Series<'_>; N],
    since: SignedDuration,
    period: SignedDuration,
) -> Result<[Vec<Point>; N], CallError> {
    let seconds = period.as_secs();
    let now = Timestamp::now().as_second();
    // CloudWatch answers fastest if the start is that of a period. The end is exclusive, so the running period needs
    // a later one: with "now" the values of this second would be left out.
    let start = (now - since.as_secs()).div_euclid(seconds) * seconds;
    let end = (now.div_euclid(seconds) + 1) * seconds;
    let period = i32::try_from(seconds).unwrap_or(i32::MAX);
    let queries: Vec<MetricDataQuery> =
        series.iter().enumerate().map(|(number, series)| query(number, series, period)).collect();
    let mut found: BTreeMap<String, (Vec<Point>, Option<StatusCode>)> = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let page = cloudwatch.get_metric_data().set_metric_data_queries(Some(queries.clone()));
        let page = page.start_time(DateTime::from_secs(start)).end_time(DateTime::from_secs(end));
        let page = page.set_next_token(token.clone()).send().await.map_err(|error| task.failed(error))?;
        for result in page.metric_data_results.unwrap_or_default() {
            let (points, status) = found.entry(result.id.clone().unwrap_or_default()).or_default();
            points.extend(points_of(&result));
            *status = result.status_code;
        }
        token = task.next_page(token.as_deref(), page.next_token)?;
        if token.is_none() {
            break;
        }
    }
    let mut all = [(); N].map(|()| Vec::new());
    for (number, points) in all.iter_mut().enumerate() {
        // No value is an answer, no answer is none.
        let (mut values, status) = found.remove(&id(number)).unwrap_or_default();
        complete(task, status)?;
        values.sort_by_key(|point| point.time);
        *points = values;
    }
    Ok(all)
}

fn id(number: usize) -> String {
    format!("m{number}")
}

fn query(number: usize, series: &Series<'_>, period: i32) -> MetricDataQuery {
    let dimensions = series.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
    let metric = Metric::builder()
        .namespace(series.namespace)
        .metric_name(series.name)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let stat = MetricStat::builder().metric(metric).period(period).stat(series.statistic).build();
    MetricDataQuery::builder().id(id(number)).metric_stat(stat).build()
}

fn points_of(result: &MetricDataResult) -> impl Iterator<Item = Point> {
    result.timestamps().iter().zip(result.values()).filter_map(|(time, value)| {
        let time = Timestamp::from_second(time.secs()).ok()?;
        Some(Point { time, value: *value })
    })
}

/// Half of the values would be taken for all of them.
fn complete(task: Task, status: Option<StatusCode>) -> Result<(), CallError> {
    let Task { task, permission } = task;
    match status {
        Some(StatusCode::Complete) => Ok(()),
        Some(StatusCode::Forbidden) => Err(CallError::Denied { task, permission, message: String::new() }),
        _ => Err(CallError::Incomplete { task }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: Task = Task::new("read it", "cloudwatch:GetMetricData");

    #[test]
    fn values_that_are_incomplete_or_missing_are_an_error() {
        assert!(complete(TASK, Some(StatusCode::Complete)).is_ok());
        let told = |status| complete(TASK, status).unwrap_err().to_string();
        assert_eq!(
            told(Some(StatusCode::Forbidden)),
            "not allowed to read it: ask for the permission cloudwatch:GetMetricData"
        );
        for status in [None, Some(StatusCode::PartialData), Some(StatusCode::InternalError)] {
            assert_eq!(
                told(status),
                "cannot read it: AWS answered with a part of what was asked for; run it again later"
            );
        }
    }
}
