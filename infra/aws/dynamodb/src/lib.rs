//! DynamoDB as the adapters need it: conditional puts that answer with the item that is there, reads and queries to
//! their end, transactions, and a count of the capacity that AWS charged.
//!
//! Every table has a partition key [`PARTITION`] and a sort key [`SORT`], both text. It must not know what items mean.
//! The SDK may repeat a call by itself: a conditional put that was applied and answered with a failure is then refused,
//! with the caller's own item as the one that is there. Who uses conditions has to look at that item.

#![warn(missing_docs)]

mod backoff;
mod condition;
mod consumed;
mod create;
mod error;
mod size;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod transaction;

pub use condition::Condition;
pub use consumed::Units;
pub use create::{create_table, drop_table};
pub use error::TableError;
pub use size::{MAX_ITEM_BYTES, item_bytes};
pub use table::{Attributes, PARTITION, Page, SORT, Table, Written, key};
pub use transaction::{Transacted, Write};
