//! The emulators come up, forget on demand, end with their owner, and ministack sends Parameter Store's events.

use std::error::Error;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ssmbak_emulators::{Delays, Ministack, Moto, Original, http};

type Outcome = Result<(), Box<dyn Error>>;

/// One call of an AWS API in its JSON protocol, unsigned, as the emulators accept it.
fn call(port: u16, target: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
    let service = match target.split('.').next() {
        Some("AmazonSSM") => "ssm",
        Some("AWSEvents") => "events",
        _ => "sqs",
    };
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers = [("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.0"), ("Authorization", &scope)];
    let reply = http::request(port, "POST", "/", &headers, &body.to_string())?;
    if reply.status != 200 {
        return Err(format!("{target}: {} {}", reply.status, reply.body).into());
    }
    Ok(serde_json::from_str(&reply.body)?)
}

fn put(port: u16, name: &str, value: &str, description: Option<&str>) -> Outcome {
    let mut body = json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true});
    if let Some(description) = description {
        body["Description"] = description.into();
    }
    call(port, "AmazonSSM.PutParameter", &body).map(drop)
}

/// A queue that receives everything Parameter Store says on the bus.
fn subscribe(port: u16) -> Result<String, Box<dyn Error>> {
    let queue = call(port, "AmazonSQS.CreateQueue", &json!({"QueueName": "events"}))?;
    let url = queue["QueueUrl"].as_str().ok_or("no queue URL")?.to_owned();
    let pattern = json!({"source": ["aws.ssm"], "detail-type": ["Parameter Store Change"]}).to_string();
    call(port, "AWSEvents.PutRule", &json!({"Name": "changes", "EventPattern": pattern}))?;
    let arn = "arn:aws:sqs:us-east-1:000000000000:events";
    call(port, "AWSEvents.PutTargets", &json!({"Rule": "changes", "Targets": [{"Id": "1", "Arn": arn}]}))?;
    Ok(url)
}

fn receive(port: u16, queue: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut events = Vec::new();
    loop {
        let reply = call(port, "AmazonSQS.ReceiveMessage", &json!({"QueueUrl": queue, "MaxNumberOfMessages": 10}))?;
        let Some(messages) = reply["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return Ok(events);
        };
        for message in messages {
            events.push(serde_json::from_str(message["Body"].as_str().ok_or("no body")?)?);
        }
    }
}

fn details(events: &[Value]) -> Vec<Value> {
    events.iter().map(|event| event["detail"].clone()).collect()
}

#[test]
fn ministack_sends_the_events_that_aws_sends() -> Outcome {
    let ministack = Ministack::start()?;
    let port = ministack.port();
    let queue = subscribe(port)?;

    put(port, "/app/a", "1", Some("größe"))?;
    put(port, "/app/a", "2", None)?;
    put(port, "root", "1", None)?;
    put(port, "/root", "2", None)?;
    let events = receive(port, &queue)?;
    assert_eq!(
        details(&events),
        [
            json!({"operation": "Create", "name": "/app/a", "type": "String", "description": "größe"}),
            json!({"operation": "Update", "name": "/app/a", "type": "String", "description": "größe"}),
            json!({"operation": "Create", "name": "root", "type": "String"}),
            json!({"operation": "Update", "name": "root", "type": "String"}),
        ]
    );
    let event = &events[0];
    assert_eq!(event["source"], "aws.ssm");
    assert_eq!(event["detail-type"], "Parameter Store Change");
    assert_eq!((&event["account"], &event["region"]), (&json!("000000000000"), &json!("us-east-1")));
    assert_eq!(event["resources"], json!(["arn:aws:ssm:us-east-1:000000000000:parameter/app/a"]));
    assert_eq!(event["time"].as_str().map(str::len), Some("2017-05-22T16:43:48Z".len()));
    assert_eq!(event["id"].as_str().map(str::len), Some(36));

    call(port, "AmazonSSM.LabelParameterVersion", &json!({"Name": "/app/a", "Labels": ["gold"]}))?;
    call(port, "AmazonSSM.DeleteParameters", &json!({"Names": ["/app/a", "/app/never", "/root"]}))?;
    put(port, "/app/b", "1", None)?;
    call(port, "AmazonSSM.DeleteParameter", &json!({"Name": "/app/b"}))?;
    assert!(call(port, "AmazonSSM.DeleteParameter", &json!({"Name": "/app/b"})).is_err());
    assert_eq!(
        details(&receive(port, &queue)?),
        [
            json!({"operation": "LabelParameterVersion", "name": "/app/a", "type": "String", "description": "größe"}),
            json!({"operation": "Delete", "name": "/app/a", "type": "String", "description": "größe"}),
            json!({"operation": "Delete", "name": "root", "type": "String"}),
            json!({"operation": "Create", "name": "/app/b", "type": "String"}),
            json!({"operation": "Delete", "name": "/app/b", "type": "String"}),
        ]
    );
    Ok(())
}

#[test]
fn ministack_reads_late_and_sends_events_soon_where_it_is_told_to() -> Outcome {
    let delays = Delays { reads: Duration::from_secs(3), events: Duration::from_millis(200) };
    let ministack = Ministack::start_delayed(None, delays)?;
    let port = ministack.port();
    let queue = subscribe(port)?;
    let read = |name: &str| call(port, "AmazonSSM.GetParameterHistory", &json!({"Name": name}));
    let versions = |name: &str| read(name).map_or(0, |read| read["Parameters"].as_array().map_or(0, Vec::len));
    let listed = || -> Result<usize, Box<dyn Error>> {
        let described = call(port, "AmazonSSM.DescribeParameters", &json!({}))?;
        Ok(described["Parameters"].as_array().map_or(0, Vec::len))
    };
    let shows = |wanted: &dyn Fn() -> bool| -> Result<Duration, Box<dyn Error>> {
        let started = Instant::now();
        while !wanted() {
            if started.elapsed() > Duration::from_secs(20) {
                return Err("it never shows".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(started.elapsed())
    };

    put(port, "/app/a", "1", None)?;
    assert_eq!((versions("/app/a"), listed()?), (0, 0), "a read is late");
    assert_eq!(receive(port, &queue)?.len(), 0, "and so is the event");
    thread::sleep(Duration::from_millis(1_000));
    let events = receive(port, &queue)?;
    assert_eq!(details(&events), [json!({"operation": "Create", "name": "/app/a", "type": "String"})]);
    assert_eq!(versions("/app/a"), 0, "the event comes before the change can be read");
    put(port, "/app/a", "2", None)?;
    shows(&|| versions("/app/a") == 1)?;
    shows(&|| versions("/app/a") == 2)?;
    call(port, "AmazonSSM.DeleteParameter", &json!({"Name": "/app/a"}))?;
    assert_eq!((versions("/app/a"), listed()?), (2, 1), "a deletion is read late as well");
    assert!(shows(&|| versions("/app/a") == 0)? > Duration::from_secs(2));
    Ok(())
}

#[test]
fn ministack_answers_like_aws_where_it_matters() -> Outcome {
    let ministack = Ministack::start()?;
    let port = ministack.port();

    let policies =
        json!([{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2030-01-01T00:00:00.000Z"}}]);
    let request = json!({"Name": "/p", "Value": "1", "Type": "String", "Tier": "Advanced", "AllowedPattern": "\\d",
        "Policies": policies.to_string(), "Tags": [{"Key": "team", "Value": "blue"}]});
    call(port, "AmazonSSM.PutParameter", &request)?;
    put(port, "/q", "1", None)?;
    let history = call(port, "AmazonSSM.GetParameterHistory", &json!({"Name": "/p"}))?;
    assert_eq!(history["Parameters"][0]["AllowedPattern"], "\\d");
    assert_eq!(history["Parameters"][0]["Policies"][0]["PolicyType"], "Expiration");
    assert_eq!(history["Parameters"][0].get("Description"), None);
    let filter = json!({"ParameterFilters": [{"Key": "tag:team", "Values": ["blue"]}]});
    let described = call(port, "AmazonSSM.DescribeParameters", &filter)?;
    assert_eq!(described["Parameters"].as_array().map(Vec::len), Some(1));

    for number in 0..105 {
        put(port, "/long", &number.to_string(), None)?;
    }
    let mut versions = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = call(port, "AmazonSSM.GetParameterHistory", &json!({"Name": "/long", "NextToken": token}))?;
        versions.extend(page["Parameters"].as_array().into_iter().flatten().map(|entry| entry["Version"].clone()));
        match page.get("NextToken") {
            Some(next) => token = next.clone(),
            None => break,
        }
    }
    assert_eq!(versions, (6..=105).collect::<Vec<i32>>());

    // Tags of an old version below a delete marker, and of the marker itself.
    let s3 = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        http::request(port, method, path, headers, body)
    };
    s3("PUT", "/bucket", &[], "")?;
    s3(
        "PUT",
        "/bucket?versioning",
        &[],
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    )?;
    s3("PUT", "/bucket//key", &[("x-amz-tagging", "ssmbakTime=1")], "value")?;
    s3("DELETE", "/bucket//key", &[], "")?;
    let listing = s3("GET", "/bucket?versions", &[], "")?.body;
    let ids: Vec<&str> = listing.split("<VersionId>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(ids.len(), 2, "{listing}");
    assert!(listing.contains(".000Z</LastModified>"), "{listing}");
    let tags = |id: &str| s3("GET", &format!("/bucket//key?tagging&versionId={id}"), &[], "");
    assert_eq!(tags(ids[0])?.status, 405);
    assert!(tags(ids[1])?.body.contains("<Key>ssmbakTime</Key><Value>1</Value>"));
    Ok(())
}

#[test]
fn an_emulator_forgets_on_demand_and_ends_with_its_owner() -> Outcome {
    let moto = Moto::start()?;
    let port = moto.port();
    let tagged = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let request = |method, path| http::request(port, method, path, &[("Authorization", tagged)], "");
    assert_eq!(request("PUT", "/bucket")?.status, 200);
    assert_eq!(request("HEAD", "/bucket")?.status, 200);
    moto.reset()?;
    assert_eq!(request("HEAD", "/bucket")?.status, 404);

    drop(moto);
    let deadline = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < deadline, "the emulator still listens");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn the_original_records_and_previews_on_moto() -> Outcome {
    let moto = Moto::start()?;
    let port = moto.port();
    let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let s3 = |method, path: &str, body| http::request(port, method, path, &[("Authorization", scope)], body);
    s3("PUT", "/backups", "")?;
    s3("PUT", "/backups?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")?;
    put(port, "/app/a", "one", Some("first"))?;

    let original = Original::new(moto.endpoint(), "backups")?;
    let detail = json!({"operation": "Create", "name": "/app/a", "type": "String", "description": "first"});
    let body = json!({"time": "2024-01-01T10:00:00Z", "detail": detail}).to_string();
    assert_eq!(original.handle(&json!({"Records": [{"body": body}]}))?, 200);
    let tags = s3("GET", "/backups//app/a?tagging", "")?.body;
    assert!(tags.contains("<Value>1704103200</Value>"), "{tags}");

    put(port, "/app/a", "two", None)?;
    let expected = json!([{"Name": "/app/a", "Value": "one", "Type": "String", "Description": "first", "Modified": "2024-01-01T10:00:00Z"}]);
    assert_eq!(original.preview("/app/", "2024-01-01T10:00:01", false)?, expected);
    let output = original.cli("ssmbak", &["preview", "/app/", "2024-01-01T10:00:01", "--bucket", "backups"])?;
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout)?.contains("/app/a"));
    assert_eq!(original.restore("/app/", "2024-01-01T10:00:01", false)?, expected);
    let now = call(port, "AmazonSSM.GetParameter", &json!({"Name": "/app/a"}))?;
    assert_eq!(now["Parameter"]["Value"], "one");
    Ok(())
}
