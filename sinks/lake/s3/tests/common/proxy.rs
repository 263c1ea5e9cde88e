//! A proxy that passes HTTP calls on, one request a connection, and spoils those of a plan.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before it is passed on.
    Cut,
    /// It is passed on and done, and the connection is cut.
    AnswerLost,
    /// It is passed on and done, and answered with 500.
    DoneAndFailed,
    /// It and all later ones are cut.
    Crash,
}

#[derive(Debug, Default)]
struct Plan {
    calls: usize,
    fault: Option<(usize, Fault)>,
    has_struck: bool,
}

/// The proxy, as long as this lives.
pub struct Proxy {
    pub address: String,
    plan: Arc<Mutex<Plan>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn before(address: &str) -> Proxy {
        let upstream = address.trim_start_matches("http://").trim_end_matches('/').to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let plan = Arc::<Mutex<Plan>>::default();
        let task = tokio::spawn(serve(listener, upstream, plan.clone()));
        Proxy { address, plan, task }
    }

    /// Counts calls from zero again, of which the n-th goes wrong.
    pub fn plan(&self, call: usize, fault: Fault) {
        *self.plan.lock().unwrap() = Plan { fault: Some((call, fault)), ..Plan::default() };
    }

    pub fn clear(&self) {
        *self.plan.lock().unwrap() = Plan::default();
    }

    pub fn has_struck(&self) -> bool {
        self.plan.lock().unwrap().has_struck
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, upstream: String, plan: Arc<Mutex<Plan>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (upstream, plan) = (upstream.clone(), plan.clone());
        tokio::spawn(async move {
            // Whoever is cut off sees that the connection ends.
            let _ = pass_on(client, &upstream, &plan).await;
        });
    }
}

async fn pass_on(mut client: TcpStream, upstream: &str, plan: &Mutex<Plan>) -> std::io::Result<()> {
    let Some(request) = read_request(&mut client).await? else { return Ok(()) };
    let fault = count(plan);
    if matches!(fault, Some(Fault::Cut | Fault::Crash)) {
        return Ok(());
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(&request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    match fault {
        Some(Fault::AnswerLost) => Ok(()),
        Some(_) => client.write_all(b"HTTP/1.1 500 As Planned\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await,
        None => client.write_all(&answer).await,
    }
}

fn count(plan: &Mutex<Plan>) -> Option<Fault> {
    let mut plan = plan.lock().unwrap();
    let call = plan.calls;
    plan.calls += 1;
    let fault = plan.fault.filter(|(at, fault)| call == *at || (call > *at && *fault == Fault::Crash));
    plan.has_struck |= fault.is_some();
    fault.map(|(_, fault)| fault)
}

/// A whole request, asking for a connection of its own.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let end = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).to_string();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = end + 4 + length.unwrap_or(0);
    while request.len() < whole {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    let others = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut sent: Vec<u8> = others.collect::<Vec<_>>().join("\r\n").into_bytes();
    sent.extend_from_slice(b"\r\nConnection: close\r\n\r\n");
    sent.extend_from_slice(&request[end + 4..whole]);
    Ok(Some(sent))
}
