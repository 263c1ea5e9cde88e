//! Where domain events go: the port, and an implementation in memory.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use super::event::DomainEvent;

/// Events were not taken, or not all of them; sending them again is harmless.
#[derive(Debug, Error)]
#[error("domain events could not be published: {0}")]
pub struct SinkError(pub String);

/// Takes domain events.
pub trait EventSink: Send + Sync + 'static {
    /// Takes all of these events, durably, before it answers. It is called with any number of them, and again with some
    /// that it had taken: their ids are the same.
    fn publish(&self, events: Vec<DomainEvent>) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// Events in memory, in order; for tests.
#[derive(Debug, Default)]
pub struct MemorySink {
    events: Mutex<Vec<DomainEvent>>,
}

impl MemorySink {
    /// What was published since this was asked last.
    pub fn take(&self) -> Vec<DomainEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EventSink for MemorySink {
    async fn publish(&self, events: Vec<DomainEvent>) -> Result<(), SinkError> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        Ok(())
    }
}

impl<E: EventSink> EventSink for std::sync::Arc<E> {
    async fn publish(&self, events: Vec<DomainEvent>) -> Result<(), SinkError> {
        self.as_ref().publish(events).await
    }
}
