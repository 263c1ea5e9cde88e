//! The port's contract.

mod kinesis_local {
    use crate::support::{StandIn, fresh};

    trilha_stream::stream_contract!(match fresh(StandIn::KinesisLocal).await {
        Some(fresh) => fresh,
        None => return,
    });
}

mod ministack {
    use crate::support::{StandIn, fresh};

    trilha_stream::stream_contract!(match fresh(StandIn::Ministack).await {
        Some(fresh) => fresh,
        None => return,
    });
}
