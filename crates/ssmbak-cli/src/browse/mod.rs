//! Runs the screens of `ssmbak-browse`: the terminal, what is read, and the restore.

mod keys;
mod read;
mod restoring;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use ssmbak::bucket::S3BackupBucket;
use ssmbak_browse::{Answer, Effect, Looked, Palette, Proposal, State, Subject, render};
use ssmbak_core::instant::Instant;
use ssmbak_core::scope::Selection;
use tokio::time::MissedTickBehavior;

use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Screen, Ui};
use read::{load, look};
use restoring::{Planned, Restored, Restoring};

/// How often what turns is turned.
const TICK: Duration = Duration::from_millis(150);

/// What a session works with.
pub(crate) struct Session<'a> {
    pub(crate) aws: Aws,
    pub(crate) bucket: S3BackupBucket,
    pub(crate) selection: Selection,
    pub(crate) reveal: bool,
    pub(crate) put_rate: Option<f64>,
    pub(crate) global: &'a GlobalArgs,
    pub(crate) ui: &'a Ui,
}

/// A plan to be decided on and what is shown of it, or why there is none.
type MaybePlanned = Result<(Box<Planned>, Proposal), CliError>;

/// What is under way, at most one of each kind; a new one takes the place of the old one.
#[derive(Default)]
struct Work<'a> {
    load: Option<LocalBoxFuture<'a, Result<ssmbak_browse::Data, CliError>>>,
    look: Option<LocalBoxFuture<'a, Looked>>,
    plan: Option<LocalBoxFuture<'a, MaybePlanned>>,
    restore: Option<Restoring<'a>>,
    /// The plan that is being decided on.
    planned: Option<Box<Planned>>,
}

/// What was done in a session.
#[derive(Default)]
struct Done {
    restored: Vec<Restored>,
    /// Whether a restore was under way when the screens were left: what was being written may have been written.
    left_one: bool,
}

/// Something that happened.
enum Happened {
    Key(Option<ssmbak_browse::Key>),
    Interrupted,
    Tick,
    Loaded(Result<ssmbak_browse::Data, CliError>),
    Looked(Looked),
    Planned(MaybePlanned),
    Settled,
    Restored(Restored),
}

/// Shows the screens until they are left. What was restored is told once more on the terminal that they leave behind.
///
/// # Errors
/// [`CliError`] if nothing could be read, the terminal is gone, or a restore was left before its end.
pub(crate) async fn session(
    session: &Session<'_>,
    subject: Subject,
    at: Instant,
    ctx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let mut done = Done::default();
    let ended = {
        let mut screen = session.ui.screen()?;
        run(session, subject, at, ctx, &mut screen, &mut done).await
    };
    for restored in &done.restored {
        session.ui.result(&restored.told)?;
        if let Some(command) = &restored.undo {
            session.ui.note(&format!("undo with: {command}"));
        }
    }
    if done.left_one {
        session.ui.remark("`ssmbak restores` shows what was begun, `ssmbak undo` undoes it");
    }
    ended?;
    Ok(if done.restored.iter().all(|restored| restored.complete) { Exit::Done } else { Exit::Partly })
}

async fn run<'a>(
    session: &'a Session<'a>,
    subject: Subject,
    at: Instant,
    ctx: &mut Context<'_>,
    screen: &mut Screen,
    done: &mut Done,
) -> Result<(), CliError> {
    let palette = Palette { colours: session.ui.colours_results() };
    let (mut state, mut effects) = State::new(subject, at);
    let mut work = Work::default();
    let mut ticks = tokio::time::interval(TICK);
    // Nobody has missed anything while nothing turned.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        for effect in std::mem::take(&mut effects) {
            if effect == Effect::Quit {
                done.left_one = work.restore.is_some();
                return if done.left_one { Err(CliError::interrupted()) } else { Ok(()) };
            }
            begin(effect, session, &state, &mut work, screen.columns());
        }
        screen.draw(|frame| render(&state, palette, frame))?;
        let happened = tokio::select! {
            biased;
            () = ctx.interrupts.next() => Happened::Interrupted,
            key = screen.event() => Happened::Key(key?.and_then(keys::of)),
            happened = next(&mut work) => happened,
            _ = ticks.tick(), if state.is_busy() => Happened::Tick,
        };
        effects = match happened {
            Happened::Key(Some(key)) => state.key(key, ssmbak::clock::now()),
            Happened::Key(None) => Vec::new(),
            Happened::Interrupted => {
                let effects = state.interrupt();
                if effects.contains(&Effect::Quit) && work.restore.is_none() {
                    return Err(CliError::interrupted());
                }
                effects
            }
            Happened::Tick => {
                state.tick();
                Vec::new()
            }
            Happened::Loaded(Ok(data)) => state.answer(Answer::Loaded(Box::new(data))),
            // Without anything to show there is nothing to go on with.
            Happened::Loaded(Err(error)) if state.data().is_none() => return Err(error),
            Happened::Loaded(Err(error)) => state.answer(Answer::NotLoaded(error.to_string())),
            Happened::Looked(looked) => state.answer(Answer::Looked(looked)),
            Happened::Planned(Ok((planned, proposal))) => {
                work.planned = Some(planned);
                state.answer(Answer::Planned(proposal))
            }
            Happened::Planned(Err(error)) => state.answer(Answer::NotPlanned(error.to_string())),
            Happened::Settled => state.answer(Answer::Settled),
            Happened::Restored(restored) => {
                let answer = Answer::Restored {
                    said: restored.lines(),
                    complete: restored.complete,
                    restored: restored.names.clone(),
                };
                done.restored.push(restored);
                state.answer(answer)
            }
        };
    }
}

/// Begins what is asked for.
fn begin<'a>(effect: Effect, session: &'a Session<'a>, state: &State, work: &mut Work<'a>, columns: u16) {
    match effect {
        Effect::Load => work.load = Some(Box::pin(load(session))),
        Effect::Look { name, at, then, now } => {
            let timelines = state.data().filter(|_| then).and_then(|data| {
                let found = data.names().binary_search(&name).ok()?;
                Some([(name.clone(), data.timeline(found)?.clone())].into())
            });
            work.look = Some(Box::pin(look(session, name, at, timelines, now)));
        }
        Effect::Plan { names, paths, recursive, at } => {
            work.planned = None;
            work.plan = Some(Box::pin(restoring::plan(session, names, (paths, recursive), at, columns)));
        }
        Effect::Drop => (work.plan, work.planned) = (None, None),
        Effect::Restore => work.restore = work.planned.take().map(|planned| Restoring::begin(session, planned)),
        Effect::Stop => {
            if let Some(restore) = &work.restore {
                restore.stop();
            }
        }
        Effect::Quit => {}
    }
}

/// Waits for the first running task to finish.
async fn next(work: &mut Work<'_>) -> Happened {
    tokio::select! {
        loaded = slot(&mut work.load) => Happened::Loaded(loaded),
        looked = slot(&mut work.look) => Happened::Looked(looked),
        planned = slot(&mut work.plan) => Happened::Planned(planned),
        happened = restoring::next(&mut work.restore) => happened,
    }
}

/// Waits for what is under way, if anything is, and leaves the place empty.
async fn slot<T>(work: &mut Option<LocalBoxFuture<'_, T>>) -> T {
    match work {
        Some(running) => {
            let done = running.await;
            *work = None;
            done
        }
        None => std::future::pending().await,
    }
}
