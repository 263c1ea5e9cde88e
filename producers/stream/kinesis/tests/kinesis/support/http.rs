//! As much of HTTP/1.1 as the SDK and the stand-ins speak: one request a connection, bodies of a stated length.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request or an answer.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The request or status line.
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn answer(status: u16, body: Vec<u8>) -> Message {
        let headers = vec![("content-type".to_string(), "application/x-amz-json-1.1".to_string())];
        Message { start: format!("HTTP/1.1 {status} Said"), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(there, _)| there.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) async fn read(connection: &mut TcpStream) -> io::Result<Message> {
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
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        let mut lines = text.trim_end().split("\r\n");
        let start = lines.next().unwrap_or_default().to_string();
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into()));
        let mut message = Message { start, headers: headers.collect(), body: Vec::new() };
        let length = message.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while body.len() < length {
            if connection.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        message.body = body;
        Ok(message)
    }

    /// Writes it as the last on its connection.
    pub(crate) async fn write(&self, connection: &mut TcpStream) -> io::Result<()> {
        let mut head = format!("{}\r\n", self.start);
        let ours = ["content-length", "connection"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !ours.contains(&name.to_lowercase().as_str())) {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len());
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(&self.body).await?;
        connection.flush().await
    }
}
