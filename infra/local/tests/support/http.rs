//! The smallest HTTP client that does: one request a connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::DEADLINE;
use super::up::Up;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Where events are sent, and with which key.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: String,
    pub(crate) write_key: String,
}

impl Target {
    pub(crate) fn of(up: &Up) -> Target {
        Target { address: up.address().to_string(), write_key: up.write_key().to_string() }
    }

    /// Posts events, one a line.
    pub(crate) fn post(&self, events: &str) -> io::Result<Answer> {
        let headers =
            [format!("authorization: Bearer {}", self.write_key), "content-type: application/x-ndjson".into()];
        request(&self.address, "POST /v1/events", &headers, events)
    }

    /// Posts events that must all be taken.
    pub(crate) fn send(&self, events: &[String]) {
        let answer = self.post(&events.join("\n")).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.json()["accepted"], events.len(), "{}", answer.body);
    }
}

pub(crate) fn get(address: &str, path: &str, headers: &[String]) -> Answer {
    request(address, &format!("GET {path}"), headers, "").unwrap()
}

/// An answer that was cut short is an error.
fn request(address: &str, what: &str, headers: &[String], body: &str) -> io::Result<Answer> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(DEADLINE))?;
    connection.set_write_timeout(Some(DEADLINE))?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head =
        format!("{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.write_all(head.as_bytes())?;
    connection.write_all(body.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    parse(&answer).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let answer = Answer { status, head: head.to_string(), body: body.to_string() };
    let whole = answer.header("content-length").is_none_or(|length| length == body.len().to_string());
    whole.then_some(answer)
}
