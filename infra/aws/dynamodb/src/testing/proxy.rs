//! A proxy before a stand-in, which does to each call what a test says. One call for each connection.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is made and answered.
    None,
    /// The connection breaks before it is made.
    Before,
    /// It is made; the connection breaks before the answer.
    After,
    /// It is made; the answer is a failure of the service.
    DoneButFailed,
    /// It is not made: the service has no throughput left.
    Throttled,
    /// It is not made: the service answers with an error of this name.
    Refused(&'static str),
    /// A batch read gets to its first keys only.
    Unprocessed {
        /// How many.
        found: usize,
    },
    /// It waits until [`Proxy::release`], then is made and answered.
    Held,
}

/// A call that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name, such as `PutItem`.
    pub operation: String,
    /// How many of its name came before.
    pub number: usize,
    /// What was asked.
    pub body: Value,
}

type Plan = Box<dyn FnMut(&Call) -> Fault + Send>;

/// A proxy; it ends with this.
pub struct Proxy {
    /// Where it is called.
    pub endpoint: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: String,
    state: Mutex<State>,
    released: watch::Sender<bool>,
    under_way: watch::Sender<usize>,
}

struct State {
    plan: Plan,
    calls: Vec<Call>,
}

impl Proxy {
    /// Starts a proxy before an endpoint (`http://host:port`), in the test's own runtime.
    pub async fn start(upstream: &str, plan: impl FnMut(&Call) -> Fault + Send + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_string();
        let state = Mutex::new(State { plan: Box::new(plan), calls: Vec::new() });
        let shared = Shared { upstream, state, released: watch::Sender::new(false), under_way: watch::Sender::new(0) };
        let shared = Arc::new(shared);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Proxy { endpoint, shared, accepting }
    }

    /// From here on calls go by another plan.
    pub fn plan(&self, plan: impl FnMut(&Call) -> Fault + Send + 'static) {
        self.shared.state().plan = Box::new(plan);
    }

    /// Calls that came since this was asked last.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.state().calls)
    }

    /// Waits until so many calls are under way at once.
    pub async fn under_way(&self, calls: usize) {
        let mut under_way = self.shared.under_way.subscribe();
        let _ = under_way.wait_for(|there| *there >= calls).await;
    }

    /// How many calls are under way now.
    pub fn calls_under_way(&self) -> usize {
        *self.shared.under_way.borrow()
    }

    /// Lets every held call go on, and those to come.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, request: &Message) -> (Call, Fault) {
        let mut state = self.state();
        let operation = request.header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        let number = state.calls.iter().filter(|call| call.operation == operation).count();
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        let call = Call { operation: operation.to_string(), number, body };
        state.calls.push(call.clone());
        let fault = (state.plan)(&call);
        (call, fault)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A connection that breaks is what a test may want.
            let _ = serve(connection, &shared).await;
        });
    }
}

async fn serve(mut connection: TcpStream, shared: &Shared) -> io::Result<()> {
    let request = Message::read(&mut connection).await?;
    shared.under_way.send_modify(|calls| *calls += 1);
    let answer = answer(request, shared).await;
    shared.under_way.send_modify(|calls| *calls -= 1);
    if let Some(answer) = answer? {
        connection.write_all(&answer.to_bytes()).await?;
    }
    connection.shutdown().await
}

/// The answer to a call; `None`: the connection breaks.
async fn answer(request: Message, shared: &Shared) -> io::Result<Option<Message>> {
    let (call, fault) = shared.fate(&request);
    Ok(match fault {
        Fault::None => Some(forward(&request, shared).await?),
        Fault::Before => None,
        Fault::After => {
            forward(&request, shared).await?;
            None
        }
        Fault::DoneButFailed => {
            forward(&request, shared).await?;
            Some(failure("500 Internal Server Error", "InternalServerError"))
        }
        Fault::Throttled => Some(failure("400 Bad Request", "ProvisionedThroughputExceededException")),
        Fault::Refused(kind) => Some(failure("400 Bad Request", kind)),
        Fault::Unprocessed { found } => Some(part(request, call.body, found, shared).await?),
        Fault::Held => {
            let _ = shared.released.subscribe().wait_for(|released| *released).await;
            Some(forward(&request, shared).await?)
        }
    })
}

async fn forward(request: &Message, shared: &Shared) -> io::Result<Message> {
    let mut upstream = TcpStream::connect(&shared.upstream).await?;
    upstream.write_all(&request.to_bytes()).await?;
    Message::read(&mut upstream).await
}

/// The first keys of a batch read are asked for, the others are given back.
async fn part(mut request: Message, mut asked: Value, found: usize, shared: &Shared) -> io::Result<Message> {
    let mut left = serde_json::Map::new();
    let tables = asked["RequestItems"].as_object_mut();
    for (table, wanted) in tables.into_iter().flatten() {
        let keys = wanted["Keys"].as_array_mut().map(|keys| keys.split_off(found.min(keys.len()))).unwrap_or_default();
        if !keys.is_empty() {
            left.insert(table.clone(), json!({ "Keys": keys, "ConsistentRead": wanted["ConsistentRead"] }));
        }
    }
    let mut answer = match found {
        0 => failure("200 OK", ""),
        _ => {
            request.body = asked.to_string().into_bytes();
            forward(&request, shared).await?
        }
    };
    let mut body: Value = if found == 0 { json!({ "Responses": {} }) } else { serde_json::from_slice(&answer.body)? };
    body["UnprocessedKeys"] = Value::Object(left);
    answer.body = body.to_string().into_bytes();
    Ok(answer)
}

fn failure(status: &str, kind: &str) -> Message {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "as planned" });
    let headers = [("content-type".to_string(), "application/x-amz-json-1.0".to_string())];
    Message { first: format!("HTTP/1.1 {status}"), headers: headers.into(), body: body.to_string().into_bytes() }
}

/// A request or an answer of HTTP/1.1.
struct Message {
    first: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Message {
    async fn read(connection: &mut TcpStream) -> io::Result<Message> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if connection.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let mut body = bytes.split_off(head + 4);
        let head = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default().to_string();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers: HashMap<_, _> =
            headers.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_string())).collect();
        let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
        while body.len() < length {
            if connection.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Message { first, headers, body })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// With the length that its body has; the connection ends after it. A checksum of the body may not hold any more.
    fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\r\ncontent-length: {}\r\nconnection: close\r\n", self.first, self.body.len());
        let ours = ["content-length", "connection", "x-amz-crc32", "transfer-encoding"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !ours.contains(&name.as_str())) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}
