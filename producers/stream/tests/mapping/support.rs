//! A mapping over a memory stream, and a handler that answers as it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};
use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use trilha_stream::checkpoints::MemoryCheckpoints;
use trilha_stream::clock::Clock;
use trilha_stream::mapping::{Discarded, Handler, HandlerError, Mapping, MappingConfig, Parts};
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{PutEntry, Stored, Stream};

pub(crate) const START_MILLIS: i64 = 1_700_000_000_123;
/// Longer than anything that is going to happen; time is paused in these tests.
const LONG: Duration = Duration::from_secs(3600);

pub(crate) type Answer = Result<KinesisEventResponse, HandlerError>;
type Answering = Box<dyn FnOnce(&KinesisEvent) -> Answer + Send>;
type AlwaysAnswering = Box<dyn Fn(&KinesisEvent) -> Answer + Send>;

/// Tells every call, then answers as told; when told nothing, that all is done.
pub(crate) struct Scripted {
    calls: UnboundedSender<KinesisEvent>,
    answers: Mutex<VecDeque<Answering>>,
    /// Asked once the script is empty.
    always: Mutex<Option<AlwaysAnswering>>,
}

impl Handler for Scripted {
    async fn call(&self, event: KinesisEvent) -> Answer {
        self.calls.send(event.clone()).unwrap();
        let next = self.answers.lock().unwrap().pop_front();
        match next {
            Some(answer) => answer(&event),
            None => self.always.lock().unwrap().as_ref().map_or_else(done, |always| always(&event)),
        }
    }
}

pub(crate) fn done() -> Answer {
    Ok(KinesisEventResponse::default())
}

pub(crate) fn failed() -> Answer {
    Err(HandlerError("told to fail".to_string()))
}

pub(crate) fn named(identifiers: impl IntoIterator<Item = Option<String>>) -> Answer {
    let mut response = KinesisEventResponse::default();
    for identifier in identifiers {
        let mut failure = KinesisBatchItemFailure::default();
        failure.item_identifier = identifier;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// Names the sequence numbers of some records of the batch.
pub(crate) fn partial(indexes: &'static [usize]) -> impl Fn(&KinesisEvent) -> Answer + Send {
    |event| named(indexes.iter().map(|at| Some(event.records[*at].kinesis.sequence_number.clone())))
}

/// What the records of a batch hold.
pub(crate) fn texts(event: &KinesisEvent) -> Vec<String> {
    event.records.iter().map(|record| String::from_utf8(record.kinesis.data.to_vec()).unwrap()).collect()
}

pub(crate) struct World {
    pub(crate) stream: Arc<MemoryStream>,
    pub(crate) checkpoints: Arc<MemoryCheckpoints>,
    pub(crate) handler: Arc<Scripted>,
    pub(crate) now_millis: Arc<AtomicI64>,
    pub(crate) discarded: Arc<Mutex<Vec<Discarded>>>,
    calls: UnboundedReceiver<KinesisEvent>,
}

impl World {
    pub(crate) fn new(shards: u32) -> World {
        let now_millis = Arc::new(AtomicI64::new(START_MILLIS));
        let stream = Arc::new(MemoryStream::new(shards, "incarnation", clock(&now_millis)));
        let (sender, calls) = unbounded_channel();
        let handler = Arc::new(Scripted { calls: sender, answers: Mutex::default(), always: Mutex::default() });
        World { stream, checkpoints: Arc::default(), handler, now_millis, discarded: Arc::default(), calls }
    }

    pub(crate) fn start(&self, config: MappingConfig) -> Mapping<MemoryStream> {
        let discarded = Arc::clone(&self.discarded);
        let parts = Parts {
            stream: Arc::clone(&self.stream),
            checkpoints: Arc::clone(&self.checkpoints),
            handler: Arc::clone(&self.handler),
            on_failure: Arc::new(move |gone| discarded.lock().unwrap().push(gone)),
            clock: clock(&self.now_millis),
        };
        Mapping::start(config, parts)
    }

    /// The next call is answered so, after those told already.
    pub(crate) fn answer(&self, answer: impl FnOnce(&KinesisEvent) -> Answer + Send + 'static) {
        self.handler.answers.lock().unwrap().push_back(Box::new(answer));
    }

    /// Every call that nothing was told about is answered so.
    pub(crate) fn always(&self, answer: impl Fn(&KinesisEvent) -> Answer + Send + 'static) {
        *self.handler.always.lock().unwrap() = Some(Box::new(answer));
    }

    /// Puts records of one key that hold these texts.
    pub(crate) async fn put(&self, texts: &[&str]) -> Vec<Stored> {
        self.put_for("key", texts).await
    }

    pub(crate) async fn put_for(&self, key: &str, texts: &[&str]) -> Vec<Stored> {
        let data = |text: &&str| Bytes::copy_from_slice(text.as_bytes());
        let entries = texts.iter().map(|text| PutEntry { partition_key: key.to_string(), data: data(text) });
        let results = self.stream.put_records(entries.collect()).await.unwrap();
        results.into_iter().map(|result| result.unwrap()).collect()
    }

    pub(crate) async fn next_event(&mut self) -> KinesisEvent {
        timeout(LONG, self.calls.recv()).await.expect("the handler is called").unwrap()
    }

    /// What the next call's records hold.
    pub(crate) async fn next(&mut self) -> Vec<String> {
        texts(&self.next_event().await)
    }

    /// Nothing is called any more.
    pub(crate) async fn is_quiet(&mut self) {
        let call = timeout(LONG, self.calls.recv()).await.ok().flatten();
        assert!(call.is_none(), "called with {:?}", call.as_ref().map(texts));
    }
}

fn clock(now_millis: &Arc<AtomicI64>) -> Clock {
    let now_millis = Arc::clone(now_millis);
    Arc::new(move || now_millis.load(Ordering::SeqCst))
}

/// A mapping's settings for these tests: `live`, and whatever else is Lambda's default.
pub(crate) fn config() -> MappingConfig {
    MappingConfig::new("live")
}
