//! The alarms: whatever can fail is watched, and whoever is to know is told.

use serde_json::{Value, json};

use crate::conditions::REHEARSAL;
use crate::tree::{attribute_of, of_type, properties, resolved, statements};

#[test]
fn every_alarm_means_something() {
    let template = resolved(&[REHEARSAL]);
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        let alarm = &alarm["Properties"];
        // Silence is fine, but for the sweep and the rehearsal.
        let silence = if id.ends_with("Missing") { "missing" } else { "notBreaching" };
        assert_eq!(alarm["TreatMissingData"], silence, "{id}");
        assert!(alarm["AlarmDescription"].is_string(), "{id}");
        watched(&template, id, alarm);
    }
    // Whatever takes dead letters is watched.
    for queue in ["DeadLetters", "UndeliveredEvents"] {
        let watched = |(_, alarm): &(&str, &Value)| {
            let alarm = &alarm["Properties"];
            alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
                && alarm["Threshold"] == 0
                && alarm["Dimensions"][0]["Value"] == json!({"Fn::GetAtt": [queue, "QueueName"]})
        };
        assert!(alarms.iter().any(watched), "{queue}");
    }
    // That the rehearsal's rule fails is a missing rehearsal.
    let rules = of_type(&template, "AWS::Events::Rule").into_iter().filter(|(rule, _)| *rule != "RehearsalRule");
    for (rule, _) in rules {
        let watched = |(_, alarm): &(&str, &Value)| {
            alarm["Properties"]["MetricName"] == "FailedInvocations"
                && alarm["Properties"]["Dimensions"][0]["Value"] == json!({"Ref": rule})
        };
        assert!(alarms.iter().any(watched), "{rule}");
    }
}

/// What an alarm looks at must be there.
fn watched(template: &Value, id: &str, alarm: &Value) {
    let dimension = &alarm["Dimensions"][0];
    let (kind, of) = match alarm["Namespace"].as_str() {
        Some("AWS/SQS") => ("AWS::SQS::Queue", attribute_of(&dimension["Value"], "QueueName")),
        Some("AWS/Lambda") => ("AWS::Lambda::Function", dimension["Value"]["Ref"].as_str().unwrap()),
        Some("AWS/Events") => ("AWS::Events::Rule", dimension["Value"]["Ref"].as_str().unwrap()),
        _ => {
            // A metric of our own: some filter writes it, or the function (`metrics.rs`).
            if ["Deletions", "DriftFound"].map(Value::from).contains(&alarm["MetricName"]) {
                assert_eq!(alarm["Namespace"], metrics_namespace(template), "{id}");
                return;
            }
            let written = of_type(template, "AWS::Logs::MetricFilter").into_iter().any(|(_, filter)| {
                let metric = &filter["Properties"]["MetricTransformations"][0];
                metric["MetricNamespace"] == alarm["Namespace"] && metric["MetricName"] == alarm["MetricName"]
            });
            assert!(written && dimension.is_null(), "{id}");
            return;
        }
    };
    assert_eq!(template["Resources"][of]["Type"], kind, "{id}");
}

/// Where the function writes its metrics.
fn metrics_namespace(template: &Value) -> Value {
    properties(template, "Function")["Environment"]["Variables"]["SSMBAK_METRICS"].clone()
}

#[test]
fn metrics_are_off_unless_asked_for_and_bring_two_alarms_and_a_dashboard() {
    let (off, on) = (resolved(&[]), resolved(&[("Metrics", "true")]));
    assert_eq!(metrics_namespace(&off), Value::Null);
    assert_eq!(metrics_namespace(&on), json!({"Fn::Sub": "ssmbak/${AWS::StackName}"}));
    for id in ["ManyDeletions", "DriftFound", "Dashboard"] {
        assert_eq!((off["Resources"][id].is_null(), on["Resources"][id].is_null()), (true, false), "{id}");
    }
    for (id, alarm) in of_type(&on, "AWS::CloudWatch::Alarm") {
        watched(&on, id, &alarm["Properties"]);
    }
    let deletions = properties(&on, "ManyDeletions");
    assert_eq!(deletions["Threshold"], json!({"Ref": "ThresholdDeletions"}));
    assert!(deletions["AlarmDescription"].as_str().unwrap().contains("`ssmbak undelete`"));
    // It is JSON, whatever is put in.
    let body = properties(&on, "Dashboard")["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let widgets: Value = serde_json::from_str(body).unwrap();
    assert_eq!(widgets["widgets"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_missing_sweep_is_noticed_by_the_line_of_a_finished_one() {
    let template = resolved(&[]);
    let filter = properties(&template, "SweepsFinished");
    assert_eq!(filter["LogGroupName"], json!({"Ref": "LogGroup"}));
    // `outcome` of the function's log, as its tests have it.
    assert_eq!(filter["FilterPattern"], r#"{ $.outcome = "swept" }"#);
    let alarm = properties(&template, "SweepMissing");
    assert_eq!((&alarm["ComparisonOperator"], &alarm["Threshold"]), (&json!("LessThanThreshold"), &json!(1)));
    assert_eq!((&alarm["Period"], &alarm["Statistic"]), (&json!(86400), &json!("Sum")));
    assert_eq!(template["Parameters"]["ThresholdDaysWithoutSweep"]["Default"], 2);
    // Only finished sweeps are counted: a default value would be one of each other line, and an alarm in a new stack.
    assert_eq!(filter["MetricTransformations"][0]["DefaultValue"], Value::Null);
}

#[test]
fn a_new_stack_is_not_in_alarm_and_a_silent_one_is_told_of() {
    let told = resolved(&[("AlarmEmail", "ops@example.com"), REHEARSAL]);
    for (id, alarm) in of_type(&told, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        assert_ne!(alarm["TreatMissingData"], "breaching", "{id} starts in alarm");
        let actions = &alarm["InsufficientDataActions"];
        assert_eq!(actions.is_array(), alarm["TreatMissingData"] == "missing", "{id}");
    }
    let sweeps = &properties(&told, "SweepMissing")["InsufficientDataActions"];
    assert_eq!(sweeps, &json!([{"Ref": "AlarmTopic"}]));
}

#[test]
fn rehearsal_is_off_unless_asked_for_and_noticed_if_it_fails_or_is_missing() {
    let (off, on) = (resolved(&[]), resolved(&[REHEARSAL]));
    let own = |template: &Value| {
        let resources = template["Resources"].as_object().unwrap().keys();
        resources.filter(|id| id.starts_with("Rehearsal")).count()
    };
    assert_eq!((own(&off), own(&on)), (0, 7));
    let (failed, missing) = (properties(&on, "RehearsalFailed"), properties(&on, "RehearsalMissing"));
    assert_eq!((&failed["MetricName"], &failed["Threshold"]), (&json!("Errors"), &json!(0)));
    assert_eq!(
        (&missing["MetricName"], &missing["ComparisonOperator"]),
        (&json!("Invocations"), &json!("LessThanThreshold"))
    );
    // The longest that an alarm looks back.
    assert_eq!(missing["Period"].as_u64().unwrap() * missing["EvaluationPeriods"].as_u64().unwrap(), 7 * 86_400);
    for alarm in [failed, missing] {
        assert_eq!(alarm["Dimensions"], json!([{"Name": "FunctionName", "Value": {"Ref": "RehearsalFunction"}}]));
    }
}

#[test]
fn foreign_events_are_counted_by_the_line_about_them() {
    let template = resolved(&[]);
    let filter = properties(&template, "ForeignEvents");
    assert_eq!(filter["LogGroupName"], json!({"Ref": "LogGroup"}));
    // `code` of the function's log, as its tests have it.
    assert_eq!(filter["FilterPattern"], r#"{ $.code = "ForeignEvent" }"#);
    assert_eq!(filter["MetricTransformations"][0]["MetricName"], "ForeignEvents");
}

#[test]
fn alarms_are_told_by_mail_if_an_address_is_given() {
    let (silent, told) = (resolved(&[]), resolved(&[("AlarmEmail", "ops@example.com")]));
    assert!(of_type(&silent, "AWS::SNS::Topic").is_empty());
    let topic = properties(&told, "AlarmTopic");
    assert_eq!(topic["Subscription"], json!([{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]));
    for (id, alarm) in of_type(&silent, "AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["Properties"]["AlarmActions"], Value::Null, "{id}");
    }
    for (id, alarm) in of_type(&told, "AWS::CloudWatch::Alarm") {
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm["Properties"][actions], json!([{"Ref": "AlarmTopic"}]), "{id}");
        }
    }
    let publish = statements(&properties(&told, "AlarmTopicPolicy")["PolicyDocument"]);
    assert_eq!(publish[0]["Principal"]["Service"], "cloudwatch.amazonaws.com");
    assert_eq!(publish[0]["Action"], json!(["sns:Publish"]));
}
