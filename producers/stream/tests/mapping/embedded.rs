//! The mapping over the embedded stream and its checkpoints.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_stream::embedded::EmbeddedStream;
use trilha_stream::mapping::{Handler, HandlerError, Mapping, MappingConfig, Parts};
use trilha_stream::port::{PutEntry, Stream};

use crate::support::texts;

#[derive(Default)]
struct Collecting(Mutex<Vec<String>>);

impl Handler for Collecting {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        self.0.lock().unwrap().extend(texts(&event));
        Ok(KinesisEventResponse::default())
    }
}

fn open(folder: &Path) -> Arc<EmbeddedStream> {
    Arc::new(EmbeddedStream::open(folder, 4, [1; 16], Arc::new(|| 1_700_000_000_000)).unwrap())
}

fn start(stream: &Arc<EmbeddedStream>, handler: &Arc<Collecting>) -> Mapping<EmbeddedStream> {
    let parts = Parts {
        stream: Arc::clone(stream),
        checkpoints: Arc::new(stream.checkpoints()),
        handler: Arc::clone(handler),
        on_failure: Arc::new(|gone| panic!("{gone:?}")),
        clock: Arc::new(|| 1_700_000_000_000),
    };
    Mapping::start(MappingConfig { batch_size: 7, ..MappingConfig::new("live") }, parts)
}

async fn put(stream: &EmbeddedStream, range: std::ops::Range<usize>) {
    let entry = |at: usize| PutEntry { partition_key: format!("key {at}"), data: at.to_string().into_bytes().into() };
    let results = stream.put_records(range.map(entry).collect()).await.unwrap();
    assert!(results.iter().all(Result::is_ok));
}

#[tokio::test]
async fn every_record_comes_once_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let handler = Arc::new(Collecting::default());
    for round in 0..3 {
        let stream = open(folder.path());
        put(&stream, round * 200..round * 200 + 100).await;
        let mapping = start(&stream, &handler);
        put(&stream, round * 200 + 100..round * 200 + 200).await;
        mapping.drained().await.unwrap();
        mapping.stop().await;
    }
    let seen = handler.0.lock().unwrap().clone();
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (600, 600));
}
