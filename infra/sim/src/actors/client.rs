//! Clients: they send in requests of some events, send again what was not acknowledged and sometimes what was, or give up.

use std::sync::{Arc, Mutex, PoisonError};

use trilha_collector::collector::{Arrival, CollectError, Receipt, Sent};
use trilha_schemas::event::Protocol;
use trilha_schemas::native;
use trilha_schemas::reader::{Code, Refusal};

use crate::learners::Fate;
use crate::machine::{Machine, owner};
use crate::world::Process;

type Slot = Arc<Mutex<Option<Result<Receipt, CollectError>>>>;

/// Sends the events of these numbers, in this order or nearly.
pub async fn run(machine: Arc<Machine>, me: Process, acts: Vec<usize>) {
    let mut left = acts;
    left.reverse();
    while !left.is_empty() {
        me.sleep(machine.world.roll(|dice| dice.between(0, 4_000))).await;
        let mut request = next_request(&machine, &mut left);
        if machine.world.fault("sent again though acknowledged", 120) {
            request.extend(acknowledged_of(&machine, &request));
        }
        for act in send(&machine, &me, request).await {
            let gives_up = machine.world.fault("client gave up", 60);
            if !gives_up {
                let place = machine.world.roll(|dice| dice.roll(left.len() + 1));
                left.insert(place, act);
            }
        }
    }
}

/// One tenant's events: some of the next ones.
fn next_request(machine: &Machine, left: &mut Vec<usize>) -> Vec<usize> {
    let most = machine.world.roll(|dice| 1 + dice.roll(12));
    let ledger = machine.ledger();
    let tenant = left.last().map(|act| ledger.acts[*act].tenant);
    let mut request = Vec::new();
    while request.len() < most
        && let Some(act) = left.pop_if(|act| Some(ledger.acts[*act].tenant) == tenant)
    {
        request.push(act);
    }
    request
}

/// An event of the same tenant that somebody acknowledged before.
fn acknowledged_of(machine: &Machine, request: &[usize]) -> Option<usize> {
    let ledger = machine.ledger();
    let tenant = ledger.acts[*request.first()?].tenant;
    let may = |at: &usize| ledger.facts[*at].acknowledged && ledger.acts[*at].tenant == tenant && !request.contains(at);
    let candidates: Vec<usize> = (0..ledger.acts.len()).filter(may).collect();
    if candidates.is_empty() { None } else { Some(machine.world.roll(|dice| *dice.pick(&candidates))) }
}

/// Sends one request and waits for its answer, or not; answers what is to be sent again.
async fn send(machine: &Arc<Machine>, me: &Process, request: Vec<usize>) -> Vec<usize> {
    let slot: Slot = Arc::default();
    let collector = machine.collector();
    let (in_process, answer, acts) = (Arc::clone(machine), Arc::clone(&slot), request.clone());
    request.iter().for_each(|act| machine.ledger().facts[*act].sent = true);
    let (core, skew) = (collector.core, collector.skew_millis);
    let task = machine.world.spawn(&collector.process, async move {
        let result = collect(&in_process, &core, skew, &acts).await;
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    if machine.world.fault("client did not wait", 40) {
        me.sleep(machine.world.roll(|dice| dice.between(0, 3_000))).await;
    } else {
        me.over(task).await;
    }
    let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if machine.world.fault("answer to the client lost", 20) {
        return request;
    }
    match answer {
        Some(Ok(receipt)) => note(machine, &request, &receipt),
        _ => request,
    }
}

async fn collect(
    machine: &Machine,
    core: &crate::machine::SimCollector,
    skew: i64,
    acts: &[usize],
) -> Result<Receipt, CollectError> {
    let (tenant, texts): (&str, Vec<(String, Fate)>) = {
        let ledger = machine.ledger();
        let text = |act: &usize| (ledger.acts[*act].text.clone(), ledger.acts[*act].fate);
        (ledger.acts[acts[0]].tenant, acts.iter().map(text).collect())
    };
    let sent = texts.iter().enumerate().map(|(index, (text, fate))| match fate {
        Fate::TooNew => {
            let refusal = Refusal::new(Code::UnknownType, "type", "this reader does not know it");
            Sent { index, raw: text.as_bytes(), read: Err(refusal), about: None }
        }
        _ => Sent { index, raw: text.as_bytes(), read: native::read(text), about: None },
    });
    let arrival = Arrival::Live { now_millis: machine.world.now_millis() + skew };
    core.collect(&owner(tenant), Protocol::Native, arrival, sent.collect()).await
}

/// Notes what a receipt says; answers what is to be sent again.
fn note(machine: &Machine, request: &[usize], receipt: &Receipt) -> Vec<usize> {
    let mut again = Vec::new();
    let mut ledger = machine.ledger();
    for (index, act) in request.iter().enumerate() {
        match receipt.rejected.iter().find(|rejected| rejected.index == index) {
            None => ledger.facts[*act].acknowledged = true,
            Some(rejected) if rejected.code == "try_again" => again.push(*act),
            Some(_) => {
                ledger.facts[*act].refused = true;
                if ledger.acts[*act].fate == Fate::TooNew {
                    machine.world.count("refused for now");
                }
            }
        }
    }
    let taken = request.len() - receipt.rejected.len();
    if receipt.accepted != taken {
        machine.world.fail(format!("a receipt counts {} accepted events, and names {taken}", receipt.accepted));
    }
    again
}
