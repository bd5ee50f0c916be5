//! What to do to a stack set, given what is deployed and what is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Deployed, StackSetError};
use crate::change_set::ParameterChange;
use crate::elf::Architecture;
use crate::parameters::completed;
use crate::status::Operation;
use crate::tags;
use crate::template::{
    ARCHITECTURE, CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, EXCLUDED_NAMES, EXISTING_BUCKET, SETTINGS,
    VAULT_ACCOUNT, VAULT_BUCKET, VAULT_KEY,
};

/// Parameters that name something of one account and region.
const OF_ONE_PLACE: [&str; 4] = [EXISTING_BUCKET, VAULT_ACCOUNT, VAULT_BUCKET, VAULT_KEY];

/// Where stacks are, or are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Organizational units, or the organisation's root.
    pub organizational_units: Vec<String>,
    /// Of their accounts only these; all of them if this is empty.
    pub accounts: Vec<String>,
    /// The regions.
    pub regions: Vec<String>,
}

/// The function's code, as a stack set names it: in a bucket of each region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCode {
    /// The buckets' name without the region.
    pub bucket_prefix: String,
    /// The package's key.
    pub key: String,
    /// What it was built for.
    pub architecture: Architecture,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Whether the stack set is made or brought up to date.
    pub operation: Operation,
    /// Where stacks are to be; an update adds those that are missing.
    pub targets: Targets,
    /// The template.
    pub template: &'a str,
    /// The function's code.
    pub code: SharedCode,
    /// Parameters of every stack.
    pub settings: &'a [(String, String)],
    /// Tags of every stack.
    pub tags: &'a [(String, String)],
}

/// Why a stack set is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another template.
    Template,
    /// Other code.
    Code,
    /// Other parameters.
    Parameters,
    /// Other tags.
    Tags,
    /// So many of its stacks failed or are outdated.
    NotCurrent(usize),
}

/// What happens to the stack set itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetChange {
    /// It is made.
    Create,
    /// It is updated, and with it all of its stacks.
    Update(Vec<Reason>),
    /// It has what it should have.
    Keep,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What happens to the stack set.
    pub set: SetChange,
    /// The stacks that are added then, in one operation each.
    pub additions: Vec<Targets>,
    /// How many stacks there are already.
    pub stacks: usize,
    /// The regions in which the function's code has to be.
    pub regions: Vec<String>,
    /// Whether accounts that join get a stack by themselves.
    pub auto_deployment: bool,
    /// The parameters of an existing stack set that get other values.
    pub changes: Vec<ParameterChange>,
    /// The values of all parameters.
    pub parameters: Vec<(String, String)>,
    /// All tags.
    pub tags: Vec<(String, String)>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.set == SetChange::Keep && self.additions.is_empty()
    }
}

/// Decides. `name` and `region` are for messages.
///
/// # Errors
/// What stands in the way, with what to do about it.
pub fn decide(name: &str, region: &str, found: Option<&Deployed>, asked: &Asked<'_>) -> Result<Plan, StackSetError> {
    let name = name.to_owned();
    let unfit = asked.settings.iter().find(|(key, value)| !value.is_empty() && OF_ONE_PLACE.contains(&key.as_str()));
    if let Some((parameter, _)) = unfit {
        return Err(StackSetError::OfOnePlace { parameter: parameter.clone() });
    }
    match (asked.operation, found) {
        (Operation::Update, None) => return Err(StackSetError::Missing { name, region: region.to_owned() }),
        (_, Some(found)) if !found.is_ours() => return Err(StackSetError::Foreign { name }),
        // One without stacks is what a creation leaves that was refused them.
        (Operation::Create, Some(found)) if !found.instances.is_empty() => return Err(StackSetError::Exists { name }),
        _ => {}
    }
    let none = Deployed::default();
    let deployed = found.unwrap_or(&none);
    let settings = completed(asked.settings);
    let parameters = values(&settings, deployed, &asked.code);
    let tags = tags::resolve(asked.tags, &deployed.tags);
    let targets = with_defaults(&asked.targets, deployed);
    if deployed.instances.is_empty() && (targets.organizational_units.is_empty() || targets.regions.is_empty()) {
        return Err(StackSetError::NoTargets { name });
    }
    let changes = ParameterChange::all(&settings, &deployed.parameters);
    let reasons = reasons(deployed, asked, &parameters, &tags);
    let regions = deployed.instances.iter().map(|instance| instance.region.clone());
    let regions: BTreeSet<String> = regions.chain(targets.regions.iter().cloned()).collect();
    Ok(Plan {
        set: match found {
            None => SetChange::Create,
            Some(_) if reasons.is_empty() => SetChange::Keep,
            Some(_) => SetChange::Update(reasons),
        },
        additions: missing(&targets, deployed),
        stacks: deployed.instances.len(),
        regions: regions.into_iter().collect(),
        // Named accounts are meant to be the only ones.
        auto_deployment: found.map_or(asked.targets.accounts.is_empty(), |found| found.auto_deployment),
        changes,
        parameters,
        tags,
    })
}

/// The code's values, then what was asked for, else what the stack set has; the rest is the template's default.
fn values(settings: &[(String, String)], deployed: &Deployed, code: &SharedCode) -> Vec<(String, String)> {
    let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let code = [
        own(CODE_BUCKET, &code.bucket_prefix),
        own(CODE_BUCKET_REGIONAL, "true"),
        own(CODE_KEY, &code.key),
        own(ARCHITECTURE, code.architecture.as_str()),
    ];
    let asked = |key: &str| settings.iter().rfind(|(asked, _)| asked == key).map(|(_, value)| value.as_str());
    let known = SETTINGS.into_iter().chain([EXCLUDED_NAMES]);
    let rest = known.filter_map(|key| Some(own(key, asked(key).or_else(|| deployed.parameter(key))?)));
    code.into_iter().chain(rest).collect()
}

fn reasons(
    deployed: &Deployed,
    asked: &Asked<'_>,
    parameters: &[(String, String)],
    tags: &[(String, String)],
) -> Vec<Reason> {
    let differs = |of_code: bool| {
        let of_kind = |key: &str| [CODE_BUCKET, CODE_BUCKET_REGIONAL, CODE_KEY, ARCHITECTURE].contains(&key) == of_code;
        parameters.iter().any(|(key, value)| of_kind(key) && deployed.parameter(key) != Some(value))
    };
    let not_current = deployed.instances.iter().filter(|instance| !instance.is_current()).count();
    let sorted = |tags: &[(String, String)]| tags.iter().cloned().collect::<BTreeSet<_>>();
    [
        (deployed.template.trim() != asked.template.trim(), Reason::Template),
        (differs(true), Reason::Code),
        (differs(false), Reason::Parameters),
        (sorted(tags) != sorted(&deployed.tags), Reason::Tags),
        (not_current > 0, Reason::NotCurrent(not_current)),
    ]
    .into_iter()
    .filter_map(|(is_one, reason)| is_one.then_some(reason))
    .collect()
}

/// Of an update that names only units or only regions, the others are those that the stack set has.
fn with_defaults(asked: &Targets, deployed: &Deployed) -> Targets {
    let Targets { mut organizational_units, accounts, mut regions } = asked.clone();
    let distinct = |of: fn(&super::Instance) -> &String| -> Vec<String> {
        deployed.instances.iter().map(of).cloned().collect::<BTreeSet<_>>().into_iter().collect()
    };
    let names_units = !organizational_units.is_empty();
    if !names_units && (!regions.is_empty() || !accounts.is_empty()) {
        organizational_units = distinct(|instance| &instance.organizational_unit);
    }
    if regions.is_empty() && (names_units || !accounts.is_empty()) {
        regions = distinct(|instance| &instance.region);
    }
    Targets { organizational_units, accounts, regions }
}

/// The targets without a stack, regions with the same units together.
fn missing(targets: &Targets, deployed: &Deployed) -> Vec<Targets> {
    let has = |is_meant: &dyn Fn(&super::Instance) -> bool, region: &str| {
        deployed.instances.iter().any(|instance| instance.region == region && is_meant(instance))
    };
    let lacks = |unit: &str, region: &str| {
        if targets.accounts.is_empty() {
            return !has(&|instance| instance.organizational_unit == unit, region);
        }
        // Which unit an account is in is not known here.
        targets.accounts.iter().any(|account| !has(&|instance| instance.account == *account, region))
    };
    let lacking = targets.regions.iter().map(|region| {
        let units = targets.organizational_units.iter().filter(|unit| lacks(unit, region));
        (region.clone(), units.cloned().collect())
    });
    grouped(lacking, &targets.accounts)
}

/// The targets among `additions` for which a stack set lists no stack: CloudFormation made none, because no account is in the unit,
/// or its list is late.
pub fn without_stacks(additions: &[Targets], deployed: &Deployed) -> Vec<Targets> {
    additions.iter().flat_map(|targets| missing(targets, deployed)).collect()
}

/// Where a stack set has stacks, regions with the same units together.
pub(super) fn occupied(deployed: &Deployed) -> Vec<Targets> {
    let mut units: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for instance in &deployed.instances {
        units.entry(instance.region.clone()).or_default().insert(instance.organizational_unit.clone());
    }
    grouped(units.into_iter().map(|(region, units)| (region, units.into_iter().collect())), &[])
}

fn grouped(regions: impl Iterator<Item = (String, Vec<String>)>, accounts: &[String]) -> Vec<Targets> {
    let mut groups: Vec<Targets> = Vec::new();
    for (region, units) in regions.filter(|(_, units)| !units.is_empty()) {
        match groups.iter_mut().find(|group| group.organizational_units == units) {
            Some(group) if group.regions.contains(&region) => {}
            Some(group) => group.regions.push(region),
            None => {
                groups.push(Targets { organizational_units: units, accounts: accounts.to_vec(), regions: vec![region] })
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests;
