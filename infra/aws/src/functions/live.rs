//! The live processor: records into learner items and views.

use std::sync::Arc;

use lambda_runtime::Error;
use trilha_live_dynamodb::DynamoTable;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;
use trilha_serve::clock;
use trilha_stream::port::Stream;
use trilha_stream_kinesis::KinesisStream;

use super::Warm;
use super::batches::{Batches, run as take_batches};
use crate::report::{Reporter, Totals};
use crate::wiring::{Aws, AwsStrays};

/// What the warm items of one shard may take in memory.
pub const WARM_BYTES: usize = 32 * 1024 * 1024;

/// Takes batches from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("live", clock::system());
    take_batches(Warm::new(open), reporter).await
}

async fn open() -> anyhow::Result<Batches<LiveProcessor<DynamoTable, LazyStrays>>> {
    let aws = Arc::new(Aws::from_environment().await?);
    let stream = aws.stream().await?;
    let (table, incarnation) = (aws.live_table()?, stream.incarnation().to_string());
    let strays = LazyStrays::new(Arc::clone(&aws), stream);
    let totals = {
        let strays = strays.clone();
        Arc::new(move || Totals { quarantined: strays.kept(), ..aws.totals() })
    };
    let processor = LiveProcessor::new(table, strays, incarnation, WARM_BYTES);
    Ok(Batches { processor, totals })
}

/// Strays that read the keys when the first record comes that is not folded: most processes never see one.
#[derive(Clone)]
struct LazyStrays(Arc<Warm<AwsStrays>>);

impl LazyStrays {
    fn new(aws: Arc<Aws>, stream: Arc<KinesisStream>) -> LazyStrays {
        LazyStrays(Arc::new(Warm::new(move || {
            let (aws, stream) = (Arc::clone(&aws), Arc::clone(&stream));
            async move {
                let keys = aws.keys().await?;
                let stores = aws.stores(&keys)?;
                aws.strays(&stream, &aws.collector(&stream, &stores, &keys)?, &stores)
            }
        })))
    }

    fn kept(&self) -> u64 {
        self.0.made().map_or(0, |strays| strays.quarantine.kept())
    }
}

impl Strays for LazyStrays {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        self.0.get().await?.damaged(stray, reason).await
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        self.0.get().await?.foreign(stray).await
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        self.0.get().await?.misplaced(tenant, events).await
    }
}
