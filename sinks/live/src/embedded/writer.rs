//! The thread that makes pending puts durable.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use super::{Opened, Shared, store};

pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("live-table-writer".to_string()).spawn(move || run(&shared))
}

fn run(shared: &Shared) {
    let Opened::Writer(database) = &shared.database else { return };
    while let Some(batch) = shared.pending.next_batch() {
        // With nothing pending, the writes before this one have made everything durable.
        let result = if batch.items.is_empty() { Ok(()) } else { store::write(database, &batch.items) };
        let result = result.map_err(|error| error.to_string());
        if let Err(reason) = &result {
            tracing::error!(reason, "live table not written");
        }
        if !shared.pending.done(batch, result) {
            return;
        }
    }
}
