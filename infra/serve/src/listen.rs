//! Answering requests until the process is asked to stop, and stopping so that none is lost.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::silence::{Patient, SILENCE};

/// The path that a load balancer asks.
pub const HEALTH: &str = "/healthz";

/// How a server stops.
pub struct Stop<A, D, L> {
    /// It is asked to.
    pub asked: A,
    /// Meanwhile its health checks fail and it goes on answering, so that a load balancer sends its requests elsewhere.
    /// Nothing, where there is no load balancer.
    pub draining: D,
    /// So long may requests that are under way then take to end.
    pub last_requests: L,
}

/// Answers until the process is asked to stop. A request that is cut off was never acknowledged.
///
/// # Errors
/// What accepting connections fails with.
pub async fn serve<A, D, L>(listener: TcpListener, router: Router, stop: Stop<A, D, L>) -> anyhow::Result<()>
where
    A: Future<Output = ()> + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
    L: Future<Output = ()> + Send + 'static,
{
    let Stop { asked, draining, last_requests } = stop;
    let (closed, closing) = oneshot::channel();
    let is_draining = Arc::new(AtomicBool::new(false));
    let router = router.layer(middleware::from_fn_with_state(Arc::clone(&is_draining), unhealthy_while_draining));
    let until_drained = async move {
        asked.await;
        is_draining.store(true, Ordering::Relaxed);
        draining.await;
        let _ = closed.send(());
    };
    let too_long = async {
        let _ = closing.await;
        last_requests.await;
    };
    tokio::select! {
        served = axum::serve(Patient { listener, silence: SILENCE }, router).with_graceful_shutdown(until_drained) => served?,
        () = too_long => tracing::warn!("requests that did not end were cut off"),
    }
    Ok(())
}

async fn unhealthy_while_draining(
    State(is_draining): State<Arc<AtomicBool>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == HEALTH && is_draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" }))).into_response();
    }
    next.run(request).await
}

/// A wait as [`Stop`] takes it: it begins when it is first asked for.
pub async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Ctrl-C, or the word of whoever supervises the process. Both are listened for from the call on.
///
/// # Errors
/// When the operating system does not let the process listen for them.
pub fn interrupted() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Does what is left to do at the stop, unless the process is asked once more: then it ends as a crash would end it.
///
/// # Errors
/// What the work fails with, or that it was not done.
pub async fn unless_asked_again(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let again = interrupted()?;
    eprintln!("stopping: applying what was accepted; once more to stop at once");
    tokio::select! {
        done = work => done,
        () = again => anyhow::bail!("not all that was accepted is applied; the next start does it"),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;

    use super::*;

    async fn until(done: oneshot::Receiver<()>) {
        let _ = done.await;
    }

    /// A server with a request that ends when it is let, and what ends each of its phases.
    struct Server {
        address: std::net::SocketAddr,
        begun: Arc<Notify>,
        finish: Arc<Notify>,
        ask: oneshot::Sender<()>,
        drained: oneshot::Sender<()>,
        running: tokio::task::JoinHandle<anyhow::Result<()>>,
    }

    async fn start(last_requests: impl Future<Output = ()> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, finish) = (Arc::clone(&begun), Arc::clone(&finish));
            move || async move {
                begun.notify_one();
                finish.notified().await;
                "done"
            }
        };
        let router = Router::new().route("/slow", get(slow)).route(HEALTH, get(async || "ok"));
        let ((ask, asked), (drained, draining)) = (oneshot::channel(), oneshot::channel());
        let stop = Stop { asked: until(asked), draining: until(draining), last_requests };
        Server { address, begun, finish, ask, drained, running: tokio::spawn(serve(listener, router, stop)) }
    }

    async fn ask_for(address: std::net::SocketAddr, path: &str) -> String {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = connection.read_to_string(&mut answer).await;
        answer
    }

    /// The health check's answer once it is `expected`.
    async fn health(address: std::net::SocketAddr, expected: &str) {
        while !ask_for(address, HEALTH).await.starts_with(expected) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn while_it_drains_it_is_unhealthy_and_answers_all_the_same() {
        let server = start(pending()).await;
        health(server.address, "HTTP/1.1 200").await;
        let slow = tokio::spawn(ask_for(server.address, "/slow"));
        server.begun.notified().await;
        server.ask.send(()).unwrap();
        health(server.address, "HTTP/1.1 503").await;
        let late = tokio::spawn(ask_for(server.address, "/slow"));
        server.begun.notified().await;
        server.drained.send(()).unwrap();
        server.finish.notify_waiters();
        for answer in [slow, late] {
            assert!(answer.await.unwrap().ends_with("done"), "a request was lost");
        }
        server.running.await.unwrap().unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn who_asks_again_does_not_wait_for_the_work() {
        assert!(unless_asked_again(async { Ok(()) }).await.is_ok());
        let endless = async {
            let process = std::process::id().to_string();
            assert!(std::process::Command::new("kill").args(["-INT", &process]).status().unwrap().success());
            pending().await
        };
        assert!(unless_asked_again(endless).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_does_not_end_holds_nothing_up() {
        let (too_long, last) = oneshot::channel();
        let server = start(until(last)).await;
        let slow = tokio::spawn(ask_for(server.address, "/slow"));
        server.begun.notified().await;
        server.ask.send(()).unwrap();
        server.drained.send(()).unwrap();
        too_long.send(()).unwrap();
        server.running.await.unwrap().unwrap();
        // The task of its connection goes with the runtime.
        slow.abort();
    }
}
