//! What a deployed template says about its resources: their types, and what becomes of them with the stack.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode as _, Yaml};

/// A template as far as a deletion goes by it: what each resource is, and whether it outlives the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeployedTemplate {
    resources: BTreeMap<String, Fate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Deleted,
}

impl DeployedTemplate {
    /// Reads a template, YAML or JSON (which is YAML as well). Of what is no template nothing is known, so that nothing
    /// counts as kept.
    pub fn parse(body: &str) -> Self {
        let documents = Yaml::load_from_str(body).unwrap_or_default();
        let resources = documents.first().and_then(|template| template.as_mapping_get("Resources"));
        let resources = resources.and_then(Yaml::as_mapping).into_iter().flatten();
        let one = |(id, resource): (&Yaml, &Yaml)| {
            let policy = resource.as_mapping_get("DeletionPolicy").and_then(Yaml::as_str);
            Some((id.as_str()?.to_owned(), fate(policy)))
        };
        Self { resources: resources.filter_map(one).collect() }
    }

    /// Whether a resource outlives the stack. One that the template does not name does not.
    pub fn keeps(&self, logical_id: &str) -> bool {
        self.resources.get(logical_id) == Some(&Fate::Kept)
    }
}

/// `RetainExceptOnCreate` deletes only what a failed creation has made. What is said by an intrinsic function cannot be
/// seen here, and does not count as kept.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>
fn fate(policy: Option<&str>) -> Fate {
    match policy {
        Some("Retain" | "RetainExceptOnCreate") => Fate::Kept,
        _ => Fate::Deleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::TEMPLATE;

    #[test]
    fn our_own_template_keeps_the_bucket_and_nothing_else_of_note() {
        let template = DeployedTemplate::parse(TEMPLATE);
        assert!(template.keeps("Bucket"));
        for gone in ["Q", "Function", "LogGroup", "NoSuchResource"] {
            assert!(!template.keeps(gone), "{gone}");
        }
    }

    #[test]
    fn reads_every_spelling_and_trusts_none_that_it_cannot_read() {
        let yaml = |policy: &str| format!("Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n{policy}");
        for (body, kept) in [
            (yaml("    DeletionPolicy: Retain\n"), true),
            (yaml("    DeletionPolicy: RetainExceptOnCreate\n"), true),
            (yaml("    DeletionPolicy: Delete\n"), false),
            (yaml("    DeletionPolicy: !Ref Policy\n"), false),
            (yaml("    DeletionPolicy: retain\n"), false),
            (yaml("    DeletionPolicy: [Retain]\n"), false),
            (yaml(""), false),
            (r#"{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain"}}}"#.to_owned(), true),
            ("Resources: [Bucket]".to_owned(), false),
            ("Resources:\n  1: {DeletionPolicy: Retain}".to_owned(), false),
            ("{".to_owned(), false),
            (String::new(), false),
            ("größe \u{0} 鍵".to_owned(), false),
        ] {
            assert_eq!(DeployedTemplate::parse(&body).keeps("Bucket"), kept, "{body}");
        }
    }
}
