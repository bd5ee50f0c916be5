//! The small S3 and the benchmark's server answer with errors that AWS names, and no others.

use std::error::Error;
use std::fs;

use ssmbak_emulators::{AwsErrors, workspace_dir};

/// What the benchmark's server answers.
const OF_SSM: [&str; 4] = ["GetParameter", "GetParametersByPath", "DescribeParameters", "ListTagsForResource"];

/// The codes in the sources of a server: the first string after one of these words.
fn thrown(directory: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace_dir().join(directory))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for word in ["error(", "Err(", "ok_or(", "missing(", "refusal(", "let code ="] {
            for (at, _) in text.match_indices(word) {
                let line = text[at + word.len()..].lines().next().unwrap_or_default();
                for literal in line.split('"').skip(1).step_by(2).filter(|text| is_code(text)) {
                    found.push((file.clone(), literal.to_owned()));
                }
            }
        }
    }
    Ok(found)
}

fn is_code(text: &str) -> bool {
    text.len() > 6 && text.starts_with(char::is_uppercase) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

#[test]
fn servers_of_the_tests_answer_with_errors_that_aws_names() -> Result<(), Box<dyn Error>> {
    let models = AwsErrors::read()?;
    let small = thrown("crates/ssmbak-emulators/src/s3_server")?;
    assert!(small.iter().any(|(_, code)| code == "MethodNotAllowed") && small.len() > 10, "{small:?}");
    for (file, code) in small {
        let operations: &[(&str, &str)] = match file.as_str() {
            "control.rs" => &[("s3control", "CreateJob"), ("s3control", "DescribeJob")],
            _ => &[("s3", "GetObject")],
        };
        let thrown = |(service, operation): &(&str, &str)| models.can_throw(service, operation, &code);
        assert!(operations.iter().any(thrown), "{file}: {code}");
    }
    let bench = thrown("crates/ssmbak-bench/src/server")?;
    assert!(bench.iter().any(|(_, code)| code == "ParameterNotFound"), "{bench:?}");
    for (file, code) in bench {
        let (service, operations) = match file.as_str() {
            "ssm.rs" => ("ssm", OF_SSM.as_slice()),
            _ => ("s3", ["GetObject"].as_slice()),
        };
        let of_queue = file == "mod.rs" && models.can_throw("sqs", "SendMessage", &code);
        let of_tags = file == "ssm.rs" && models.can_throw("resourcegroupstaggingapi", "GetResources", &code);
        let thrown = operations.iter().any(|operation| models.can_throw(service, operation, &code));
        assert!(thrown || of_tags || of_queue, "{file}: {code}");
    }
    Ok(())
}
