//! `ssmbak-stack` on the stack sets of an organisation: the real command and SDK, CloudFormation as a fake, S3 and STS by moto.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod common;

use std::path::PathBuf;

use common::{Ran, bare};
use serde_json::{Value, json};
use ssmbak_testkit::{Moto, StackSets, environment};

const UNITS: [(&str, &[&str]); 3] =
    [("ou-abcd-1", &["111111111111", "222222222222"]), ("ou-abcd-2", &["333333333333"]), ("ou-abcd-3", &[])];
const EVERYWHERE: &str = "--org-units ou-abcd-1,ou-abcd-2 --regions eu-central-1,us-east-1 --org o-a1b2c3d4e5";

/// An organisation, and the function's executable of a version.
struct Fleet {
    moto: &'static Moto,
    sets: StackSets,
    dir: tempfile::TempDir,
}

impl Fleet {
    fn new() -> Self {
        let fleet = Self {
            moto: Moto::shared().unwrap(),
            sets: StackSets::start(&UNITS).unwrap(),
            dir: tempfile::tempdir().unwrap(),
        };
        fleet.build(1);
        fleet
    }

    fn lambda(&self) -> PathBuf {
        self.dir.path().join("ssmbak-lambda")
    }

    /// Another version of the function: the header of an executable for aarch64, and something to tell it by.
    fn build(&self, version: u8) {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        (bytes[16], bytes[18], bytes[20]) = (3, 183, 1);
        bytes.extend([version; 16]);
        std::fs::write(self.lambda(), bytes).unwrap();
    }

    /// A command with the function at hand where it takes one.
    fn run(&self, line: &str) -> Ran {
        let deploys = ["create", "update"].contains(&line.split(' ').nth(1).unwrap_or_default());
        let mut command = bare(&format!("ssmbak-stack {line}"));
        if deploys {
            command.arg("--lambda").arg(self.lambda());
        }
        command.envs(environment(&self.moto.endpoint()));
        command.env("AWS_ENDPOINT_URL_CLOUDFORMATION", self.sets.endpoint());
        Ran::of(&mut command)
    }

    /// The JSON of a command that ends so.
    fn json(&self, line: &str, code: i32) -> Value {
        let ran = self.run(&format!("{line} --output json"));
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        common::schema::check("stack-set", &ran.json())
    }
}

/// Account, region, and the status or how it failed.
fn stacks(object: &Value) -> Vec<(&str, &str, &str)> {
    let instances = object["Instances"].as_array().unwrap().iter();
    instances
        .map(|entry| {
            let is_current = entry["Current"] == true;
            let state = if is_current { "CURRENT" } else { entry["DetailedStatus"].as_str().unwrap() };
            (entry["Account"].as_str().unwrap(), entry["Region"].as_str().unwrap(), state)
        })
        .collect()
}

#[test]
fn a_stack_set_is_created_looked_at_updated_and_deleted() {
    let fleet = Fleet::new();
    fleet.sets.fail("222222222222", "AccessDenied: not allowed by a <service control policy>");
    let created = fleet.json(&format!("fleet create {EVERYWHERE} --param RetentionDays=30 --tag team=ops"), 3);
    assert_eq!(
        stacks(&created),
        [
            ("222222222222", "eu-central-1", "FAILED"),
            ("222222222222", "us-east-1", "FAILED"),
            ("111111111111", "eu-central-1", "CURRENT"),
            ("111111111111", "us-east-1", "CURRENT"),
            ("333333333333", "eu-central-1", "CURRENT"),
            ("333333333333", "us-east-1", "CURRENT"),
        ]
    );
    assert_eq!(
        (&created["Instances"][0]["StatusReason"], &created["AutoDeployment"]),
        (&json!("AccessDenied: not allowed by a <service control policy>"), &json!(true))
    );
    let set = &fleet.sets.asked("CreateStackSet")[0];
    assert_eq!(
        (&set["AutoDeployment.RetainStacksOnAccountRemoval"], &set["CallAs"]),
        (&"true".to_owned(), &"SELF".to_owned())
    );
    let add = &fleet.sets.asked("CreateStackInstances")[0];
    assert_eq!(add["OperationPreferences.RegionConcurrencyType"], "PARALLEL");
    assert_eq!(add["OperationPreferences.FailureTolerancePercentage"], "100");
    assert_eq!(fleet.run(&format!("fleet create {EVERYWHERE}")).code, Some(1), "it exists");

    // The account is mended: an update tries it again, keeps values and tags, and is nothing then.
    fleet.sets.fail("222222222222", "");
    let updated = fleet.json("fleet update --stack-set", 0);
    assert_eq!(stacks(&updated).len(), 6);
    let nothing = fleet.run("fleet update --stack-set");
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.err.contains("is up to date"), "{nothing:?}");
    fleet.build(2);
    let ran = fleet.run("fleet update --stack-set --param LogLevel=DEBUG --yes");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("~  update it and its 6 stacks: function, parameters\n"), "{ran:?}");
    let update = fleet.sets.asked("UpdateStackSet").pop().unwrap();
    let has = |value: &str| update.values().any(|known| known == value);
    assert!(has("RetentionDays") && has("30") && has("DEBUG") && has("team") && has("ops"), "{update:?}");

    let added = fleet.json("fleet update --stack-set --regions eu-west-1", 0);
    assert_eq!(stacks(&added).len(), 9);
    assert_eq!(added["Operations"].as_array().unwrap().len(), 1, "nothing but the new region is touched");

    assert_eq!(stacks(&fleet.json("fleet status --stack-set", 0)).len(), 9);
    fleet.sets.drift("fleet", "111111111111", "us-east-1");
    fleet.sets.outdate("fleet", "333333333333", "us-east-1");
    let status = fleet.run("fleet status --stack-set");
    assert_eq!(status.code, Some(4), "{status:?}");
    let first: Vec<Vec<&str>> = status.out.lines().take(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(first[0], ["333333333333", "us-east-1", "OUTDATED", "NOT_CHECKED"]);
    assert_eq!(first[1], ["111111111111", "us-east-1", "CURRENT", "DRIFTED"]);
    assert!(status.err.contains("9 stacks, 3 accounts, 1 not current, 1 drifted"), "{status:?}");
    let listed = fleet.run("list --stack-set");
    assert_eq!(listed.out.trim(), "fleet  ACTIVE  9 stacks, 3 accounts, 1 not current, 1 drifted", "{listed:?}");

    fleet.sets.fail("333333333333", "denied");
    let some = fleet.json("fleet delete --stack-set --yes", 3);
    assert_eq!(stacks(&some).len(), 3);
    assert_eq!(some["Deleted"].as_array().unwrap().len(), 6);
    fleet.sets.fail("333333333333", "");
    let gone = fleet.json("fleet delete --stack-set --yes", 0);
    assert_eq!(gone["StackSetStatus"], "DELETED");
    assert!(fleet.sets.asked("DeleteStackInstances").iter().all(|form| form["RetainStacks"] == "false"));
    assert!(fleet.run("fleet status --stack-set").err.contains("there is no stack set fleet"));
}

#[tokio::test]
async fn code_lies_in_a_bucket_of_each_region_that_the_organisation_may_read() {
    let fleet = Fleet::new();
    fleet.json(&format!("shared create {EVERYWHERE}"), 0);
    let form = &fleet.sets.asked("CreateStackSet")[0];
    let value = |key: &str| {
        let number = (1..).find(|number| form[&format!("Parameters.member.{number}.ParameterKey")] == key).unwrap();
        form[&format!("Parameters.member.{number}.ParameterValue")].clone()
    };
    assert_eq!(value("CodeBucketRegional"), "true");
    for region in ["eu-central-1", "us-east-1"] {
        let bucket = format!("{}-{region}", value("CodeBucket"));
        let s3 = ssmbak_testkit::s3_client(&fleet.moto.endpoint());
        let head = s3.head_object().bucket(&bucket).key(value("CodeKey")).send().await.unwrap();
        assert_eq!(head.server_side_encryption().map(|with| with.as_str()), Some("AES256"), "{bucket}");
        let policy = s3.get_bucket_policy().bucket(&bucket).send().await.unwrap();
        let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Action"], "s3:GetObject");
        assert_eq!(statement["Resource"], format!("arn:aws:s3:::{bucket}/ssmbak-lambda/*"));
        assert_eq!(statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"], "o-a1b2c3d4e5");
    }
}

#[test]
fn named_accounts_narrow_the_units() {
    let fleet = Fleet::new();
    let line = "narrow create --org-units ou-abcd-1 --accounts 222222222222 --regions us-east-1 --org o-a1b2c3d4e5";
    let created = fleet.json(&format!("{line} --delegated-admin --stack-set"), 0);
    assert_eq!(stacks(&created), [("222222222222", "us-east-1", "CURRENT")]);
    assert_eq!(created["AutoDeployment"], false);
    let add = &fleet.sets.asked("CreateStackInstances")[0];
    assert_eq!(
        (add["DeploymentTargets.AccountFilterType"].as_str(), add["CallAs"].as_str()),
        ("INTERSECTION", "DELEGATED_ADMIN")
    );
}

#[test]
fn stack_sets_are_listed_below_the_stacks_of_the_region() {
    let fleet = Fleet::new();
    let list = |line: &str| {
        let ran = fleet.run(&format!("{line} --output json"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        common::schema::check("stack-list", &ran.json())
    };
    let own = json!({"StackName": "own", "StackStatus": "CREATE_COMPLETE"});
    assert_eq!(list("list"), json!([own]));
    assert_eq!(fleet.sets.asked("DescribeStackSet").len(), 0, "a self-managed stack set is none of ours");

    fleet.sets.fail("222222222222", "denied");
    fleet.json(&format!("fleet create {EVERYWHERE}"), 3);
    fleet.sets.outdate("fleet", "333333333333", "us-east-1");
    let set = json!({
        "StackSetName": "fleet", "StackSetStatus": "ACTIVE", "Region": "us-east-1",
        "Stacks": 6, "Failed": 2, "Outdated": 1,
    });
    assert_eq!(list("list"), json!([own, set]));
    let shown = fleet.run("list");
    let lines: Vec<&str> = shown.out.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("own "), "{shown:?}");
    assert_eq!(lines[1], "fleet  ACTIVE  stack set: 6 stacks, 2 failed, 1 outdated");
    // Those of several regions are looked for in each.
    let both = list("list --regions us-east-1,eu-west-1");
    let names = both.as_array().unwrap().iter().filter_map(|entry| entry["StackSetName"].as_str());
    assert_eq!(names.count(), 2, "{both}");
}

#[test]
fn list_of_stacks_does_without_stack_sets_that_may_not_be_listed() {
    let fleet = Fleet::new();
    fleet.json(&format!("hidden create {EVERYWHERE}"), 0);
    for action in ["ListStackSets", "DescribeStackSet", "ListStackInstances"] {
        fleet.sets.deny(action);
        for line in ["list", "list --regions us-east-1"] {
            let ran = fleet.run(line);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(ran.out.contains("own ") && !ran.out.contains("hidden"), "{ran:?}");
            let warning = "warning: the stack sets in us-east-1 could not be listed: not allowed to";
            assert!(ran.err.contains(warning) && ran.err.contains(&format!("cloudformation:{action}")), "{ran:?}");
        }
        let ran = fleet.run("list --output json");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let listed = common::schema::check("stack-list", &ran.json());
        assert_eq!(listed[0]["StackName"], "own");
        assert_eq!((&listed[1]["StackSets"], &listed[1]["Error"]["Code"]), (&json!("unknown"), &json!("AccessDenied")));
        assert_eq!(fleet.run("list --stack-set").code, Some(1), "alone it is an error");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let fleet = Fleet::new();
    let create = format!("refused create {EVERYWHERE}");
    for (code, message, sentence) in [
        (
            "ValidationError",
            "You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED stack set",
            "register-delegated-administrator",
        ),
        (
            "ValidationError",
            "You must enable organizations access to operate a service managed stack set",
            "aws cloudformation activate-organizations-access",
        ),
        ("AccessDenied", "User x is not authorized", "ask for the permission cloudformation:DescribeStackSet"),
    ] {
        fleet.sets.refuse(code, message);
        let ran = fleet.run(&create);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(sentence) && ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_creation_that_is_refused_its_stacks_goes_on_later() {
    let fleet = Fleet::new();
    let create =
        |units: &str| fleet.run(&format!("half create --org-units {units} --regions us-east-1 --org o-a1b2c3d4e5"));
    let refused = create("ou-abcd-9");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("the stack set half was created, but has no stacks"), "{refused:?}");
    let done = create("ou-abcd-2");
    assert_eq!((done.code, fleet.sets.asked("CreateStackSet").len()), (Some(0), 1), "{done:?}");
}

#[test]
fn a_late_list_of_stacks_is_not_believed() {
    let fleet = Fleet::new();
    fleet.sets.list_late(2);
    assert_eq!(stacks(&fleet.json(&format!("late create {EVERYWHERE}"), 0)).len(), 6);
    fleet.sets.list_late(2);
    assert_eq!(stacks(&fleet.json("late update --stack-set --regions eu-west-1", 0)).len(), 9);
    fleet.sets.list_late(2);
    assert_eq!(fleet.json("late delete --stack-set --yes", 0)["StackSetStatus"], "DELETED");
}

#[test]
fn a_unit_without_accounts_is_told() {
    let fleet = Fleet::new();
    let ran = fleet.run("empty create --org-units ou-abcd-2,ou-abcd-3 --regions us-east-1 --org o-a1b2c3d4e5");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("ou-abcd-3 got no stack in us-east-1: no account is there"), "{ran:?}");
    let none = fleet.run("none create --org-units ou-abcd-3 --regions us-east-1 --org o-a1b2c3d4e5");
    assert_eq!(none.code, Some(3), "{none:?}");
    assert_eq!(fleet.run("none status --stack-set").code, Some(4));
}

#[test]
fn other_operations_and_throttling_are_waited_for() {
    let fleet = Fleet::new();
    fleet.sets.keep_busy(3);
    fleet.json(&format!("busy create {EVERYWHERE}"), 0);
    assert_eq!(fleet.sets.asked("CreateStackInstances").len(), 4);
    fleet.sets.throttle(1);
    assert_eq!(fleet.run("busy status --stack-set").code, Some(0));
    fleet.sets.throttle(usize::MAX);
    let ran = fleet.run("busy status --stack-set");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("throttled by AWS (Throttling); run it again later"), "{ran:?}");
    fleet.sets.throttle(0);
    fleet.sets.keep_busy(usize::MAX);
    fleet.build(3);
    let ran = fleet.run("busy update --stack-set");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("another operation on the stack set busy is still running"), "{ran:?}");
}

#[test]
fn options_that_do_not_go_together_are_refused_before_aws_is_asked() {
    let fleet = Fleet::new();
    for (line, sentence) in [
        ("s create --accounts 111111111111 --regions us-east-1", "--org-units is missing"),
        ("s create --stack-set --regions us-east-1", "--org-units is missing"),
        ("s create --org-units ou-abcd-1 --org o-1", "no regions were given"),
        ("s create --org-units ou-abcd-1 --regions us-east-1", "--org is missing"),
        ("s create --org-units x --regions us-east-1", "expected ou-"),
        ("s create --delegated-admin", "--delegated-admin is for stack sets"),
        ("s update --accounts 111111111111", "--accounts and --org are for stack sets"),
        ("s delete --stack-set --regions us-east-1", "in all of its regions"),
        ("s status --stack-set --regions us-east-1", "shows all of its regions"),
        ("list --stack-set --regions us-east-1", "are listed in one region"),
        ("s --stack-set status", "--stack-set stands before the command"),
    ] {
        let ran = fleet.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        assert!(ran.err.contains(sentence), "{line}: {ran:?}");
    }
    let long = fleet.run(&format!("a-name-of-nineteens create {EVERYWHERE}"));
    assert!(long.err.contains("at most 18 of them"), "{long:?}");
    let vault = fleet.run(&format!("s create {EVERYWHERE} --vault-bucket arn:aws:s3:::v"));
    assert!(vault.err.contains("is of one account and region"), "{vault:?}");
}
