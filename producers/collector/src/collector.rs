//! The collector's core, without HTTP: events as they were sent come in, records go out, a receipt says what became of
//! each.
//!
//! In this order: authorise and check times (`intake`), pseudonymise and stamp (`stamp`), pack, keep what was refused,
//! put. So a failure before the put has written no event, and a receipt comes only after everything in it is durable.

mod intake;
mod put;
mod receipt;
mod request;
mod stamp;

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::tz::TimeZone;
use thiserror::Error;
use trilha_schemas::event::{Protocol, SentEventOf};
use trilha_schemas::ids::{Bucket, Pseudonym};
use trilha_schemas::native;
use trilha_schemas::reader::{Code, Refusal};
use trilha_schemas::record::{Few, Together, pack_together};
use trilha_stream::port::{PutEntry, Stream};

pub use receipt::{CollectError, RETRY_AFTER_SECONDS, Receipt, Rejected};
pub use request::{MAX_EVENTS, RequestError};

use crate::credential::{Credential, KeyRing};
use crate::identities::{Identities, IdentityError};
use crate::pseudonym::{Pseudonyms, Rows, Tenant};
use crate::quarantine::{Quarantine, Rejection, Sending};
use crate::random::{OsRandom, Randomness};
use crate::settings::SettingsStore;
use intake::Refused;

/// When events arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Now. An event without a time counts in totals alone.
    Live {
        /// The clock, in milliseconds since 1970 UTC.
        now_millis: i64,
    },
    /// At the event's own time; an event without one is refused.
    Replay {
        /// The clock, in milliseconds since 1970 UTC: what is refused stays in quarantine for 30 days from now.
        now_millis: i64,
    },
}

/// One event as it was sent; `T` is what its texts are.
#[derive(Debug)]
pub struct Sent<'a, T = String> {
    /// Its place in the request, by which the receipt names it. Events of one document share it.
    pub index: usize,
    /// The bytes it came as; kept if it is refused.
    pub raw: &'a [u8],
    /// What the reader made of it.
    pub read: Result<SentEventOf<T>, Refusal>,
    /// The learner that a refused event is about, where the caller could read one. Native events are looked at here.
    pub about: Option<&'a str>,
}

impl<'a> Sent<'a> {
    /// A native event, from its text.
    pub fn native(index: usize, text: &'a str) -> Sent<'a> {
        Sent { index, raw: text.as_bytes(), read: native::read(text), about: None }
    }
}

impl<T: AsRef<str>> Sent<'_, T> {
    fn event(&self) -> Option<&SentEventOf<T>> {
        self.read.as_ref().ok()
    }

    fn learner(&self) -> Option<&str> {
        self.event()?.learner.as_ref().map(AsRef::as_ref)
    }

    fn course(&self) -> Option<&str> {
        Some(self.event()?.course.as_ref())
    }
}

/// Waits; tests pass one that does not.
pub type Sleep = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The runtime's own.
pub fn tokio_sleep() -> Sleep {
    Arc::new(|duration| Box::pin(tokio::time::sleep(duration)))
}

/// Where the collector writes to.
pub struct Ports<S, I, Q, C> {
    /// Takes the records.
    pub stream: Arc<S>,
    /// Maps pseudonyms back.
    pub identities: Arc<I>,
    /// Keeps what is refused.
    pub quarantine: Arc<Q>,
    /// Courses' settings.
    pub settings: Arc<C>,
}

/// The time zone's name is in no database.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no time zone is called {0:?}")]
pub struct UnknownZone(String);

/// The collector's core. One per process; calls may run at the same time.
pub struct Collector<S, I, Q, C> {
    stream: Arc<S>,
    pseudonyms: Pseudonyms<I>,
    quarantine: Arc<Q>,
    settings: Arc<C>,
    default_zone: stamp::Zone,
    backoff: put::Backoff,
}

impl<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore> Collector<S, I, Q, C> {
    /// A collector for the ring's tenants. Courses that are new get `default_zone`, an IANA name, for ever.
    ///
    /// # Errors
    /// [`UnknownZone`].
    pub fn new(
        ports: Ports<S, I, Q, C>,
        keys: &KeyRing,
        default_zone: &str,
        sleep: Sleep,
    ) -> Result<Collector<S, I, Q, C>, UnknownZone> {
        let zone = TimeZone::get(default_zone).map_err(|_| UnknownZone(default_zone.to_string()))?;
        Ok(Collector {
            stream: ports.stream,
            pseudonyms: Pseudonyms::new(ports.identities, keys),
            quarantine: ports.quarantine,
            settings: ports.settings,
            default_zone: stamp::Zone { name: default_zone.to_string(), zone },
            backoff: put::Backoff { sleep, random: Arc::new(OsRandom) },
        })
    }

    /// The same with another source of chance, by which waits between attempts differ; tests pass one that repeats.
    #[must_use]
    pub fn with_randomness(mut self, random: Arc<dyn Randomness>) -> Self {
        self.backoff.random = random;
        self
    }

    /// Takes the events of one request. What it answers is durable: what was accepted on the stream, what was refused in
    /// the quarantine. Events that the stream did not take are rejected with the code `try_again`.
    ///
    /// # Errors
    /// [`CollectError`], with no event accepted.
    pub async fn collect<T: AsRef<str>>(
        &self,
        credential: &Credential,
        protocol: Protocol,
        arrival: Arrival,
        mut sent: Vec<Sent<'_, T>>,
    ) -> Result<Receipt, CollectError> {
        let name = credential.tenant();
        let tenant = self.pseudonyms.tenant(name).ok_or(CollectError::UnknownTenant)?;
        let mut refused = intake::take_refused(credential, protocol, arrival, &mut sent);
        let events = self.stamp(name, tenant, protocol, arrival, &sent).await?;
        let mut packed = pack_together(name, &events);
        refused.extend(packed.too_large.iter().map(|at| too_large_for_a_record(&events[*at])));
        if !refused.is_empty() {
            Box::pin(self.keep(credential, protocol, arrival, &refused)).await?;
        }
        let records = Records::from(&mut packed);
        let failures = put::put_all(&self.stream, &records, &self.backoff).await;
        receipt::receipt(&records, &failures, |at| events[at].sent.index, refused)
    }

    /// Keeps a whole body that holds no events; durable when it answers.
    ///
    /// # Errors
    /// [`CollectError::Unavailable`].
    pub async fn keep_body(
        &self,
        credential: &Credential,
        protocol: Protocol,
        now_millis: i64,
        refusal: &Refusal,
        body: &[u8],
    ) -> Result<(), CollectError> {
        let rejection = Rejection::of_request(credential.tenant(), protocol, now_millis, refusal, body);
        let sending = Some(Sending { by: credential.clone(), replayed: false });
        self.quarantine.keep(vec![Rejection { sending, ..rejection }]).await?;
        Ok(())
    }

    /// Forgets the pseudonym of a learner who was just erased, so that their next event gets a new one.
    pub fn forget(&self, tenant: &str, learner: &str) {
        if let Some(tenant) = self.pseudonyms.tenant(tenant) {
            tenant.forget(learner);
        }
    }

    /// Stamps what is left of a request: events.
    async fn stamp<'a, T: AsRef<str>>(
        &self,
        name: &str,
        tenant: &Tenant,
        protocol: Protocol,
        arrival: Arrival,
        sent: &'a [Sent<'a, T>],
    ) -> Result<Vec<stamp::Stamped<'a, T>>, CollectError> {
        let learners = || sent.iter().map(Sent::learner);
        // Nearly all were there before.
        let mut pseudonyms = Few::new();
        if !tenant.known(learners(), &mut pseudonyms) {
            pseudonyms = Box::pin(self.learners(name, stamp::Distinct::of(learners()))).await?;
        }
        let courses = stamp::Distinct::of(sent.iter().map(Sent::course));
        let settings = self.settings.in_force_or_first(name, courses.values(), &self.default_zone.name).await?;
        let mut stamps = Few::new();
        settings.iter().for_each(|settings| stamps.push(stamp::Course::new(settings, &self.default_zone)));
        let batch = stamp::Batch { tenant: name, protocol, arrival };
        let mut events = Vec::with_capacity(sent.len());
        for (at, (sent, learner)) in sent.iter().zip(&pseudonyms).enumerate() {
            let (Ok(event), Some(course)) = (&sent.read, courses.place(at)) else { continue };
            let learner = learner.unwrap_or_else(|| tenant.of_object(event.course.as_ref(), event.body.object()));
            events.push(batch.stamp(sent, event, learner, &stamps[course]));
        }
        Ok(events)
    }

    /// The pseudonym of each event's learner, `None` where nobody acts.
    async fn learners(
        &self,
        name: &str,
        learners: stamp::Distinct<'_>,
    ) -> Result<Few<Option<Pseudonym>>, IdentityError> {
        let pseudonyms = self.pseudonyms.resolve(name, learners.values(), Rows::Add).await?;
        Ok(learners.places().map(|place| place.map(|place| pseudonyms[place])).collect())
    }

    /// Keeps refused events, each under the pseudonym of the learner that it is about.
    async fn keep(
        &self,
        credential: &Credential,
        protocol: Protocol,
        arrival: Arrival,
        refused: &[Refused<'_>],
    ) -> Result<(), CollectError> {
        let tenant = credential.tenant();
        let sending = Sending { by: credential.clone(), replayed: matches!(arrival, Arrival::Replay { .. }) };
        let documents = intake::by_document(refused);
        let learners = stamp::Distinct::of(documents.iter().map(|(refused, _)| refused.about.as_deref()));
        let pseudonyms = self.pseudonyms.resolve(tenant, learners.values(), Rows::Leave).await?;
        let rejections = documents.iter().zip(learners.places()).map(|((refused, refusal), about)| {
            let (Arrival::Live { now_millis } | Arrival::Replay { now_millis }) = arrival;
            let rejection = Rejection::of_request(tenant, protocol, now_millis, refusal, refused.raw);
            let pseudonym = refused.pseudonym.or(about.map(|at| pseudonyms[at]));
            Rejection { pseudonym, sending: Some(sending.clone()), ..rejection }
        });
        self.quarantine.keep(rejections.collect()).await?;
        Ok(())
    }
}

/// The records that are put, and which of the request's events are in each.
struct Records<'a> {
    packed: &'a Together,
    data: Bytes,
}

impl<'a> From<&'a mut Together> for Records<'a> {
    /// Takes the bytes.
    fn from(packed: &'a mut Together) -> Records<'a> {
        let data = Bytes::from(mem::take(&mut packed.bytes));
        Records { packed, data }
    }
}

impl Records<'_> {
    fn len(&self) -> usize {
        self.packed.records.len()
    }

    /// The bytes of a record.
    fn data(&self, at: usize) -> &[u8] {
        &self.data[self.packed.records[at].bytes.clone()]
    }

    /// Each event of a record: its bucket, and which of the request's it is.
    fn places(&self, at: usize) -> &[(Bucket, usize)] {
        &self.packed.places[self.packed.records[at].places.clone()]
    }

    fn entry(&self, at: usize) -> PutEntry {
        let (bucket, _) = self.places(at)[0];
        let data = self.data.slice(self.packed.records[at].bytes.clone());
        PutEntry { partition_key: bucket.partition_key(), data }
    }
}

fn too_large_for_a_record<'a, T>(event: &stamp::Stamped<'a, T>) -> Refused<'a> {
    let refusal = Refusal::new(Code::TooLarge, "", "the event does not fit a stream record of 256 KiB");
    let stamp::Stamped { sent, learner, .. } = event;
    Refused { index: sent.index, raw: sent.raw, refusal, about: None, pseudonym: Some(*learner) }
}
