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
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection<TcpStream>, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, self.silence), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, and when its silence has lasted too long.
pub(crate) struct Connection<S> {
    stream: S,
    silence: Duration,
    over: Pin<Box<Sleep>>,
}

impl<S> Connection<S> {
    fn new(stream: S, silence: Duration) -> Connection<S> {
        Connection { stream, silence, over: Box::pin(sleep(silence)) }
    }

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

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard(context, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
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

    #[tokio::test(start_paused = true)]
    async fn silence_is_what_lies_between_two_pieces() {
        let (mut sender, stream) = tokio::io::duplex(1);
        let mut connection = Connection::new(stream, SILENCE);
        tokio::spawn(async move {
            for pause in [119, 119, 1, 119, 121] {
                sleep(Duration::from_secs(pause)).await;
                sender.write_all(b"x").await.unwrap();
            }
        });
        for _ in 0..4 {
            assert_eq!(connection.read_u8().await.unwrap(), b'x');
        }
        assert_eq!(connection.read_u8().await.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_silent_too() {
        let (mut receiver, stream) = tokio::io::duplex(1);
        let mut connection = Connection::new(stream, SILENCE);
        connection.write_all(b"x").await.unwrap();
        tokio::spawn(async move {
            sleep(Duration::from_secs(119)).await;
            receiver.read_u8().await.unwrap();
            std::future::pending::<()>().await;
            drop(receiver);
        });
        connection.write_all(b"y").await.unwrap();
        assert_eq!(connection.write_all(b"z").await.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }
}
