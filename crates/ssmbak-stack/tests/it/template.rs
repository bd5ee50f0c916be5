//! What no emulator shows of the template: that everything in it is joined up, and allowed no more than it needs.

use crate::conditions::REHEARSAL;
use crate::tree::{attribute_of, of_type, properties, resolved, rights, statements, template};
use serde_json::{Value, json};
use ssmbak_core::rehearsal::SCRATCH;
use ssmbak_stack::template::{
    ARCHITECTURE, BUCKET, CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, EXCLUDED_NAMES, FUNCTION, LOG_GROUP,
    MAX_TEMPLATE_BODY, SETTINGS, TEMPLATE, VERSION_OUTPUT,
};

/// What a stack of ssmbak 0.5.2 consists of. An update in place tells by these ids what to keep.
const ORIGINAL: [(&str, &str); 11] = [
    ("StackParam", "AWS::SSM::Parameter"),
    ("BucketParam", "AWS::SSM::Parameter"),
    ("Bucket", "AWS::S3::Bucket"),
    ("Q", "AWS::SQS::Queue"),
    ("EventRule", "AWS::Events::Rule"),
    ("QPolicy", "AWS::SQS::QueuePolicy"),
    ("SqsToLambda", "AWS::Lambda::EventSourceMapping"),
    ("Function", "AWS::Lambda::Function"),
    ("FunctionRole", "AWS::IAM::Role"),
    ("OldMessages", "AWS::CloudWatch::Alarm"),
    ("VisibleMessages", "AWS::CloudWatch::Alarm"),
];

/// What stacks of this template have besides since its first version.
const SINCE: [(&str, &str); 8] = [
    ("BucketPolicy", "AWS::S3::BucketPolicy"),
    ("DeadLetters", "AWS::SQS::Queue"),
    ("DeadLettersPolicy", "AWS::SQS::QueuePolicy"),
    ("UndeliveredEvents", "AWS::SQS::Queue"),
    ("UndeliveredEventsPolicy", "AWS::SQS::QueuePolicy"),
    ("LogGroup", "AWS::Logs::LogGroup"),
    ("DeadLettersPresent", "AWS::CloudWatch::Alarm"),
    ("UndeliveredEventsPresent", "AWS::CloudWatch::Alarm"),
];

#[test]
fn fits_into_a_request() {
    assert!(TEMPLATE.len() <= MAX_TEMPLATE_BODY, "{}", TEMPLATE.len());
}

#[test]
fn is_sent_without_comments_and_is_the_same() {
    use saphyr::{LoadableYamlNode as _, Yaml};
    let file = include_str!("../../template.yml");
    assert!(file.contains("\n# ") && !TEMPLATE.lines().any(|line| line.trim_start().starts_with('#')));
    assert_eq!(Yaml::load_from_str(file).unwrap(), Yaml::load_from_str(TEMPLATE).unwrap());
}

#[test]
fn keeps_the_ids_of_the_original() {
    let template = template();
    // A stack that is updated with the defaults of what is new keeps all that it has.
    let updated = resolved(&[]);
    for (id, kind) in ORIGINAL.into_iter().chain(SINCE) {
        assert_eq!(updated["Resources"][id]["Type"], kind, "{id}");
    }
    for output in ["QUrl", "QArn", "OldMessagesAlarm", "VisibleMessagesAlarm", "Bucketname"] {
        assert!(template["Outputs"][output].is_object(), "{output}");
    }
    // A change of either would make CloudFormation put new ones in their places.
    assert_eq!(properties(&template, "Bucket")["BucketName"], Value::Null);
    assert_eq!(properties(&template, "Q")["QueueName"], Value::Null);
    assert_eq!(properties(&template, "EventRule")["Name"], json!({"Ref": "AWS::StackName"}));
}

#[test]
fn old_values_of_the_original_s_parameters_stay_valid() {
    let parameters = &template()["Parameters"];
    for name in ["LogLevel", "ThresholdAgeOfOldestMessage", "ThresholdNumberOfMessagesVisible"] {
        assert_eq!(parameters[name]["Type"], "String", "{name}");
        assert_eq!(parameters[name]["AllowedValues"], Value::Null, "{name}");
    }
}

#[test]
fn the_code_knows_the_parameters() {
    let template = template();
    let declared = template["Parameters"].as_object().unwrap();
    let mut known: Vec<&str> = [CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, ARCHITECTURE, EXCLUDED_NAMES]
        .into_iter()
        .chain(SETTINGS)
        .collect();
    known.sort_unstable();
    let mut declared_names: Vec<&str> = declared.keys().map(String::as_str).collect();
    declared_names.sort_unstable();
    assert_eq!(declared_names, known);
    for name in SETTINGS {
        assert!(!declared[name]["Default"].is_null(), "{name} must have a default");
        assert!(declared[name]["Description"].is_string(), "{name} must be explained");
    }
    for id in [BUCKET, FUNCTION, LOG_GROUP] {
        assert!(template["Resources"][id].is_object(), "{id}");
    }
}

#[test]
fn tells_its_version() {
    assert_eq!(template()["Outputs"][VERSION_OUTPUT]["Value"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn takes_every_event_of_parameter_store() {
    let template = template();
    let pattern = &properties(&template, "EventRule")["EventPattern"];
    assert_eq!(pattern["source"], json!(["aws.ssm"]));
    assert_eq!(pattern["detail-type"], json!(["Parameter Store Change", "Parameter Store Policy Action"]));
}

#[test]
fn takes_events_of_its_own_account_and_region_alone() {
    let template = template();
    for (id, rule) in of_type(&template, "AWS::Events::Rule") {
        let pattern = &rule["Properties"]["EventPattern"];
        // A schedule has no pattern and sends a message of its own.
        if pattern.is_null() {
            assert!(rule["Properties"]["ScheduleExpression"].is_object(), "{id}");
            continue;
        }
        assert_eq!(pattern["account"], json!([{"Ref": "AWS::AccountId"}]), "{id}");
        assert_eq!(pattern["region"], json!([{"Ref": "AWS::Region"}]), "{id}");
    }
    let variables = &properties(&template, "Function")["Environment"]["Variables"];
    assert_eq!(variables["SSMBAK_ACCOUNT"], json!({"Ref": "AWS::AccountId"}));
}

#[test]
fn a_schedule_makes_the_function_sweep() {
    let template = template();
    let rule = properties(&template, "SweepRule");
    assert_eq!(rule["ScheduleExpression"], json!({"Ref": "SweepSchedule"}));
    assert_eq!(template["Parameters"]["SweepSchedule"]["Default"], "rate(1 day)");
    let target = &rule["Targets"][0];
    assert_eq!(attribute_of(&target["Arn"], "Arn"), "Q");
    assert_eq!(target["Input"], ssmbak_core::sweep::START);
    let function = properties(&template, "Function");
    assert_eq!(function["Environment"]["Variables"]["SSMBAK_QUEUE_URL"], json!({"Ref": "Q"}));
    assert_eq!(function["Environment"]["Variables"]["SSMBAK_MAX_RPS"], json!({"Ref": "MaxRequestsPerSecond"}));
    // Half of the assumed quota of DescribeParameters.
    assert_eq!(template["Parameters"]["MaxRequestsPerSecond"]["Default"], 5);
    // Else Lambda takes a long sweep for a runaway function.
    assert_eq!(function["RecursiveLoop"], "Allow");
    let send = json!(["sqs:SendMessage"]);
    let may = rights(&resolved(&[])).into_iter().find(|right| right["Action"] == send).unwrap();
    assert_eq!(may["Resource"], json!([{"Fn::GetAtt": ["Q", "Arn"]}]));
}

#[test]
fn every_rule_target_has_retries_dead_letters_and_the_right_to_send() {
    let template = template();
    let to_queue = of_type(&template, "AWS::Events::Rule").into_iter().filter(|(id, _)| *id != "RehearsalRule");
    for (id, rule) in to_queue {
        for target in rule["Properties"]["Targets"].as_array().unwrap() {
            let retries = json!({"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185});
            assert_eq!(target["RetryPolicy"], retries, "{id}");
            let queue = attribute_of(&target["Arn"], "Arn");
            let dead_letters = attribute_of(&target["DeadLetterConfig"]["Arn"], "Arn");
            assert_ne!(queue, dead_letters);
            for queue in [queue, dead_letters] {
                assert!(may_send(&template, id, queue), "{id} may not send to {queue}");
            }
        }
    }
}

#[test]
fn a_schedule_invokes_the_function_that_rehearses_once() {
    let template = resolved(&[REHEARSAL]);
    let rule = properties(&template, "RehearsalRule");
    assert_eq!(rule["ScheduleExpression"], json!({"Ref": "Rehearsal"}));
    assert_eq!(attribute_of(&rule["Targets"][0]["Arn"], "Arn"), "RehearsalFunction");
    let may = properties(&template, "RehearsalPermission");
    assert_eq!((&may["Action"], &may["Principal"]), (&json!("lambda:InvokeFunction"), &json!("events.amazonaws.com")));
    assert_eq!(attribute_of(&may["SourceArn"], "Arn"), "RehearsalRule");
    assert_eq!(properties(&template, "RehearsalInvocations")["MaximumRetryAttempts"], 0);
    let (function, recorder) = (properties(&template, "RehearsalFunction"), properties(&template, "Function"));
    for same in ["Runtime", "Handler", "Architectures", "Code", "LoggingConfig"] {
        assert_eq!(function[same], recorder[same], "{same}");
    }
    assert_eq!(attribute_of(&function["Role"], "Arn"), "RehearsalRole");
    assert_eq!(function["Environment"]["Variables"]["SSMBAK_REHEARSAL"], "3600");
    let writes: Vec<Value> = statements(&properties(&template, "RehearsalRole")["Policies"][0]["PolicyDocument"])
        .into_iter()
        .filter(|statement| statement["Action"].as_array().unwrap().contains(&json!("ssm:PutParameter")))
        .map(|statement| statement["Resource"][0]["Fn::Sub"].clone())
        .collect();
    assert_eq!(writes.len(), 1);
    let below = format!(":parameter{SCRATCH}*");
    assert!(writes[0].as_str().unwrap().ends_with(&below), "{writes:?} is not what the function writes");
}

fn may_send(template: &Value, rule: &str, queue: &str) -> bool {
    let policies = of_type(template, "AWS::SQS::QueuePolicy").into_iter();
    policies
        .filter(|(_, policy)| policy["Properties"]["Queues"] == json!([{"Ref": queue}]))
        .flat_map(|(_, policy)| statements(&policy["Properties"]["PolicyDocument"]))
        .any(|statement| {
            statement["Effect"] == "Allow"
                && statement["Principal"]["Service"] == "events.amazonaws.com"
                && statement["Action"] == json!(["sqs:SendMessage"])
                && statement["Resource"] == json!([{"Fn::GetAtt": [queue, "Arn"]}])
                && statement["Condition"]["ArnEquals"]["aws:SourceArn"]
                    .as_array()
                    .is_some_and(|rules| rules.contains(&json!({"Fn::GetAtt": [rule, "Arn"]})))
        })
}

#[test]
fn every_queue_has_one_policy_and_takes_tls_only() {
    let template = template();
    for (queue, _) in of_type(&template, "AWS::SQS::Queue") {
        let policies = of_type(&template, "AWS::SQS::QueuePolicy");
        let own: Vec<_> =
            policies.iter().filter(|(_, policy)| policy["Properties"]["Queues"] == json!([{"Ref": queue}])).collect();
        // SQS keeps one policy a queue: of two, the later would silently win.
        assert_eq!(own.len(), 1, "{queue}");
        assert!(denies_plain_http(&own[0].1["Properties"]["PolicyDocument"]), "{queue}");
    }
    assert!(denies_plain_http(&properties(&template, "BucketPolicy")["PolicyDocument"]));
}

fn denies_plain_http(document: &Value) -> bool {
    statements(document).iter().any(|statement| {
        statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
    })
}

#[test]
fn the_queue_outlasts_the_function_and_gives_up_late() {
    let template = template();
    let queue = properties(&template, "Q");
    let timeout = properties(&template, "Function")["Timeout"].as_i64().unwrap();
    assert_eq!(queue["VisibilityTimeout"], 6 * timeout);
    assert!(queue["RedrivePolicy"]["maxReceiveCount"].as_i64().unwrap() >= 5);
    let dead_letters = attribute_of(&queue["RedrivePolicy"]["deadLetterTargetArn"], "Arn");
    assert_eq!(properties(&template, dead_letters)["MessageRetentionPeriod"], 14 * 86400);
    let mapping = properties(&template, "SqsToLambda");
    assert_eq!(attribute_of(&mapping["EventSourceArn"], "Arn"), "Q");
    assert_eq!(attribute_of(&mapping["FunctionName"], "Arn"), "Function");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert!(mapping["ScalingConfig"]["MaximumConcurrency"].as_i64().unwrap() >= 2);
}

#[test]
fn the_function_is_what_the_package_is() {
    let template = template();
    let function = properties(&template, "Function");
    assert_eq!(function["Runtime"], "provided.al2023");
    assert_eq!(function["Handler"], "bootstrap");
    let bucket = json!({"Ref": CODE_BUCKET});
    let regional = json!({"Fn::Join": ["-", [bucket, {"Ref": "AWS::Region"}]]});
    let bucket = json!({"Fn::If": ["CodeIsRegional", regional, bucket]});
    assert_eq!(function["Code"], json!({"S3Bucket": bucket, "S3Key": {"Ref": CODE_KEY}}));
    assert_eq!(function["Architectures"], json!([{"Ref": ARCHITECTURE}]));
    assert_eq!(attribute_of(&function["Role"], "Arn"), "FunctionRole");
    let variables = function["Environment"]["Variables"].as_object().unwrap();
    let mut names: Vec<&str> = variables.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "LOGLEVEL",
            "SSMBAK_ACCOUNT",
            "SSMBAK_BUCKET",
            "SSMBAK_EXCLUDE",
            "SSMBAK_INCLUDE",
            "SSMBAK_MAX_RPS",
            "SSMBAK_METRICS",
            "SSMBAK_QUEUE_URL",
            "Stack"
        ]
    );
    // `aws logs tail /aws/lambda/$(ssmbak-stack NAME lambdaname)` is in the original's tutorial.
    assert_eq!(function["FunctionName"], json!({"Ref": "AWS::StackName"}));
    let group = &properties(&template, "LogGroup")["LogGroupName"];
    assert_eq!(group, &json!({"Fn::Sub": "/aws/lambda/${AWS::StackName}"}));
}
