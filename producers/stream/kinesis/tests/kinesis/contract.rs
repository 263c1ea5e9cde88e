//! The port's contract.

mod kinesis_local {
    use crate::support::{StandIn, fresh};

    trilha_stream::stream_contract!(match fresh(StandIn::KinesisLocal).await {
        Some(fresh) => fresh,
        None => return,
    });
}

mod ministack {
    use trilha_stream_kinesis::KinesisStream;

    use crate::support::proxy::{Call, Fault, Proxy};
    use crate::support::{PATIENCE, StandIn, World};

    /// It takes 5 MB a call, as Kinesis once did: the proxy parts what is more.
    fn part_large_puts(call: &Call) -> Fault {
        let is_large = call.is("PutRecords") && call.body.to_string().len() > 6_000_000;
        if is_large { Fault::InParts(10) } else { Fault::None }
    }

    async fn fresh() -> Option<((World, Proxy), KinesisStream)> {
        let world = World::new(StandIn::Ministack, 2).await?;
        let proxy = Proxy::start(&world.endpoint, part_large_puts).await;
        let stream = world.stream_at(&proxy.endpoint, PATIENCE).await;
        Some(((world, proxy), stream))
    }

    trilha_stream::stream_contract!(match fresh().await {
        Some(fresh) => fresh,
        None => return,
    });
}
