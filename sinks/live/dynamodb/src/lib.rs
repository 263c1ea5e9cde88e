//! The live tables on DynamoDB.
//!
//! [`DynamoTable`] is the port; `item` says how an item is laid out, `kind` which word tells a person what it is. It must
//! not know what an item's value means.
//!
//! | attribute | type | what it holds | bytes of its name |
//! | --- | --- | --- | --- |
//! | `pk` | S | the partition key, readable: `tenant│1│course│algebra` | 2 |
//! | `sk` | S | the sort key, readable: `video│lesson-1│one/shardId-000000000000` | 2 |
//! | `kind` | S | what it is, for who opens it in the console: `video view` | 4 |
//! | `watermarks` | M | by shard, a sequence number as B, big-endian, 24 bytes wide (54 beyond 57 digits) | 10 |
//! | `value` | B | the content, packed | 5 |
//!
//! (│ stands for `|`.) With the 3 bytes of a map and the word itself that is at most 42 bytes beside keys, watermarks and
//! value, of the 1,024 that a write unit pays for. Nothing here expires.

#![warn(missing_docs)]

mod item;
mod kind;
mod table;

pub use table::DynamoTable;
