//! `ssmbak-stack` on stack sets, and the policy that the book has for it.

use ssmbak_e2e::{Outcome, Ran, command};
use ssmbak_testkit::{CallRecorder, Moto, StackSets, environment};

use crate::actions::{self, Actions, assert_same};
use crate::documented::json_policy;

#[test]
fn who_deploys_stack_sets_needs_the_policy_of_the_book_and_nothing_else() -> Outcome {
    let (moto, sets) = (Moto::start()?, StackSets::start(&[("ou-abcd-1", &["111111111111", "222222222222"])])?);
    let (others, cloudformation) = (CallRecorder::before(moto.port())?, CallRecorder::before(sets.port())?);
    let run = |line: &str| -> Outcome<Ran> {
        let mut env = environment(&others.endpoint());
        env.push(("AWS_ENDPOINT_URL_CLOUDFORMATION", cloudformation.endpoint()));
        Ran::of(command(line, env.iter().map(|(name, value)| (*name, value.as_str()))))?.well()
    };
    run("ssmbak-stack fleet create --org-units ou-abcd-1 --regions us-east-1,eu-west-1 --org o-a1b2c3d4e5 --yes")?;
    run("ssmbak-stack fleet update --stack-set --param LogLevel=DEBUG --yes")?;
    run("ssmbak-stack fleet update --stack-set --regions eu-central-1 --yes")?;
    run("ssmbak-stack fleet status --stack-set")?;
    run("ssmbak-stack list --stack-set")?;
    run("ssmbak-stack fleet delete --stack-set --yes")?;
    let taken: Actions = actions::of(others.take()?.into_iter().chain(cloudformation.take()?));
    assert_same("who deploys stack sets", &taken, &json_policy("Who deploys stack sets")?, &[]);
    Ok(())
}
