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
    export(format, &selection(&["/app/"]), &all(), &Naming::default()).unwrap()
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
    let nothing = export(Format::Yaml, &selection(&["/"]), &BTreeMap::new(), &Naming::default()).unwrap();
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

/// What else readers stumble over.
const HARD: [&str; 16] = [
    "C:\\Program Files\\app",
    "C:\\dir\\",
    "\\\\server\\share",
    "^\\d+\\.\\d+$",
    "{\"key\": \"-----BEGIN\\nAAAA\\n-----END\\n\"}",
    "it's",
    "it's\nof two lines",
    "it's `id`",
    "it's $5",
    "`id`",
    "${HOME}",
    "a\r\nb\r\n",
    "\\'",
    "'",
    "\"",
    "K=V\nX='1'\n",
];

/// What a reader makes of the file, and its name in warnings; readers that are not installed are named and skipped.
fn readers(file: &std::path::Path) -> Vec<(&'static str, BTreeMap<String, String>)> {
    let of = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<BTreeMap<String, String>>(&output.stdout).unwrap()
    };
    let there = |program: &str| {
        let found = Command::new(program).arg("--version").output().is_ok();
        if !found {
            // Past the harness, which shows what a test prints only where it fails.
            let _ =
                writeln!(std::io::stderr(), "LEFT OUT: {program} is not on this machine, so its reading is not tested");
        }
        found
    };
    let mut readers = Vec::new();
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let python = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))";
    readers.push(("python-dotenv", of(Command::new(venv.python()).args(["-c", python]).arg(file))));
    let items = dotenvy::from_path_iter(file).unwrap();
    readers.push(("dotenvy", items.map(|item| item.unwrap()).collect()));
    let print = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k[0] == 'V'}))";
    for shell in ["bash", "dash"] {
        if std::path::Path::new("/bin").join(shell).exists() || there(shell) {
            let script = format!("set -a; . {}; exec {} -c \"{print}\"", file.display(), venv.python().display());
            readers.push((shell, of(Command::new(shell).args(["-c", &script]).env_clear())));
        }
    }
    if there("node") {
        let script =
            "console.log(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([k]) => k[0] == 'V'))))";
        let mut node = Command::new("node");
        node.arg(format!("--env-file={}", file.display())).args(["-e", script]);
        readers.push(("node --env-file", of(&mut node)));
        match npm_dotenv() {
            Some(folder) => {
                let script =
                    "console.log(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1]))))";
                readers
                    .push(("npm dotenv", of(Command::new("node").args(["-e", script]).arg(file).current_dir(folder))));
            }
            None => {
                drop(writeln!(std::io::stderr(), "LEFT OUT: npm cannot install dotenv, so its reading is not tested"))
            }
        }
    }
    readers
}

/// A folder under `target/` in which npm has installed the pinned dotenv.
fn npm_dotenv() -> Option<std::path::PathBuf> {
    let folder = ssmbak_testkit::workspace_dir().join("target/npm");
    if !folder.join("node_modules/dotenv/package.json").exists() {
        std::fs::create_dir_all(&folder).ok()?;
        std::fs::copy(ssmbak_testkit::workspace_dir().join("local/package.json"), folder.join("package.json")).ok()?;
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
        Command::new("npm")
            .args(install)
            .current_dir(&folder)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
    }
    Some(folder)
}

#[test]
fn real_readers_read_dotenv_files_back_or_are_warned_of_by_name() {
    let texts: Vec<&str> = VALUES.iter().chain(&HARD).copied().collect();
    let numbered = texts.iter().enumerate();
    let values: BTreeMap<_, _> =
        numbered.map(|(number, value)| (name(&format!("/app/v{number:02}")), ParameterValue::new(*value))).collect();
    let written = export(Format::Dotenv, &selection(&["/app/"]), &values, &Naming::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(".env");
    std::fs::write(&file, written).unwrap();
    let mut wrong = Vec::new();
    for (reader, read) in readers(&file) {
        for (number, value) in texts.iter().enumerate() {
            let is_read = read.get(&format!("V{number:02}")).map(String::as_str) == Some(*value);
            let is_warned = dotenv::misread_by(value).contains(&reader);
            if is_read == is_warned {
                wrong.push(format!("{reader}: {value:?} is read: {is_read}, warned of: {is_warned}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn docker_reads_plain_values_which_need_no_quotes() {
    // docker run --env-file takes what is behind the first = as it is.
    for (value, spelled) in [("plain", "plain"), ("https://h:1/x", "https://h:1/x"), ("two words", "'two words'")] {
        assert_eq!(dotenv::spelled(value), spelled);
    }
}

#[test]
fn variables_that_a_shell_goes_by_are_refused_unless_they_are_forced_or_renamed() {
    let names = ["/app/path", "/app/ifs", "/app/ld-preload", "/app/host"];
    let values: BTreeMap<_, _> = names.map(|of| (name(of), ParameterValue::new("x"))).into();
    let written = |format, naming: &Naming| export(format, &selection(&["/app/"]), &values, naming);
    let error = written(Format::Shell, &Naming::default()).unwrap_err();
    let told = "these would change how the shell works: /app/ifs (IFS), /app/ld-preload (LD_PRELOAD), /app/path (PATH)";
    assert_eq!(error.to_string(), told);
    let renamed = written(Format::Shell, &Naming { prefix: "APP_".to_owned(), force: false }).unwrap();
    assert!(renamed.contains("export APP_PATH='x'\n"), "{renamed}");
    let forced = written(Format::Shell, &Naming { force: true, ..Naming::default() }).unwrap();
    assert!(forced.contains("export PATH='x'\n"), "{forced}");
    assert!(written(Format::Json, &Naming::default()).is_ok());
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
        let error = export(format, &selection(&["/a/"]), &values, &Naming::default()).unwrap_err();
        let variable = if format == Format::Tfvars { "b_c" } else { "B_C" };
        assert_eq!(error.to_string(), format!("/a/b-c and /a/b/c would both become {variable}"));
    }
    assert!(export(Format::Json, &selection(&["/a/"]), &values, &Naming::default()).is_ok());
}

#[test]
fn what_no_shell_holds_is_refused() {
    let values = BTreeMap::from([(name("/a/b"), ParameterValue::new("a\0b"))]);
    for format in [Format::Dotenv, Format::Shell] {
        assert!(matches!(export(format, &selection(&["/a/"]), &values, &Naming::default()), Err(ExportError::Nul(..))));
    }
    let json: BTreeMap<String, String> =
        serde_json::from_str(&export(Format::Json, &selection(&["/a/"]), &values, &Naming::default()).unwrap())
            .unwrap();
    assert_eq!(json["/a/b"], "a\0b");
}
