//! The stack sets of CloudFormation with service-managed permissions, which no emulator has: an organisation of units and
//! accounts, operations that take a few questions to end, accounts that fail, and refusals. It deploys nothing.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html>

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::wire::Connection;

/// How often an operation is asked for until it has ended.
const QUESTIONS: usize = 3;

/// Stacks on a page of a listing.
const PAGE: usize = 2;

/// What a template body may be at most.
const MAX_TEMPLATE_BODY: usize = 51_200;

/// A stack that is in none of the stack sets.
const OWN_STACK: &str = "<StackName>own</StackName><StackId>the-stack</StackId><StackStatus>CREATE_COMPLETE</StackStatus>\
    <CreationTime>2026-01-01T00:00:00Z</CreationTime><Tags><member><Key>ssmbak:managed</Key>\
    <Value>true</Value></member></Tags>";

type Form = HashMap<String, String>;
/// Code and message.
type Refusal = (String, String);
type Answer = Result<String, Refusal>;
/// Account, region and unit.
type Target = (String, String, String);

/// A stack of the stack set.
#[derive(Clone, Debug)]
struct Instance {
    unit: String,
    status: &'static str,
    outcome: &'static str,
    reason: String,
    drift: &'static str,
}

/// What an operation does once it has ended.
#[derive(Clone, Debug)]
enum Work {
    Create(Vec<Target>),
    Update,
    Delete(Vec<(String, String)>),
}

#[derive(Clone, Debug)]
struct Operation {
    id: String,
    action: &'static str,
    questions: usize,
    work: Work,
}

#[derive(Debug, Default)]
struct Set {
    template: String,
    parameters: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    auto_deployment: bool,
    instances: BTreeMap<(String, String), Instance>,
    /// Those before the last operation ended, for late lists.
    before: Option<BTreeMap<(String, String), Instance>>,
    operations: Vec<Operation>,
}

#[derive(Debug, Default)]
struct State {
    units: BTreeMap<String, Vec<String>>,
    sets: BTreeMap<String, Set>,
    failing: BTreeMap<String, String>,
    refusal: Option<Refusal>,
    /// An action that is refused although others are not.
    denied: String,
    throttled: usize,
    busy: usize,
    late: usize,
    asked: Vec<Form>,
}

/// The server, on a port of its own; it serves as long as the process lives.
#[derive(Clone, Debug)]
pub struct StackSets {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl StackSets {
    /// For an organisation with these units and the accounts in them.
    ///
    /// # Errors
    /// If the system gives it no port.
    pub fn start(units: &[(&str, &[&str])]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let units = units.iter().map(|(unit, accounts)| {
            ((*unit).to_owned(), accounts.iter().map(|account| (*account).to_owned()).collect())
        });
        let state = State { units: units.collect(), ..State::default() };
        let server = Self { address: listener.local_addr()?, state: Arc::new(Mutex::new(state)) };
        let served = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                // A connection that breaks is the client's affair.
                thread::spawn(move || drop(served.serve(Connection::new(stream))));
            }
        });
        Ok(server)
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on nothing can be deployed to an account, for this reason; an empty one ends that.
    pub fn fail(&self, account: &str, reason: &str) {
        let mut state = self.lock();
        if reason.is_empty() {
            state.failing.remove(account);
        } else {
            state.failing.insert(account.to_owned(), reason.to_owned());
        }
    }

    /// From now on answers everything with an error.
    pub fn refuse(&self, code: &str, message: &str) {
        self.lock().refusal = Some((code.to_owned(), message.to_owned()));
    }

    /// From now on answers this action as if the caller were not allowed to take it; an empty one ends that.
    pub fn deny(&self, action: &str) {
        action.clone_into(&mut self.lock().denied);
    }

    /// Answers the next requests by asking to slow down.
    pub fn throttle(&self, requests: usize) {
        self.lock().throttled = requests;
    }

    /// Answers the next requests that would start an operation by saying that another one runs.
    pub fn keep_busy(&self, requests: usize) {
        self.lock().busy = requests;
    }

    /// The first lists of stacks after the end of the next operation are those from before it.
    pub fn list_late(&self, lists: usize) {
        let mut state = self.lock();
        state.late = lists;
        state.sets.values_mut().for_each(|set| set.before = None);
    }

    /// Somebody changes a stack by hand, and drift detection has found out.
    pub fn drift(&self, set: &str, account: &str, region: &str) {
        self.change(set, account, region, |instance| instance.drift = "DRIFTED");
    }

    /// A stack misses an update.
    pub fn outdate(&self, set: &str, account: &str, region: &str) {
        self.change(set, account, region, |instance| instance.status = "OUTDATED");
    }

    fn change(&self, set: &str, account: &str, region: &str, change: impl FnOnce(&mut Instance)) {
        let mut state = self.lock();
        let set = state.sets.get_mut(set);
        if let Some(found) = set.and_then(|set| set.instances.get_mut(&(account.to_owned(), region.to_owned()))) {
            change(found);
        }
    }

    /// The forms of all requests with this action, in order.
    #[must_use]
    pub fn asked(&self, action: &str) -> Vec<HashMap<String, String>> {
        let state = self.lock();
        state.asked.iter().filter(|form| field(form, "Action") == action).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut client: Connection) -> io::Result<()> {
        while let Some(request) = client.read()? {
            let form = parse(&String::from_utf8_lossy(&request.body));
            let action = field(&form, "Action").to_owned();
            let answer = self.lock().answer(form);
            let (status, body) = match answer {
                Ok(result) => (
                    "200 OK",
                    format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
                ),
                Err((code, message)) => {
                    let status = if code == "AccessDenied" { "403 Forbidden" } else { "400 Bad Request" };
                    let (code, message) = (escaped(&code), escaped(&message));
                    let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
                    (status, format!("<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>"))
                }
            };
            client.write(status, &[], &body)?;
            if request.last {
                break;
            }
        }
        Ok(())
    }
}

impl State {
    fn answer(&mut self, form: Form) -> Answer {
        self.asked.push(form.clone());
        if self.throttled > 0 {
            self.throttled -= 1;
            return error("Throttling", "Rate exceeded");
        }
        if let Some((code, message)) = &self.refusal {
            return error(code, message);
        }
        let action = field(&form, "Action");
        if action == self.denied {
            return error("AccessDenied", &format!("User x is not authorized to perform: cloudformation:{action}"));
        }
        match action {
            // The account's own stack.
            "DescribeStacks" => Ok(format!("<Stacks>{}</Stacks>", members(std::iter::once(OWN_STACK.to_owned())))),
            "CreateStackSet" => self.create(&form),
            "ListStackSets" => {
                let summary = |name: &str, model: &str| {
                    let name = escaped(name);
                    let model = format!("<PermissionModel>{model}</PermissionModel>");
                    format!("<StackSetName>{name}</StackSetName><Status>ACTIVE</Status>{model}")
                };
                let managed = self.sets.keys().map(|name| summary(name, "SERVICE_MANAGED"));
                // That somebody else has made, with roles of its own; nothing more is known about it.
                let all = managed.chain([summary("self-managed", "SELF_MANAGED")]);
                Ok(format!("<Summaries>{}</Summaries>", members(all)))
            }
            action => {
                let starts = ["UpdateStackSet", "CreateStackInstances", "DeleteStackInstances", "DeleteStackSet"];
                if starts.contains(&action) && self.busy > 0 {
                    self.busy -= 1;
                    return error("OperationInProgressException", "Another operation is in progress");
                }
                let Some(set) = self.sets.get_mut(field(&form, "StackSetName")) else {
                    return error("StackSetNotFoundException", "StackSet not found");
                };
                if starts.contains(&action) && set.operations.iter().any(|operation| operation.questions > 0) {
                    return error("OperationInProgressException", "Another operation is in progress");
                }
                match action {
                    "DescribeStackSet" => Ok(set.described(field(&form, "StackSetName"))),
                    "ListStackInstances" if self.late > 0 && set.before.is_some() => {
                        self.late -= 1;
                        Ok(listed(set.before.as_ref().unwrap_or(&set.instances), field(&form, "NextToken")))
                    }
                    "ListStackInstances" => Ok(listed(&set.instances, field(&form, "NextToken"))),
                    "ListStackSetOperations" => {
                        Ok(format!("<Summaries>{}</Summaries>", members(set.operations.iter().rev().map(described))))
                    }
                    "DescribeStackSetOperation" => set.operation(field(&form, "OperationId"), &self.failing),
                    "UpdateStackSet" => {
                        set.take(&form)?;
                        Ok(set.begin("UPDATE", Work::Update))
                    }
                    "CreateStackInstances" => {
                        let targets = targets(&form, &self.units)?;
                        Ok(set.begin("CREATE", Work::Create(targets)))
                    }
                    "DeleteStackInstances" => {
                        let targets = targets(&form, &self.units)?;
                        let places = targets.into_iter().map(|(account, region, _)| (account, region));
                        Ok(set.begin("DELETE", Work::Delete(places.collect())))
                    }
                    "DeleteStackSet" if set.instances.is_empty() => {
                        self.sets.remove(field(&form, "StackSetName"));
                        Ok(String::new())
                    }
                    "DeleteStackSet" => error("StackSetNotEmptyException", "StackSet is not empty"),
                    _ => error("InvalidAction", "no such action here"),
                }
            }
        }
    }

    fn create(&mut self, form: &Form) -> Answer {
        let name = field(form, "StackSetName").to_owned();
        if self.sets.contains_key(&name) {
            return error("NameAlreadyExistsException", "The name exists");
        }
        let enabled = field(form, "AutoDeployment.Enabled") == "true";
        if field(form, "PermissionModel") != "SERVICE_MANAGED" {
            return error("ValidationError", "only service-managed permissions here");
        }
        if !enabled && form.contains_key("AutoDeployment.RetainStacksOnAccountRemoval") {
            return error("ValidationError", "RetainStacksOnAccountRemoval cannot be set without automatic deployment");
        }
        let mut set = Set { auto_deployment: enabled, ..Set::default() };
        set.take(form)?;
        self.sets.insert(name, set);
        Ok("<StackSetId>the-set</StackSetId>".to_owned())
    }
}

impl Set {
    /// Template, parameters and tags of a request.
    fn take(&mut self, form: &Form) -> Result<(), Refusal> {
        if field(form, "Capabilities.member.1") != "CAPABILITY_IAM" {
            return error("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]");
        }
        let template = field(form, "TemplateBody");
        if template.is_empty() || template.len() > MAX_TEMPLATE_BODY {
            return error("ValidationError", "1 validation error detected: Value at 'templateBody'");
        }
        template.clone_into(&mut self.template);
        self.parameters = pairs(form, "Parameters.member", "ParameterKey", "ParameterValue");
        self.tags = pairs(form, "Tags.member", "Key", "Value");
        Ok(())
    }

    fn begin(&mut self, action: &'static str, work: Work) -> String {
        let id = format!("operation-{}", self.operations.len() + 1);
        self.operations.push(Operation { id: id.clone(), action, questions: QUESTIONS, work });
        format!("<OperationId>{id}</OperationId>")
    }

    fn operation(&mut self, id: &str, failing: &BTreeMap<String, String>) -> Answer {
        let Some(operation) = self.operations.iter_mut().find(|operation| operation.id == id) else {
            return error("OperationNotFoundException", "Operation not found");
        };
        let was_running = operation.questions > 0;
        operation.questions = operation.questions.saturating_sub(1);
        let has_ended = was_running && operation.questions == 0;
        let operation = operation.clone();
        if has_ended {
            self.finish(&operation.work, failing);
        }
        Ok(format!("<StackSetOperation>{}</StackSetOperation>", described(&operation)))
    }

    fn finish(&mut self, work: &Work, failing: &BTreeMap<String, String>) {
        let one = |account: &str, unit: &str, drift| {
            let reason = failing.get(account).cloned().unwrap_or_default();
            let (status, outcome) = if reason.is_empty() { ("CURRENT", "SUCCEEDED") } else { ("OUTDATED", "FAILED") };
            Instance { unit: unit.to_owned(), status, outcome, reason, drift }
        };
        self.before = Some(self.instances.clone());
        match work {
            Work::Create(targets) => {
                for (account, region, unit) in targets {
                    let place = (account.clone(), region.clone());
                    self.instances.insert(place, one(account, unit, "NOT_CHECKED"));
                }
            }
            Work::Update => {
                for ((account, _), instance) in &mut self.instances {
                    *instance = one(account, &instance.unit.clone(), instance.drift);
                }
            }
            Work::Delete(places) => {
                for place in places {
                    match failing.get(&place.0) {
                        None => drop(self.instances.remove(place)),
                        Some(reason) => {
                            if let Some(instance) = self.instances.get_mut(place) {
                                (instance.status, instance.outcome) = ("INOPERABLE", "INOPERABLE");
                                instance.reason.clone_from(reason);
                            }
                        }
                    }
                }
            }
        }
    }

    fn described(&self, name: &str) -> String {
        let pair = |(key, value): &(String, String), names: [&str; 2]| {
            let [one, other] = names;
            format!("<{one}>{}</{one}><{other}>{}</{other}>", escaped(key), escaped(value))
        };
        let parameters = self.parameters.iter().map(|it| pair(it, ["ParameterKey", "ParameterValue"]));
        let tags = self.tags.iter().map(|it| pair(it, ["Key", "Value"]));
        format!(
            "<StackSet><StackSetName>{}</StackSetName><StackSetId>the-set</StackSetId><Status>ACTIVE</Status>\
             <PermissionModel>SERVICE_MANAGED</PermissionModel><TemplateBody>{}</TemplateBody>\
             <AutoDeployment><Enabled>{}</Enabled></AutoDeployment><Parameters>{}</Parameters><Tags>{}</Tags></StackSet>",
            escaped(name),
            escaped(&self.template),
            self.auto_deployment,
            members(parameters),
            members(tags),
        )
    }
}

/// A page of stacks.
fn listed(instances: &BTreeMap<(String, String), Instance>, token: &str) -> String {
    let start = token.parse().unwrap_or(0);
    let summary = |((account, region), instance): (&(String, String), &Instance)| {
        let Instance { unit, status, outcome, reason, drift } = instance;
        format!(
            "<Account>{account}</Account><Region>{region}</Region><OrganizationalUnitId>{unit}</OrganizationalUnitId>\
             <Status>{status}</Status><StackInstanceStatus><DetailedStatus>{outcome}</DetailedStatus>\
             </StackInstanceStatus><StatusReason>{}</StatusReason><DriftStatus>{drift}</DriftStatus>",
            escaped(reason)
        )
    };
    let page = members(instances.iter().skip(start).take(PAGE).map(summary));
    let next = start + PAGE;
    let token = if next < instances.len() { format!("<NextToken>{next}</NextToken>") } else { String::new() };
    format!("<Summaries>{page}</Summaries>{token}")
}

fn described(operation: &Operation) -> String {
    let status = if operation.questions == 0 { "SUCCEEDED" } else { "RUNNING" };
    let Operation { id, action, .. } = operation;
    format!("<OperationId>{id}</OperationId><Action>{action}</Action><Status>{status}</Status>")
}

/// Account, region and unit of every stack that is meant.
fn targets(form: &Form, units: &BTreeMap<String, Vec<String>>) -> Result<Vec<Target>, Refusal> {
    let meant = list(form, "DeploymentTargets.OrganizationalUnitIds.member");
    let accounts = list(form, "DeploymentTargets.Accounts.member");
    if meant.is_empty() || form.contains_key("Accounts.member.1") {
        return error(
            "ValidationError",
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target",
        );
    }
    if accounts.is_empty() == (field(form, "DeploymentTargets.AccountFilterType") == "INTERSECTION") {
        return error("ValidationError", "Accounts and AccountFilterType go together");
    }
    let mut found = Vec::new();
    for unit in &meant {
        let Some(within) = units.get(unit) else {
            return error("ValidationError", "OrganizationalUnitIds do not exist in the organization");
        };
        for account in within.iter().filter(|account| accounts.is_empty() || accounts.contains(account)) {
            let regions = list(form, "Regions.member");
            found.extend(regions.into_iter().map(|region| (account.clone(), region, unit.clone())));
        }
    }
    Ok(found)
}

fn error<T>(code: &str, message: &str) -> Result<T, Refusal> {
    Err((code.to_owned(), message.to_owned()))
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

fn list(form: &Form, name: &str) -> Vec<String> {
    (1..).map_while(|number| form.get(&format!("{name}.{number}")).cloned()).collect()
}

fn pairs(form: &Form, name: &str, key: &str, value: &str) -> Vec<(String, String)> {
    let pair = |number: usize| {
        let of = |part: &str| form.get(&format!("{name}.{number}.{part}")).cloned();
        Some((of(key)?, of(value).unwrap_or_default()))
    };
    (1..).map_while(pair).collect()
}

fn members(all: impl Iterator<Item = String>) -> String {
    all.map(|one| format!("<member>{one}</member>")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn parse(body: &str) -> Form {
    let fields = body.split('&').filter_map(|field| field.split_once('='));
    fields.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let hex = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.extend(hex);
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
