//! For tests: a manifest and a storage that fail, or stop for good, at one call of a plan. Both count their calls
//! together.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::Notify;
use trilha_schemas::sequence::SequenceNumber;

use crate::error::LakeError;
use crate::manifest::{
    Backlog, Commit, Committed, Generation, Manifest, ManifestError, PendingRows, Publication, Published,
};
use crate::partition::Partition;
use crate::storage::{Storage, UNFINISHED};

/// What happens at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and does nothing.
    Before,
    /// It fails and has been done.
    After,
    /// The process dies before it: this call and all later ones fail and do nothing.
    Crash,
    /// It never answers, nor is it done: the caller waits until it is dropped.
    Silence,
}

/// The plan, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
    under_way: AtomicUsize,
    /// Told when a call is silent.
    pub(crate) silent: Notify,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<String>,
    plan: Option<(usize, Fault)>,
    has_struck: bool,
}

impl Faults {
    /// Counts calls from zero again, of which the n-th goes wrong. An earlier plan is void.
    pub(crate) fn plan(&self, call: usize, fault: Fault) {
        *self.state.lock().unwrap() = State { plan: Some((call, fault)), ..State::default() };
    }

    /// Counts calls from zero again, and nothing goes wrong.
    pub(crate) fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Whether the fault has come to pass.
    pub(crate) fn have_struck(&self) -> bool {
        self.state.lock().unwrap().has_struck
    }

    /// The calls so far, by name.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    fn count(&self, call: String) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let number = state.calls.len();
        state.calls.push(call);
        let fault = state.plan.filter(|(at, fault)| number == *at || (number > *at && *fault == Fault::Crash));
        state.has_struck |= fault.is_some();
        fault.map(|(_, fault)| fault)
    }

    /// Makes a call; no other may be under way.
    async fn call<T, E: Planned>(&self, name: String, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let _under_way = UnderWay::begin(self);
        let fault = self.count(name);
        // Whoever else wanted to make a call could do so now.
        tokio::task::yield_now().await;
        match fault {
            None => call.await,
            Some(Fault::Before | Fault::Crash) => Err(E::planned()),
            Some(Fault::After) => call.await.and_then(|_| Err(E::planned())),
            Some(Fault::Silence) => {
                self.silent.notify_one();
                pending().await
            }
        }
    }
}

struct UnderWay<'a>(&'a Faults);

impl UnderWay<'_> {
    fn begin(faults: &Faults) -> UnderWay<'_> {
        assert_eq!(faults.under_way.fetch_add(1, Ordering::SeqCst), 0, "two calls at once");
        UnderWay(faults)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

trait Planned {
    fn planned() -> Self;
}

impl Planned for LakeError {
    fn planned() -> LakeError {
        LakeError::Unavailable("as planned".to_string())
    }
}

impl Planned for ManifestError {
    fn planned() -> ManifestError {
        ManifestError::Unavailable("as planned".to_string())
    }
}

/// A manifest or a storage whose calls go wrong as planned.
#[derive(Debug, Default)]
pub(crate) struct Faulty<T> {
    pub(crate) inner: T,
    faults: Arc<Faults>,
    /// A manifest names at most so many pending files.
    pub(crate) most_pending: Option<usize>,
}

impl<T> Faulty<T> {
    pub(crate) fn new(inner: T, faults: &Arc<Faults>) -> Arc<Faulty<T>> {
        Arc::new(Faulty { inner, faults: faults.clone(), most_pending: None })
    }
}

impl<M: Manifest> Manifest for Faulty<M> {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        self.faults.call("next_writer".to_string(), self.inner.next_writer()).await
    }
    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        self.faults.call(format!("watermark {shard}"), self.inner.watermark(shard)).await
    }
    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        self.faults.call("watermarks".to_string(), self.inner.watermarks()).await
    }
    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        self.faults.call(format!("commit {}", commit.shard), self.inner.commit(commit)).await
    }
    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        self.faults.call(format!("is_listed {file}"), self.inner.is_listed(file)).await
    }
    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        self.faults.call("backlog".to_string(), self.inner.backlog()).await
    }
    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        let pending =
            self.faults.call(format!("pending {}", partition.folder()), self.inner.pending(partition)).await?;
        Ok(pending.into_iter().take(self.most_pending.unwrap_or(usize::MAX)).collect())
    }
    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        self.faults.call(format!("generation {}", partition.folder()), self.inner.generation(partition)).await
    }
    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.faults.call("generations".to_string(), self.inner.generations()).await
    }
    async fn unsettled(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.faults.call("unsettled".to_string(), self.inner.unsettled()).await
    }
    async fn note_settled(&self, partition: &Partition, generation: u64) -> Result<(), ManifestError> {
        let call = format!("note_settled {} {generation}", partition.folder());
        self.faults.call(call, self.inner.note_settled(partition, generation)).await
    }
    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        self.faults.call("publish".to_string(), self.inner.publish(publications)).await
    }
    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        self.faults.call("absorbed".to_string(), self.inner.absorbed()).await
    }
    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        self.faults.call("forget".to_string(), self.inner.forget(files)).await
    }
}

impl<S: Storage> Storage for Faulty<S> {
    /// Two steps: half a file, then the file.
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        let unfinished = format!("{name}{UNFINISHED}");
        let half = self.inner.put_landing(&unfinished, content.slice(..content.len() / 2));
        self.faults.call(format!("put_landing {unfinished}"), half).await?;
        let finish = async {
            self.inner.put_landing(name, content).await?;
            self.inner.remove_landing(&unfinished).await
        };
        self.faults.call(format!("put_landing {name}"), finish).await
    }
    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        self.faults.call(format!("get_landing {name}"), self.inner.get_landing(name)).await
    }
    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        self.faults.call("list_landing".to_string(), self.inner.list_landing()).await
    }
    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        self.faults.call(format!("remove_landing {name}"), self.inner.remove_landing(name)).await
    }
    async fn claim(&self, partition: &Partition, after: u64) -> Result<u64, LakeError> {
        self.faults.call(format!("claim {}", partition.folder()), self.inner.claim(partition, after)).await
    }
    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        let call = format!("put_part {}/{name}", partition.folder());
        self.faults.call(call, self.inner.put_part(partition, name, content)).await
    }
    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        self.faults.call(format!("make_durable {}", partition.folder()), self.inner.make_durable(partition)).await
    }
    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        let call = format!("show {} {generation}", partition.folder());
        self.faults.call(call, self.inner.show(partition, generation)).await
    }
    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        self.faults.call(format!("remove_waiting {}", partition.folder()), self.inner.remove_waiting(partition)).await
    }
    async fn still_waits(&self, partition: &Partition) -> Result<bool, LakeError> {
        self.faults.call(format!("still_waits {}", partition.folder()), self.inner.still_waits(partition)).await
    }
    async fn remove_waste(&self) -> Result<(), LakeError> {
        self.faults.call("remove_waste".to_string(), self.inner.remove_waste()).await
    }
    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        let call = format!("get_part {}/{name}", partition.folder());
        self.faults.call(call, self.inner.get_part(partition, name)).await
    }
}
