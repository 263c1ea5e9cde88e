//! Connections that fall silent are closed: a phone that left its network says no goodbye, and would be kept for ever.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

/// Longer than load balancers keep a connection on which nothing comes.
pub(crate) const SILENCE: Duration = Duration::from_secs(120);

/// Accepts connections that may be silent for so long.
pub(crate) struct Patient {
    pub(crate) listener: TcpListener,
    pub(crate) silence: Duration,
}

impl Listener for Patient {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection { stream, silence: self.silence, over: Box::pin(sleep(self.silence)) }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, and when its silence has lasted too long.
pub(crate) struct Connection {
    stream: TcpStream,
    silence: Duration,
    over: Pin<Box<Sleep>>,
}

impl Connection {
    /// What the stream has come to, unless nothing moves for too long.
    fn heard<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.over.as_mut().reset(Instant::now() + self.silence);
            return polled;
        }
        ready!(self.over.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard(context, polled)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.heard(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.heard(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const HEAD: &str = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 8\r\n\r\n";

    async fn connect(silence: Duration) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(async |body: String| body));
        tokio::spawn(async move { axum::serve(Patient { listener, silence }, router).await });
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_on_which_nothing_comes_is_closed() {
        for sent in ["", "POST / HTTP/1.1\r\n", HEAD, &format!("{HEAD}12345678")] {
            let mut connection = connect(Duration::from_millis(100)).await;
            connection.write_all(sent.as_bytes()).await.unwrap();
            let ended = timeout(Duration::from_secs(20), connection.read_to_end(&mut Vec::new())).await;
            assert!(ended.is_ok(), "{sent:?} is kept");
        }
    }

    #[tokio::test]
    async fn a_slow_sender_is_answered() {
        let mut connection = connect(Duration::from_secs(2)).await;
        connection.write_all(HEAD.as_bytes()).await.unwrap();
        for piece in ["1", "2", "3", "4", "5", "6", "7", "8"] {
            tokio::time::sleep(Duration::from_millis(400)).await;
            connection.write_all(piece.as_bytes()).await.unwrap();
        }
        let mut answer = [0; 15];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
    }
}
