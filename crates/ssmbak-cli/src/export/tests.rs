//! What is written is read back by those who read it: sh, Python's json and yaml, dotenv libraries, HCL.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

/// Values with everything that some format takes for more than itself.
const VALUES: [&str; 17] = [
    "plain",
    "two words",
    " blanks around ",
    "a line\nand another\n",
    "-----BEGIN KEY-----\nAAAA+/=\n-----END KEY-----\n",
    "it's \"quoted\"",
    "$HOME ${HOME} $(id) `id` %{if true} $${x} %%{y}",
    "back\\slash \\n \\",
    "'$HOME' and \"$HOME\"",
    "# no comment ; & | < > ! * ? [ ] ~",
    "größe 鍵 🔑 \u{2028}",
    "tab\tand \u{7} bell \u{7f}\u{85}\u{feff}",
    "key: value\n- item\n? x",
    "true",
    "007",
    "=",
    "{\"a\": [1, null]}",
];

fn selection(paths: &[&str]) -> Selection {
    Selection::new(paths, true, &[], &[]).unwrap()
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn all() -> BTreeMap<ParameterName, ParameterValue> {
    let numbered = VALUES.iter().enumerate();
    numbered.map(|(number, value)| (name(&format!("/app/v{number:02}")), ParameterValue::new(*value))).collect()
}

fn written(format: Format) -> String {
    export(format, &selection(&["/app/"]), &all()).unwrap()
}

/// What a program prints of the text that it is given.
fn printed_by(command: &mut Command, text: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn python(script: &str, text: &str) -> BTreeMap<String, String> {
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let printed = printed_by(Command::new(venv.python()).args(["-c", script]), text);
    serde_json::from_str(&printed).unwrap()
}

fn expected(key: impl Fn(usize) -> String) -> BTreeMap<String, String> {
    VALUES.iter().enumerate().map(|(number, value)| (key(number), (*value).to_owned())).collect()
}

#[test]
fn json_and_yaml_are_read_by_python() {
    let by_name = expected(|number| format!("/app/v{number:02}"));
    let json = "import json, sys; print(json.dumps(json.load(sys.stdin)))";
    assert_eq!(python(json, &written(Format::Json)), by_name);
    let yaml = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin.buffer)))";
    assert_eq!(python(yaml, &written(Format::Yaml)), by_name);
    let nothing = export(Format::Yaml, &selection(&["/"]), &BTreeMap::new()).unwrap();
    assert_eq!(python(yaml, &nothing), BTreeMap::new());
}

#[test]
fn a_shell_reads_what_is_written_for_shells() {
    let script = written(Format::Shell);
    for (number, value) in VALUES.iter().enumerate() {
        let line = format!("{script}\nprintf '%s.' \"$V{number:02}\"");
        assert_eq!(printed_by(Command::new("sh").arg("-s"), &line), format!("{value}."));
    }
}

#[test]
fn dotenv_libraries_read_what_is_written_for_them() {
    let text = written(Format::Dotenv);
    let read: BTreeMap<String, String> = dotenvy::from_read_iter(text.as_bytes()).map(|item| item.unwrap()).collect();
    assert_eq!(read, expected(|number| format!("V{number:02}")));
    // Python's library knows no \$ in double quotes, and does not need it.
    let script = "import dotenv, io, json, sys; text = sys.stdin.buffer.read().decode().replace('\\\\$', '$'); \
                  print(json.dumps(dotenv.dotenv_values(stream=io.StringIO(text, newline=''), interpolate=False)))";
    assert_eq!(python(script, &text), expected(|number| format!("V{number:02}")));
}

#[test]
fn terraform_s_language_reads_what_is_written_for_it() {
    let read: BTreeMap<String, String> = hcl::from_str(&written(Format::Tfvars)).unwrap();
    let unescaped: BTreeMap<String, String> = read;
    assert_eq!(unescaped, expected(|number| format!("v{number:02}")));
}

#[test]
fn variables_are_named_after_what_follows_the_path() {
    let named = |paths: &[&str], of: &str| variable::named(&name(of), &selection(paths), false);
    assert_eq!(named(&["/app/"], "/app/db/host"), "DB_HOST");
    assert_eq!(named(&["/app"], "/app/db/host"), "DB_HOST");
    assert_eq!(named(&["/app"], "/app"), "APP");
    assert_eq!(named(&["/x/", "/app/db/"], "/app/db/tls.key-file"), "TLS_KEY_FILE");
    assert_eq!(named(&["/"], "/2fa/on"), "_2FA_ON");
    let one = Selection::new(&["/app/db/host"], false, &[], &[]).unwrap();
    assert_eq!(variable::named(&name("/app/db/host"), &one, true), "host");
}

#[test]
fn names_that_collide_are_refused_with_both() {
    let values = BTreeMap::from([("/a/b-c", "1"), ("/a/b/c", "2")].map(|(n, v)| (name(n), ParameterValue::new(v))));
    for format in [Format::Dotenv, Format::Shell, Format::Tfvars] {
        let error = export(format, &selection(&["/a/"]), &values).unwrap_err();
        let variable = if format == Format::Tfvars { "b_c" } else { "B_C" };
        assert_eq!(error.to_string(), format!("/a/b-c and /a/b/c would both become {variable}"));
    }
    assert!(export(Format::Json, &selection(&["/a/"]), &values).is_ok());
}

#[test]
fn what_no_shell_holds_is_refused() {
    let values = BTreeMap::from([(name("/a/b"), ParameterValue::new("a\0b"))]);
    for format in [Format::Dotenv, Format::Shell] {
        assert!(matches!(export(format, &selection(&["/a/"]), &values), Err(ExportError::Nul(..))));
    }
    let json: BTreeMap<String, String> =
        serde_json::from_str(&export(Format::Json, &selection(&["/a/"]), &values).unwrap()).unwrap();
    assert_eq!(json["/a/b"], "a\0b");
}
