//! What is compiled into the packages besides this project: a software bill of materials, and the texts of its licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use ssmbak_emulators::workspace_dir;

use crate::failure::{Failure, Outcome};

/// What the packages hold.
const ROOTS: [&str; 3] = ["ssmbak-cli", "ssmbak-lambda", "ssmbak-python"];

/// The crates that are compiled into the packages, as cargo's metadata has them.
pub struct ThirdParty {
    /// By id.
    packages: BTreeMap<String, Value>,
    /// What each of them needs itself.
    needs: BTreeMap<String, BTreeSet<String>>,
}

impl ThirdParty {
    /// As Cargo.lock has them, for the platform that this runs on.
    pub fn read() -> Outcome<Self> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform"]);
        command.arg(host()?).current_dir(workspace_dir());
        let output = command.output().map_err(Failure::io("run cargo metadata"))?;
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| Failure::Step { name: "third parties", command: "cargo metadata".to_owned() })?;
        Ok(Self::reachable(&metadata))
    }

    /// What the roots need to run; not what only tests and builds need.
    fn reachable(metadata: &Value) -> Self {
        let all: BTreeMap<&str, &Value> =
            list(metadata, "packages").filter_map(|package| Some((text(package, "id")?, package))).collect();
        let mut needs = BTreeMap::new();
        for node in metadata.get("resolve").into_iter().flat_map(|resolve| list(resolve, "nodes")) {
            let runs = |dep: &&Value| list(dep, "dep_kinds").any(|kind| kind.get("kind").is_none_or(Value::is_null));
            let of_node =
                list(node, "deps").filter(runs).filter_map(|dep| text(dep, "pkg").map(str::to_owned)).collect();
            needs.insert(text(node, "id").unwrap_or_default().to_owned(), of_node);
        }
        let is_root = |package: &&Value| text(package, "name").is_some_and(|name| ROOTS.contains(&name));
        let mut waiting: Vec<String> = all
            .values()
            .copied()
            .filter(is_root)
            .filter_map(|package| text(package, "id").map(str::to_owned))
            .collect();
        let mut packages = BTreeMap::new();
        while let Some(id) = waiting.pop() {
            let Some(package) = all.get(id.as_str()).filter(|_| !packages.contains_key(&id)) else { continue };
            packages.insert(id.clone(), (*package).clone());
            waiting.extend(needs.get(&id).into_iter().flatten().cloned());
        }
        needs.retain(|id: &String, _: &mut BTreeSet<String>| packages.contains_key(id));
        Self { packages, needs }
    }

    /// CycloneDX, the same for the same Cargo.lock.
    pub fn bill_of_materials(&self, version: &str, checksums: &BTreeMap<String, String>) -> Value {
        let component = |package: &Value| {
            let name = text(package, "name").unwrap_or_default();
            let mut component = json!({
                "type": "library", "bom-ref": reference(package), "name": name,
                "version": text(package, "version"), "purl": reference(package),
            });
            if let Some(licence) = text(package, "license") {
                component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
            }
            if let Some(checksum) = checksums.get(&reference(package)) {
                component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
            }
            component
        };
        let mut components: Vec<Value> = self.packages.values().map(component).collect();
        components.sort_by_key(|component| component["bom-ref"].to_string());
        let of = |id: &String| self.packages.get(id).map(reference);
        let mut dependencies: Vec<Value> = self
            .needs
            .iter()
            .filter_map(|(id, needs)| {
                let needs: BTreeSet<String> = needs.iter().filter_map(of).collect();
                Some(json!({"ref": of(id)?, "dependsOn": needs}))
            })
            .collect();
        dependencies.sort_by_key(|dependency| dependency["ref"].to_string());
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": {"type": "application", "bom-ref": "ssmbak", "name": "ssmbak", "version": version}},
            "components": components, "dependencies": dependencies,
        })
    }

    /// Each text once, with those who are under it.
    pub fn licences(&self) -> Outcome<String> {
        let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut untold = BTreeSet::new();
        for package in self.packages.values().filter(|package| is_foreign(package)) {
            let shown = format!(
                "{} {}",
                text(package, "name").unwrap_or_default(),
                text(package, "version").unwrap_or_default()
            );
            let dir = text(package, "manifest_path").map(Path::new).and_then(Path::parent).unwrap_or(Path::new("."));
            let entries = fs::read_dir(dir).map_err(Failure::io(format!("read {}", dir.display())))?;
            let mut any = false;
            for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file() && is_licence(path)) {
                let bytes = fs::read(&path).map_err(Failure::io(format!("read {}", path.display())))?;
                let content = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_owned();
                texts.entry(content).or_default().insert(shown.clone());
                any = true;
            }
            if !any {
                untold.insert(format!("{shown}: {}", text(package, "license").unwrap_or("see its repository")));
            }
        }
        let mut page = "What is compiled into ssmbak besides itself, by the texts of its licences.\n".to_owned();
        let mut sections: Vec<(String, &String)> = texts.iter().map(|(text, who)| (join(who), text)).collect();
        sections.sort();
        for (who, text) in sections {
            page += &format!("\n{}\n{who}\n\n{text}\n", "=".repeat(80));
        }
        page += &format!(
            "\n{}\nWithout a text of their own\n\n{}\n",
            "=".repeat(80),
            untold.into_iter().collect::<Vec<_>>().join("\n")
        );
        Ok(page)
    }
}

/// SHA-256 of what was downloaded, by reference, out of Cargo.lock.
pub fn checksums() -> Outcome<BTreeMap<String, String>> {
    let path = workspace_dir().join("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(Failure::io(format!("read {}", path.display())))?;
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'));
        line.map(str::to_owned)
    };
    let entry = |block: &str| {
        let reference = format!("pkg:cargo/{}@{}", field(block, "name")?, field(block, "version")?);
        Some((reference, field(block, "checksum")?))
    };
    Ok(lock.split("[[package]]").filter_map(entry).collect())
}

/// The package URL.
fn reference(package: &Value) -> String {
    let field = |name| text(package, name).unwrap_or_default();
    format!("pkg:cargo/{}@{}", field("name"), field("version"))
}

fn is_foreign(package: &Value) -> bool {
    package.get("source").is_some_and(Value::is_string)
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|begin| name.starts_with(begin))
}

fn host() -> Outcome<String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(Failure::io("run rustc"))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned));
    host.ok_or(Failure::Unexpected { expected: "the host of rustc".to_owned(), seen: told })
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bill_names_what_is_compiled_in_with_checksums_and_nothing_of_tests() {
        let third_party = ThirdParty::read().unwrap();
        let bill = third_party.bill_of_materials("9.9.9", &checksums().unwrap());
        let named = |name: &str| list(&bill, "components").find(|component| text(component, "name") == Some(name));
        let sdk = named("aws-sdk-ssm").unwrap();
        assert_eq!(sdk["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert!(sdk["licenses"][0]["expression"].as_str().unwrap().contains("Apache-2.0"), "{sdk}");
        for ours in ["ssmbak", "ssmbak-core", "ssmbak-lambda"] {
            assert!(named(ours).unwrap().get("hashes").is_none(), "{ours}");
        }
        for of_tests in ["insta", "proptest", "snapbox", "ssmbak-testkit"] {
            assert!(named(of_tests).is_none(), "{of_tests}");
        }
        let refs: BTreeSet<&str> =
            list(&bill, "components").filter_map(|component| text(component, "bom-ref")).collect();
        for dependency in list(&bill, "dependencies") {
            for needed in list(dependency, "dependsOn") {
                assert!(refs.contains(needed.as_str().unwrap()), "{needed} is needed and not named");
            }
        }
        assert_eq!(refs.len(), list(&bill, "components").count(), "no component is named twice");
    }

    #[test]
    fn licences_of_all_are_told_once() {
        let page = ThirdParty::read().unwrap().licences().unwrap();
        assert!(page.contains("aws-sdk-ssm ") && page.contains("tokio "), "{}", page.len());
        assert!(!page.contains("ssmbak-core 0"), "this project is no third party");
        let longest = page.split(&"=".repeat(80)).max_by_key(|section| section.len()).unwrap();
        assert_eq!(page.matches(longest).count(), 1);
    }
}
