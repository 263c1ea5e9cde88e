//! From answers to attempts (METRICS.md, Quiz). What a new answer changes in them is found by its neighbours.

use trilha_schemas::event::Score;

use super::{Answer, Question};

/// Answers without attempt number and id continue the one before within this.
const SAME_ATTEMPT_WITHIN_MILLIS: i64 = 5_000;

/// One attempt, by places among the question's answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    first: u32,
    /// The answer that its values come from.
    speaker: u32,
}

/// Attempts are told apart by number, else id, else the first event.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum AttemptKey<'a> {
    Number(u32),
    Id(&'a str),
    Event(u64),
}

/// What one more answer made of the attempts, each by the answer that speaks for it.
pub(super) struct Change<'a> {
    pub before: [Option<&'a Answer>; 2],
    pub after: &'a Answer,
}

impl Question {
    /// Puts an answer to the others, and to the attempt that it belongs to; two that it connects become one.
    pub(super) fn place(&mut self, answer: Answer) -> Change<'_> {
        let at = self.answers.partition_point(|there| (there.time_millis, there.id) < (answer.time_millis, answer.id));
        self.answers.insert(at, answer);
        self.attempts.iter_mut().for_each(|attempt| attempt.make_room(at as u32));
        let before = self.attempts_of(at).map(|place| place.map(|place| self.attempts.remove(place)));
        let alone = Attempt { first: at as u32, speaker: at as u32 };
        let attempt = before.into_iter().flatten().fold(alone, |one, other| self.joined(one, other));
        let place = self.attempts.partition_point(|there| self.order(there) < self.order(&attempt));
        self.attempts.insert(place, attempt);
        let speaker = |attempt: Attempt| &self.answers[attempt.speaker as usize];
        Change { before: before.map(|attempt| attempt.map(speaker)), after: speaker(attempt) }
    }

    /// Who speaks for each attempt, in order.
    pub(super) fn speakers(&self) -> impl DoubleEndedIterator<Item = &Answer> {
        self.attempts.iter().map(|attempt| &self.answers[attempt.speaker as usize])
    }

    /// Who speaks for the first attempt, and who for the last.
    pub(super) fn ends(&self) -> Option<(&Answer, &Answer)> {
        self.speakers().next().zip(self.speakers().next_back())
    }

    /// The places of the attempts, the later first, that a new answer belongs to.
    fn attempts_of(&self, at: usize) -> [Option<usize>; 2] {
        match self.answers[at].key() {
            // Numbers come before all else, in order.
            key @ AttemptKey::Number(_) => {
                [self.attempts.binary_search_by(|there| self.key(there).cmp(&key)).ok(), None]
            }
            key @ AttemptKey::Id(_) => [self.attempts.iter().rposition(|there| self.key(there) == key), None],
            AttemptKey::Event(_) => self.submissions_of(at),
        }
    }

    /// Of a new answer without number and id: the attempt that the next equal answer begins, unless it continues an
    /// earlier one; and the attempt of the equal answer before.
    fn submissions_of(&self, at: usize) -> [Option<usize>; 2] {
        let start = std::iter::successors(self.answer_before(at), |at| self.answer_before(*at)).last();
        [self.answer_after(at), start].map(|first| first.and_then(|first| self.attempt_from(first)))
    }

    /// The same response shortly before.
    fn answer_before(&self, at: usize) -> Option<usize> {
        let answer = &self.answers[at];
        let mut near = (0..at).rev().take_while(|before| self.answers[*before].is_just_before(answer));
        near.find(|before| self.answers[*before].repeats(answer))
    }

    /// The same response shortly after.
    fn answer_after(&self, at: usize) -> Option<usize> {
        let answer = &self.answers[at];
        let mut near = (at + 1..self.answers.len()).take_while(|after| answer.is_just_before(&self.answers[*after]));
        near.find(|after| self.answers[*after].repeats(answer))
    }

    fn attempt_from(&self, first: usize) -> Option<usize> {
        let wanted = Attempt { first: first as u32, speaker: first as u32 };
        self.attempts.binary_search_by(|there| self.order(there).cmp(&self.order(&wanted))).ok()
    }

    fn joined(&self, one: Attempt, other: Attempt) -> Attempt {
        let says = |place: &u32| self.answers[*place as usize].says();
        let (first, speaker) = (one.first.min(other.first), std::cmp::max_by_key(one.speaker, other.speaker, says));
        Attempt { first, speaker }
    }

    /// Numbers ascending, then earliest time, then key.
    fn order(&self, attempt: &Attempt) -> (u64, i64, AttemptKey<'_>) {
        let key = self.key(attempt);
        let number = if let AttemptKey::Number(number) = key { number.into() } else { u64::MAX };
        (number, self.answers[attempt.first as usize].time_millis, key)
    }

    fn key(&self, attempt: &Attempt) -> AttemptKey<'_> {
        self.answers[attempt.first as usize].key()
    }
}

impl Attempt {
    /// An answer was put in before some of its answers.
    fn make_room(&mut self, at: u32) {
        self.first += u32::from(self.first >= at);
        self.speaker += u32::from(self.speaker >= at);
    }
}

impl Answer {
    /// As the first of its attempt.
    fn key(&self) -> AttemptKey<'_> {
        let id = self.attempt_id.as_deref().map(AttemptKey::Id);
        self.attempt.map(AttemptKey::Number).or(id).unwrap_or(AttemptKey::Event(self.id))
    }

    fn is_just_before(&self, after: &Answer) -> bool {
        after.time_millis.saturating_sub(self.time_millis) <= SAME_ATTEMPT_WITHIN_MILLIS
    }

    /// Whether both are timed, tell no attempt, and say the same.
    fn repeats(&self, other: &Answer) -> bool {
        let tells_no_attempt = |answer: &Answer| !answer.timeless && matches!(answer.key(), AttemptKey::Event(_));
        let same = self.response == other.response && self.rest == other.rest;
        same && tells_no_attempt(self) && tells_no_attempt(other)
    }

    /// Who speaks for an attempt: an answer with a score, else with a verdict, else any; then the latest; then the
    /// greatest id.
    fn says(&self) -> (u8, i64, u64) {
        let rank = match (self.score, self.correct) {
            (Score::ByPoints(_), _) => 2,
            (_, Some(_)) => 1,
            _ => 0,
        };
        (rank, self.time_millis, self.id)
    }
}
