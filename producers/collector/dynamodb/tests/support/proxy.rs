//! An HTTP proxy before the endpoint, which fails calls as a network and a busy service do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It is done and answered with 500.
    DoneBut500,
    /// The connection ends before the service hears of it.
    CutBefore,
    /// It is done, and the connection ends before the answer.
    CutAfter,
    /// The service asks for patience.
    Throttled,
}

/// The proxy; it ends with its runtime.
pub struct Proxy {
    pub endpoint: String,
    /// How many calls failed so far.
    pub failed: Arc<AtomicUsize>,
}

impl Proxy {
    /// Before an endpoint; each call's fault is that of its number.
    pub async fn start(endpoint: &str, fault: impl Fn(u64) -> Fault + Send + Sync + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream: Arc<str> = endpoint.trim_start_matches("http://").trim_end_matches('/').into();
        let (fault, number) = (Arc::new(fault), Arc::new(AtomicU64::new(0)));
        let failed = Arc::new(AtomicUsize::new(0));
        let counted = failed.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (upstream, fault) = (upstream.clone(), fault.clone());
                let (number, counted) = (number.clone(), counted.clone());
                tokio::spawn(async move {
                    let fault = fault(number.fetch_add(1, Ordering::Relaxed));
                    counted.fetch_add(usize::from(fault != Fault::None), Ordering::Relaxed);
                    // A connection that breaks is what the other side is to bear.
                    let _ = serve(connection, &upstream, fault).await;
                });
            }
        });
        Proxy { endpoint: format!("http://{address}"), failed }
    }
}

/// One call for each connection.
async fn serve(mut client: TcpStream, upstream: &str, fault: Fault) -> std::io::Result<()> {
    let Some(request) = read_request(&mut client).await? else { return Ok(()) };
    match fault {
        Fault::CutBefore => return Ok(()),
        Fault::Throttled => {
            let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            return answer(&mut client, "400 Bad Request", &format!(r#"{{"__type":"{kind}","message":"too fast"}}"#))
                .await;
        }
        Fault::None | Fault::DoneBut500 | Fault::CutAfter => {}
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(&request).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    match fault {
        Fault::CutAfter => Ok(()),
        Fault::DoneBut500 => {
            let kind = "com.amazonaws.dynamodb.v20120810#InternalServerError";
            answer(&mut client, "500 Internal Server Error", &format!(r#"{{"__type":"{kind}","message":"oh"}}"#)).await
        }
        _ => client.write_all(&closing(&response)).await,
    }
}

async fn answer(client: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}");
    client.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await
}

/// The whole request, which asks for the connection to be closed after it.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(at) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    };
    let length = content_length(&request[..head]);
    while request.len() < head + length {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(closing(&request)))
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.map_or(0, |length| length.trim().parse().unwrap())
}

/// A message with `connection: close` after its first line, in place of its own word on that.
fn closing(message: &[u8]) -> Vec<u8> {
    let first = message.windows(2).position(|window| window == b"\r\n").map_or(0, |at| at + 2);
    let head = message.windows(4).position(|window| window == b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    let lines = message[first..head].split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with(b"connection:"));
    let kept: Vec<u8> = kept.flatten().copied().collect();
    [&message[..first], b"connection: close\r\n", &kept, &message[head..]].concat()
}
