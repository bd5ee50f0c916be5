//! The tags of a stack. CloudFormation puts them on every resource that can carry tags.

use crate::template::MANAGED_TAG;

/// Tags that AWS itself sets: nobody else may send them.
const RESERVED: &str = "aws:";

/// The tags of a request: the ones that the stack has, the ones asked for in their place, and the one that marks it.
///
/// An update that leaves a tag out takes it off the stack and all its resources, whoever has set it. Of a tag given twice,
/// the last one counts.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
pub fn resolve(asked: &[(String, String)], current: &[(String, String)]) -> Vec<(String, String)> {
    let managed = (MANAGED_TAG.0.to_owned(), MANAGED_TAG.1.to_owned());
    let mut tags: Vec<(String, String)> = Vec::new();
    for (key, value) in current.iter().chain(asked).chain([&managed]) {
        if key.starts_with(RESERVED) {
            continue;
        }
        match tags.iter_mut().find(|(known, _)| known == key) {
            Some(tag) => tag.1.clone_from(value),
            None => tags.push((key.clone(), value.clone())),
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_set_by_others_stay() {
        let current = tags(&[("team", "platform"), ("ssmbak:managed", "true"), ("aws:cloudformation:x", "y")]);
        let asked = tags(&[("cost", "1"), ("team", "ops"), ("cost", "2")]);
        let expected = tags(&[("team", "ops"), ("ssmbak:managed", "true"), ("cost", "2")]);
        assert_eq!(resolve(&asked, &current), expected);
        assert_eq!(resolve(&[], &[]), tags(&[("ssmbak:managed", "true")]));
        assert_eq!(resolve(&tags(&[("ssmbak:managed", "no")]), &[]), tags(&[("ssmbak:managed", "true")]));
    }
}
