//! What happens around the product: clients that send, pollers that deliver, a schedule that compacts, a stream that is
//! resharded, other producers.

pub mod client;
pub mod compaction;
pub mod foreign;
pub mod mapping;
pub mod redrive;
pub mod reshard;
