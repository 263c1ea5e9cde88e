//! What one learner answered in one quiz, and what an event changes in it and in the class's totals.

mod attempts;
mod standing;
mod stored;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use trilha_schemas::event::{BodyOf, Event, EventOf, Owned, Protocol, QuizAction, QuizEventOf, Resolve, Score};
use trilha_schemas::ids::{EventId, first_16};
use trilha_schemas::packing::Damaged;
use trilha_schemas::reader::{cut, end_of_cut};

use crate::ids::{IdSet, id_hash};
use crate::views::{QuestionView, QuizView};
use crate::{Folded, ITEM_HEADER_BYTES, MAX_ITEM_BYTES, MAX_ITEM_EVENTS};
use attempts::Attempt;

/// What an answer is counted with beside its texts. An item is full of bytes before it is of events.
const ANSWER_BYTES: usize = 8 + 2 + 7 + 5 + 4 + 2;
const _: () = assert!(MAX_ITEM_BYTES / ANSWER_BYTES < MAX_ITEM_EVENTS);
/// A response is shown and counted by its first 200 characters.
const MAX_RESPONSE_CHARS: usize = 200;

/// One learner's answers in one quiz.
#[derive(Debug, Clone, Default)]
pub struct QuizItem {
    seen: IdSet,
    /// An upper estimate of the stored form's size, in bytes.
    bytes: usize,
    questions: BTreeMap<String, Question>,
}

/// One question of it.
#[derive(Debug, Clone, Default)]
struct Question {
    /// In order of (time, id).
    answers: Vec<Answer>,
    /// In order; what the answers come to, not stored.
    attempts: Vec<Attempt>,
    /// The title with the greatest (time, id).
    title: Option<(i64, u64, String)>,
    /// It may be the quiz itself; see [`Answer::of_parent`].
    of_parent: bool,
}

/// One answer event as an item keeps it.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    time_millis: i64,
    id: u64,
    /// It has no time of its own (the arrival stands for it): it never continues another.
    timeless: bool,
    attempt: Option<u32>,
    attempt_id: Option<String>,
    /// The first 200 characters.
    response: Option<String>,
    /// Of a longer response, what tells it from others that begin alike.
    rest: Option<u64>,
    score: Score,
    correct: Option<bool>,
    elapsed_seconds: Option<i64>,
    /// It may stand for the whole quiz: an xAPI statement on what is its own quiz. Where the quiz has questions of its own,
    /// they are what counts.
    of_parent: bool,
}

/// Events that are being folded into an item; the view is whole once this is finished.
#[must_use]
pub struct QuizFolding<'f> {
    item: &'f mut QuizItem,
    view: &'f mut QuizView,
    folded: Folded,
}

impl QuizFolding<'_> {
    /// Folds the next event in, with where its texts are.
    pub fn add<T, L>(&mut self, event: &EventOf<T, L>, texts: &impl Resolve<T, L>) {
        let BodyOf::Quiz(quiz) = &event.body else { return };
        if let (QuizAction::Answered, Some(question)) = (quiz.action, &quiz.question) {
            let answer = Answer::of(event, quiz, texts);
            let title = event.title.as_ref().map(|title| texts.text(title));
            self.item.fold_one(event.id, answer, title, texts.text(question), self.view, &mut self.folded);
        }
    }

    /// Adds what all of them changed to the view.
    pub fn finish(self) -> Folded {
        self.view.beyond_state += i64::from(self.folded.beyond_state());
        self.folded
    }
}

impl QuizItem {
    /// Folds events of this learner in this quiz, in the order of the stream, and adds what they change to the view.
    /// Events of other kinds are passed over; the caller keeps those of other roles away.
    pub fn fold<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>, view: &mut QuizView) -> Folded {
        let mut folding = self.folding(view);
        events.into_iter().for_each(|event| folding.add(event, &Owned));
        folding.finish()
    }

    /// As [`QuizItem::fold`], one event after the other.
    pub fn folding<'f>(&'f mut self, view: &'f mut QuizView) -> QuizFolding<'f> {
        QuizFolding { item: self, view, folded: Folded::default() }
    }

    fn fold_one(
        &mut self,
        event: EventId,
        answer: Answer,
        title: Option<&str>,
        name: &str,
        view: &mut QuizView,
        folded: &mut Folded,
    ) {
        let id = answer.id;
        if !self.seen.insert(id) {
            folded.duplicates += 1;
            return;
        }
        let known = self.questions.get(name).map(|question| question.header_bytes(name));
        let titled = title.map_or(0, title_bytes);
        let header = if known.is_none() { Question::default().header_bytes(name) } else { 0 };
        let bytes = answer.most_bytes() + titled + header;
        if self.bytes + bytes + ITEM_HEADER_BYTES > MAX_ITEM_BYTES {
            self.seen.remove(&id);
            folded.beyond.push(event);
        } else {
            folded.applied += 1;
            self.bytes += answer.most_bytes();
            let others = self.questions.len() > usize::from(known.is_some());
            if known.is_none() {
                self.hide_parent(view);
                self.questions.insert(name.to_string(), Question::default());
            }
            let Some(question) = self.questions.get_mut(name) else { return };
            if others && answer.of_parent && !question.of_parent {
                view.change(name, |view| question.take_off(view));
            }
            question.of_parent |= answer.of_parent;
            let mut nowhere = QuizView::default();
            (if others && question.of_parent { &mut nowhere } else { view }).change(name, |view| {
                let before = question.standing();
                question.note_title(title, &answer, view);
                question.place(answer).add_to(view);
                question.shift(before, question.standing(), view);
            });
            self.bytes = self.bytes - known.unwrap_or(0) + question.header_bytes(name);
        }
    }

    /// The quiz's first own question takes the place of the statement that stood for all of it.
    fn hide_parent(&self, view: &mut QuizView) {
        let alone = self.questions.iter().next().filter(|_| self.questions.len() == 1);
        if let Some((parent, question)) = alone.filter(|(_, question)| question.of_parent) {
            view.change(parent, |view| question.take_off(view));
        }
    }

    /// Of each question that counts and whose first attempt has a score: its id and that score, in millionths.
    pub fn first_scores(&self) -> impl Iterator<Item = (&str, i64)> {
        let alone = self.questions.len() == 1;
        let counted = self.questions.iter().filter(move |(_, question)| alone || !question.of_parent);
        counted.filter_map(|(name, question)| Some((name.as_str(), question.ends()?.0.millionths()?)))
    }

    /// When the last answer was given, in milliseconds since 1970 UTC.
    pub fn last_millis(&self) -> Option<i64> {
        self.questions.values().filter_map(|question| Some(question.answers.last()?.time_millis)).max()
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        stored::encode(self)
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<QuizItem, Damaged> {
        stored::decode(bytes)
    }

    /// About how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        128 + 4 * self.bytes
    }
}

/// No stored form of a title is longer.
fn title_bytes(title: &str) -> usize {
    8 + 8 + 3 + title.len()
}

impl Question {
    /// What it takes beside its answers, at most.
    fn header_bytes(&self, name: &str) -> usize {
        name.len() + 6 + self.title.as_ref().map_or(0, |(_, _, title)| title_bytes(title))
    }

    fn note_title(&mut self, title: Option<&str>, answer: &Answer, view: &mut QuestionView) {
        let Some(title) = title else { return };
        let (time, id) = (answer.time_millis, answer.id);
        match &mut self.title {
            Some(there) if (time, id) <= (there.0, there.1) => {}
            Some(there) if there.2 == title => (there.0, there.1) = (time, id),
            there => {
                let before = there.replace((time, id, title.to_string()));
                let text = |title: &Option<(i64, u64, String)>| title.as_ref().map(|(_, _, title)| title.clone());
                view.titles.shift(text(&before).as_ref(), text(there).as_ref());
            }
        }
    }
}

impl Answer {
    fn of<T, L>(event: &EventOf<T, L>, quiz: &QuizEventOf<T>, texts: &impl Resolve<T, L>) -> Answer {
        let text = |text: &Option<T>| text.as_ref().map(|text| texts.text(text).to_string());
        let cut = text(&quiz.response).map(|response| (id_of_longer(&response), cut(response, MAX_RESPONSE_CHARS).0));
        let (rest, response) = cut.map_or((None, None), |(rest, response)| (rest, Some(response)));
        Answer {
            time_millis: event.view_time_millis().unwrap_or(event.arrival_millis),
            id: id_hash(&event.id),
            timeless: event.time_millis.is_none(),
            attempt: quiz.attempt,
            attempt_id: text(&quiz.attempt_id).filter(|_| quiz.attempt.is_none()),
            response,
            rest,
            score: quiz.millionths(),
            correct: quiz.is_correct(),
            elapsed_seconds: quiz.elapsed_millis.filter(|millis| *millis >= 0).map(|millis| (millis / 1000).min(3_600)),
            of_parent: event.protocol == Protocol::Xapi
                && quiz.question.as_ref().map(|question| texts.text(question)) == Some(texts.text(&quiz.quiz)),
        }
    }

    fn most_bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, |text| text.len() + 2);
        ANSWER_BYTES + text(&self.attempt_id) + text(&self.response) + if self.rest.is_some() { 8 } else { 0 }
    }
}

/// Of a response that is longer than what is kept of it.
fn id_of_longer(response: &str) -> Option<u64> {
    end_of_cut(response, MAX_RESPONSE_CHARS)?;
    Some(id_hash(&EventId(first_16(&Sha256::digest(response.as_bytes())))))
}

#[cfg(test)]
mod tests;
