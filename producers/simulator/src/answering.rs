//! One attempt at a quiz, question by question.

use crate::catalogue::{Form, Question, Quiz};
use crate::event::{Act, Action, Answer, Response};
use crate::learner::{Habits, Profile, knows_permille};
use crate::rng::Rng;

/// What each further attempt adds to ability, in tenths of a logit.
const LEARNED_PER_ATTEMPT: i32 = 7;

/// Who answers what, and what they bring along from the attempt before.
pub(crate) struct Attempt<'a> {
    pub(crate) quiz: &'a Quiz,
    pub(crate) index: u16,
    /// From 1.
    pub(crate) number: u8,
    /// Bit i: question i was right the last time.
    pub(crate) was_right: u16,
    pub(crate) profile: &'a Profile,
    pub(crate) clock_millis: i64,
    pub(crate) rng: &'a mut Rng,
    pub(crate) acts: &'a mut Vec<Act>,
}

/// How an attempt ended.
pub(crate) struct Attempted {
    pub(crate) clock_millis: i64,
    /// Bit i: question i was right.
    pub(crate) right: u16,
    pub(crate) tries_again: bool,
}

impl Attempt<'_> {
    /// Answers the questions in order and submits, unless the learner walks away.
    pub(crate) fn take(mut self) -> Attempted {
        let (quiz, attempt) = (self.index, self.number);
        self.act(Action::Started { quiz, attempt });
        let walks_away = self.rng.chance(25);
        let count = if walks_away { self.quiz.questions.len() / 2 } else { self.quiz.questions.len() };
        let (mut right, mut halves) = (0, 0);
        for (number, question) in self.quiz.questions[..count].iter().enumerate() {
            let answer = self.answer(number, question);
            right |= u16::from(answer.correct) << number;
            halves += u16::from(answer.halves);
        }
        if !walks_away {
            self.clock_millis += self.rng.seconds(1, 25);
            self.act(Action::Submitted { quiz, attempt, halves });
        }
        let tries_again = !walks_away && self.tries_again(halves);
        Attempted { clock_millis: self.clock_millis, right, tries_again }
    }

    fn answer(&mut self, number: usize, question: &Question) -> Answer {
        let guesses = self.rng.chance(self.habits().guesses);
        let elapsed_tenths = self.elapsed_tenths(guesses);
        self.clock_millis += i64::from(elapsed_tenths) * 100;
        let knows = !guesses && self.knows(number, question);
        let response = self.respond(question.form, knows);
        let answer = marked(question, response);
        let (quiz, question, attempt) = (self.index, number as u8, self.number);
        self.act(Action::Answered { quiz, question, attempt, answer, elapsed_tenths });
        answer
    }

    fn habits(&self) -> &'static Habits {
        self.profile.habits()
    }

    fn elapsed_tenths(&mut self, guesses: bool) -> u16 {
        let tenths = match (guesses, self.rng.chance(25)) {
            (true, _) => self.rng.between(8, 45),
            (false, true) => self.rng.between(2_500, 9_000),
            (false, false) => self.rng.between(60, 350) + self.rng.between(0, 500),
        };
        tenths as u16
    }

    fn knows(&mut self, number: usize, question: &Question) -> bool {
        if self.was_right >> number & 1 == 1 {
            return self.rng.chance(960);
        }
        let learned = LEARNED_PER_ATTEMPT * i32::from(self.number - 1);
        let above = self.profile.ability + learned - question.difficulty;
        self.rng.chance(knows_permille(above))
    }

    fn respond(&mut self, form: Form, knows: bool) -> Response {
        match form {
            Form::Single { choices, .. } if form.is_broken() && self.number > 1 => {
                Response::Choice(self.rng.below(choices.into()) as u8)
            }
            Form::Single { right, .. } if knows => Response::Choice(right),
            Form::Single { lure, .. } if self.rng.chance(400) => Response::Choice(lure),
            Form::Single { choices, .. } => Response::Choice(self.rng.below(choices.into()) as u8),
            Form::Multiple { right, .. } if knows => Response::Set(right),
            Form::Multiple { choices, right } => {
                let flipped = right ^ 1 << self.rng.below(choices.into());
                Response::Set(if flipped == 0 { right } else { flipped })
            }
            Form::Typed { term } if knows => Response::Term(term),
            Form::Typed { .. } if self.rng.chance(250) => Response::DontKnow,
            Form::Typed { term } => Response::Term((term + 1 + self.rng.pick(&[5, 2, 1, 1]) as u8) % 12),
        }
    }

    fn tries_again(&mut self, halves: u16) -> bool {
        if self.number >= self.habits().max_attempts {
            return false;
        }
        let permille = match (halves * 10).checked_div(self.quiz.max_halves).unwrap_or(10) {
            0..=6 => self.habits().tries_again,
            7..=9 => 150,
            _ => 0,
        };
        self.rng.chance(permille)
    }

    fn act(&mut self, action: Action) {
        self.acts.push(Act { time_millis: self.clock_millis, action });
    }
}

/// What the platform's key makes of a response.
fn marked(question: &Question, response: Response) -> Answer {
    let full = question.max_halves;
    let halves = match (question.form, response) {
        (Form::Single { marked, .. }, Response::Choice(choice)) if choice == marked => full,
        (Form::Multiple { right, .. }, Response::Set(chosen)) if chosen == right => full,
        (Form::Multiple { right, .. }, Response::Set(chosen)) if chosen & !right == 0 => full / 2,
        (Form::Typed { term }, Response::Term(typed)) if typed == term => full,
        _ => 0,
    };
    Answer { response, halves, correct: halves == full }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, response: Response, halves: u8, correct: bool) {
        let question = Question { id: String::new(), title: String::new(), form, difficulty: 0, max_halves: 2 };
        assert_eq!(marked(&question, response), Answer { response, halves, correct });
    }

    #[test]
    fn the_platform_marks_by_its_key() {
        let broken = Form::Single { choices: 4, right: 1, marked: 2, lure: 0 };
        check(broken, Response::Choice(1), 0, false);
        check(broken, Response::Choice(2), 2, true);
        let several = Form::Multiple { choices: 4, right: 0b0110 };
        check(several, Response::Set(0b0110), 2, true);
        check(several, Response::Set(0b0010), 1, false);
        check(several, Response::Set(0b0111), 0, false);
        check(Form::Typed { term: 3 }, Response::Term(3), 2, true);
        check(Form::Typed { term: 3 }, Response::DontKnow, 0, false);
    }
}
