//! A proxy between the SDK and a stand-in, in which calls fail as a test says.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::http::Message;

pub(crate) const THROTTLED: &str = "ProvisionedThroughputExceededException";
pub(crate) const INTERNAL: &str = "InternalFailure";

/// What becomes of a call.
pub(crate) enum Fault {
    None,
    /// The connection ends before the service sees the call.
    CutBefore,
    /// The service does it; the connection ends without an answer.
    LostAfter,
    /// The service does it; the answer comes so much later.
    Slow(Duration),
    /// The service does not see it and seems to answer with an error of this status and code.
    Refused(u16, &'static str),
    /// The service does it, and seems to answer with an error.
    DoneBut(u16, &'static str),
    /// These entries of a PutRecords fail with this code; the others are put.
    Entries(Vec<usize>, &'static str),
    /// A PutRecords is put in parts of so many entries.
    InParts(usize),
    /// The answer is changed.
    Answer(Box<dyn FnOnce(&mut Value) + Send>),
    /// The call is changed.
    Call(Box<dyn FnOnce(&mut Value) + Send>),
}

/// One call, before anything has become of it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `PutRecords` and so on.
    pub(crate) operation: String,
    pub(crate) body: Value,
}

impl Call {
    pub(crate) fn is(&self, operation: &str) -> bool {
        self.operation == operation
    }
}

type Plan = Box<dyn FnMut(&Call) -> Fault + Send>;

struct State {
    upstream: String,
    plan: Mutex<Plan>,
    calls: Mutex<Vec<Call>>,
}

/// A running proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// Asks the plan about every call, in the order in which they come.
    pub(crate) async fn start(upstream: &str, plan: impl FnMut(&Call) -> Fault + Send + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_string();
        let state = Arc::new(State { upstream, plan: Mutex::new(Box::new(plan)), calls: Mutex::default() });
        let accepting = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((connection, _)) = listener.accept().await {
                    // Who is cut off, or gives up, is what these tests are about.
                    tokio::spawn(serve(connection, Arc::clone(&state)));
                }
            }
        });
        Proxy { endpoint, state, accepting }
    }

    /// From now on.
    pub(crate) fn plan(&self, plan: impl FnMut(&Call) -> Fault + Send + 'static) {
        *self.state.plan.lock().unwrap() = Box::new(plan);
    }

    /// The calls so far of an operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Call> {
        self.state.calls.lock().unwrap().iter().filter(|call| call.is(operation)).cloned().collect()
    }
}

async fn serve(mut connection: TcpStream, state: Arc<State>) -> io::Result<()> {
    let request = Message::read(&mut connection).await?;
    let call = call(&request);
    state.calls.lock().unwrap().push(call.clone());
    let fault = (state.plan.lock().unwrap())(&call);
    match answer(&state.upstream, request, call, fault).await? {
        Some(answer) => answer.write(&mut connection).await,
        None => Ok(()),
    }
}

fn call(request: &Message) -> Call {
    let target = request.header("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_string();
    Call { operation, body: serde_json::from_slice(&request.body).unwrap() }
}

/// `None`: the connection ends.
async fn answer(upstream: &str, request: Message, call: Call, fault: Fault) -> io::Result<Option<Message>> {
    Ok(match fault {
        Fault::None => Some(forward(upstream, request).await?),
        Fault::CutBefore => None,
        Fault::LostAfter => {
            forward(upstream, request).await?;
            None
        }
        Fault::Slow(wait) => {
            let answer = forward(upstream, request).await?;
            tokio::time::sleep(wait).await;
            Some(answer)
        }
        Fault::Refused(status, code) => Some(error(status, code)),
        Fault::DoneBut(status, code) => {
            forward(upstream, request).await?;
            Some(error(status, code))
        }
        Fault::Entries(failing, code) => Some(put_some(upstream, request, call.body, &failing, code).await?),
        Fault::InParts(entries) => Some(put_in_parts(upstream, request, call.body, entries).await?),
        Fault::Answer(change) => {
            let mut answer = forward(upstream, request).await?;
            let mut body = serde_json::from_slice(&answer.body)?;
            change(&mut body);
            answer.body = serde_json::to_vec(&body)?;
            Some(answer)
        }
        Fault::Call(change) => {
            let mut body = call.body;
            change(&mut body);
            Some(forward(upstream, Message { body: serde_json::to_vec(&body)?, ..request }).await?)
        }
    })
}

async fn forward(upstream: &str, request: Message) -> io::Result<Message> {
    let mut connection = TcpStream::connect(upstream).await?;
    request.write(&mut connection).await?;
    Message::read(&mut connection).await
}

fn error(status: u16, code: &str) -> Message {
    let body = json!({ "__type": code, "message": "told to fail" });
    Message::answer(status, body.to_string().into_bytes())
}

/// Puts the entries that are not to fail, and answers for all.
async fn put_some(
    upstream: &str,
    request: Message,
    mut body: Value,
    failing: &[usize],
    code: &str,
) -> io::Result<Message> {
    let records = std::mem::take(body["Records"].as_array_mut().unwrap());
    let count = records.len();
    let kept = records.into_iter().enumerate().filter(|(at, _)| !failing.contains(at)).map(|(_, record)| record);
    let mut put = put(upstream, &request, &mut body, kept.collect()).await?.into_iter();
    let failed = json!({ "ErrorCode": code, "ErrorMessage": "told to fail" });
    let result = |at| if failing.contains(&at) { failed.clone() } else { put.next().unwrap() };
    Ok(answer_of_put((0..count).map(result).collect()))
}

async fn put_in_parts(upstream: &str, request: Message, mut body: Value, entries: usize) -> io::Result<Message> {
    let records = std::mem::take(body["Records"].as_array_mut().unwrap());
    let mut results = Vec::new();
    for part in records.chunks(entries) {
        results.extend(put(upstream, &request, &mut body, part.to_vec()).await?);
    }
    Ok(answer_of_put(results))
}

/// The results of some records.
async fn put(upstream: &str, request: &Message, body: &mut Value, records: Vec<Value>) -> io::Result<Vec<Value>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    body["Records"] = records.into();
    let answer = forward(upstream, Message { body: serde_json::to_vec(body)?, ..request.clone() }).await?;
    let mut answer: Value = serde_json::from_slice(&answer.body)?;
    Ok(std::mem::take(answer["Records"].as_array_mut().unwrap()))
}

fn answer_of_put(results: Vec<Value>) -> Message {
    let failures = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    let body = json!({ "FailedRecordCount": failures, "Records": results });
    Message::answer(200, body.to_string().into_bytes())
}
