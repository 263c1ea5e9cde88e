//! A request's whole body: split into native events, read and collected. One without any JSON is kept as it came.

use std::borrow::Cow;

use thiserror::Error;
use trilha_schemas::event::Protocol;
use trilha_schemas::native;
use trilha_schemas::reader::{Code, Refusal};
use trilha_stream::port::Stream;

use super::{Arrival, CollectError, Collector, Receipt, Sent};
use crate::credential::Credential;
use crate::identities::Identities;
use crate::quarantine::Quarantine;
use crate::settings::SettingsStore;

/// The most events in a request.
pub const MAX_EVENTS: usize = 1_000;

/// Why no event of a body was taken.
#[derive(Debug, Error)]
pub enum RequestError {
    /// More than [`MAX_EVENTS`]: so many.
    #[error("{0} events in one request")]
    TooManyEvents(usize),
    /// It holds no JSON; unless it is empty, it is in quarantine.
    #[error("{0}")]
    Refused(Refusal),
    /// The collector took none.
    #[error("{0}")]
    Collect(#[from] CollectError),
}

impl<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore> Collector<S, I, Q, C> {
    /// Takes the native events of one body, as they arrive: see [`Collector::collect`].
    ///
    /// # Errors
    /// [`RequestError`], with no event accepted.
    pub async fn collect_body(
        &self,
        credential: &Credential,
        now_millis: i64,
        body: &[u8],
    ) -> Result<Receipt, RequestError> {
        let refusal = match read(body) {
            Ok(Events::Read(sent)) => match nothing_but_garbage(&sent) {
                Some(refusal) => refusal,
                None => {
                    let arrival = Arrival::Live { now_millis };
                    return Ok(self.collect(credential, Protocol::Native, arrival, sent).await?);
                }
            },
            Ok(Events::TooMany(count)) => return Err(RequestError::TooManyEvents(count)),
            Err(refusal) => refusal,
        };
        if !body.is_empty() {
            Box::pin(self.keep_body(credential, Protocol::Native, now_millis, &refusal, body)).await?;
        }
        Err(RequestError::Refused(refusal))
    }
}

/// An event whose texts are where the body has them.
type InBody<'a> = Sent<'a, Cow<'a, str>>;

/// What a body holds.
enum Events<'a> {
    Read(Vec<InBody<'a>>),
    TooMany(usize),
}

fn read<'a>(body: &'a [u8]) -> Result<Events<'a>, Refusal> {
    let invalid = |message| Refusal::new(Code::InvalidJson, "", message);
    let text = simdutf8::basic::from_utf8(body).map_err(|_| invalid("the body is not UTF-8"))?;
    // A byte order mark, as some editors and shells write it: files may begin with one, too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().is_empty() {
        return Err(invalid("the body is empty"));
    }
    let keep = |index, text: &'a str, read| Sent { index, raw: text.as_bytes(), read, about: None };
    if let Some(sent) = native::read_each(text, MAX_EVENTS, keep) {
        return Ok(Events::Read(sent));
    }
    let texts = native::split(text)?;
    if texts.len() > MAX_EVENTS {
        return Ok(Events::TooMany(texts.len()));
    }
    Ok(Events::Read(
        texts.into_iter().enumerate().map(|(index, text)| keep(index, text, native::read_in_place(text))).collect(),
    ))
}

/// Why a body holds no JSON at all. An empty array does.
fn nothing_but_garbage(sent: &[InBody<'_>]) -> Option<Refusal> {
    let invalid =
        |sent: &InBody<'_>| sent.read.as_ref().err().filter(|refusal| refusal.code == Code::InvalidJson).cloned();
    let first = sent.first().and_then(invalid)?;
    sent.iter().all(|sent| invalid(sent).is_some()).then_some(first)
}
