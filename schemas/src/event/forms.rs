//! Events whose texts and lists are elsewhere.

use super::{BodyOf, DescriptionOf, Event, EventOf, Pairs, QuizEventOf, SentEventOf, Source, SourceId, VideoEventOf};

/// Where the texts and lists of events are.
pub trait Resolve<T, L> {
    /// A text.
    fn text<'t>(&'t self, text: &'t T) -> &'t str;

    /// A list of segments.
    fn pairs<'t>(&'t self, pairs: &'t L) -> &'t [(i64, i64)];
}

/// Events have them themselves.
#[derive(Debug, Clone, Copy)]
pub struct Owned;

impl Resolve<String, Pairs> for Owned {
    fn text<'t>(&'t self, text: &'t String) -> &'t str {
        text
    }

    fn pairs<'t>(&'t self, pairs: &'t Pairs) -> &'t [(i64, i64)] {
        pairs
    }
}

impl<T, L> EventOf<T, L> {
    /// The event with texts of its own.
    pub fn owned(&self, texts: &impl Resolve<T, L>) -> Event {
        self.map(|text| texts.text(text).to_string(), |list| texts.pairs(list).to_vec())
    }

    /// The same event with each text and each list put in another form.
    pub(crate) fn map<'e, U, M>(&'e self, text: impl Fn(&'e T) -> U, list: impl Fn(&'e L) -> M) -> EventOf<U, M> {
        EventOf {
            id: self.id,
            learner: self.learner,
            course: text(&self.course),
            session: self.session.as_ref().map(&text),
            role: self.role,
            title: self.title.as_ref().map(&text),
            time_millis: self.time_millis,
            arrival_millis: self.arrival_millis,
            zone_offset_minutes: self.zone_offset_minutes,
            settings_version: self.settings_version,
            flags: self.flags,
            protocol: self.protocol,
            source: match &self.source {
                Source::None => Source::None,
                Source::Given(id) => Source::Given(text(id)),
                Source::InId => Source::InId,
            },
            body: self.body.map(text, list),
        }
    }
}

impl<T> SentEventOf<T> {
    /// The same event with each text put in another form.
    pub(crate) fn map<'e, U>(&'e self, text: impl Fn(&'e T) -> U) -> SentEventOf<U> {
        SentEventOf {
            source_id: match &self.source_id {
                SourceId::Given(id) => SourceId::Given(text(id)),
                SourceId::Content(digest) => SourceId::Content(*digest),
            },
            time_millis: self.time_millis,
            learner: self.learner.as_ref().map(&text),
            course: text(&self.course),
            session: self.session.as_ref().map(&text),
            role: self.role,
            title: self.title.as_ref().map(&text),
            flags: self.flags,
            body: self.body.map(text, Pairs::clone),
        }
    }
}

impl<T, L> BodyOf<T, L> {
    fn map<'e, U, M>(&'e self, text: impl Fn(&'e T) -> U, list: impl Fn(&'e L) -> M) -> BodyOf<U, M> {
        match self {
            BodyOf::Video(video) => BodyOf::Video(VideoEventOf {
                action: video.action,
                video: text(&video.video),
                position_millis: video.position_millis,
                to_millis: video.to_millis,
                length_millis: video.length_millis,
                rate: video.rate,
                threshold: video.threshold,
                segments: video.segments.as_ref().map(list),
            }),
            BodyOf::Quiz(quiz) => BodyOf::Quiz(quiz.map(text)),
            BodyOf::Viewed { object } => BodyOf::Viewed { object: text(object) },
            BodyOf::Enrolled => BodyOf::Enrolled,
            BodyOf::Unenrolled => BodyOf::Unenrolled,
            BodyOf::Completed => BodyOf::Completed,
            BodyOf::Described(described) => BodyOf::Described(DescriptionOf {
                object: text(&described.object),
                section: described.section.as_ref().map(&text),
                position: described.position,
                length_millis: described.length_millis,
                url: described.url.as_ref().map(&text),
            }),
        }
    }
}

impl<T> QuizEventOf<T> {
    fn map<'e, U>(&'e self, text: impl Fn(&'e T) -> U) -> QuizEventOf<U> {
        QuizEventOf {
            action: self.action,
            quiz: text(&self.quiz),
            question: self.question.as_ref().map(&text),
            attempt: self.attempt,
            attempt_id: self.attempt_id.as_ref().map(&text),
            response: self.response.as_ref().map(&text),
            correct: self.correct,
            score: self.score,
            max_score: self.max_score,
            scaled: self.scaled,
            elapsed_millis: self.elapsed_millis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_events_have_their_texts_and_lists_themselves() {
        assert_eq!(Owned.text(&"açaí".to_string()), "açaí");
        assert_eq!(Owned.pairs(&vec![(2, 3), (5, 7)]), [(2, 3), (5, 7)]);
    }
}
