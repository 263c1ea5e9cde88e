//! The courses of a simulated class: their videos, quizzes and pages, and how hard or dull each part is.

use crate::rng::Rng;
use crate::subjects::{SUBJECTS, Subject};

const LECTURES_PER_SECTION: usize = 3;

/// One run of a course (a *turma*).
#[derive(Debug)]
pub(crate) struct Course {
    /// As it stands in events, such as `course-v1:Trilha+BIO101+2026_2`.
    pub(crate) id: String,
    /// The key terms of the subject: what learners type as an answer.
    pub(crate) terms: &'static [&'static str; 12],
    pub(crate) videos: Vec<Video>,
    pub(crate) quizzes: Vec<Quiz>,
    /// Readings, then the forum as the last one.
    pub(crate) pages: Vec<Page>,
    /// What there is to do, in order.
    pub(crate) outline: Vec<Step>,
    /// The `object.described` events, as the part of their JSON after the common fields.
    pub(crate) descriptions: Vec<String>,
}

/// One thing to do in a course.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) section: u16,
    pub(crate) kind: StepKind,
}

/// Which thing; each holds an index into the course.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StepKind {
    Page(u16),
    Video(u16),
    Quiz(u16),
}

/// A lecture. All positions are milliseconds of content.
#[derive(Debug)]
pub(crate) struct Video {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) length: i32,
    pub(crate) intro_end: i32,
    /// Where learners get lost and go back.
    pub(crate) hard: (i32, i32),
    /// Where learners lose interest.
    pub(crate) dull: (i32, i32),
    /// How many of 1,000 average learners give up at the dull passage.
    pub(crate) dullness: u32,
}

/// A test at the end of a section.
#[derive(Debug)]
pub(crate) struct Quiz {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) questions: Vec<Question>,
    pub(crate) max_halves: u16,
}

/// One question. Scores count half points.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) form: Form,
    /// Tenths of a logit; an average learner answers one of 0 right in half of the cases.
    pub(crate) difficulty: i32,
    pub(crate) max_halves: u8,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One of `choices`. `marked` is what the platform takes as right: not `right`, where the key is wrong.
    Single { choices: u8, right: u8, marked: u8, lure: u8 },
    /// Any of `choices`; bit i of `right` stands for choice i.
    Multiple { choices: u8, right: u8 },
    /// A typed term of the course.
    Typed { term: u8 },
}

impl Form {
    /// True when the platform's key is not the right answer.
    pub(crate) fn is_broken(self) -> bool {
        matches!(self, Form::Single { right, marked, .. } if right != marked)
    }
}

/// A reading or the forum.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// Makes the courses `0..count` of a class; `run` counts the terms since the first.
pub(crate) fn courses(seed: u64, count: u32, videos: u32, run: u32) -> Vec<Course> {
    (0..count as usize).map(|index| Builder::new(seed, index, run).build(videos as usize)).collect()
}

/// The term (half a year) that lies `run` terms after the second one of 2026.
fn term_name(run: u32) -> String {
    format!("{}_{}", 2026 + run.div_ceil(2), 2 - run % 2)
}

/// The letter that tells apart two courses on one subject: none for the first.
fn group_name(index: usize) -> String {
    match index / SUBJECTS.len() {
        0 => String::new(),
        group => format!("_T{}", group + 1),
    }
}

struct Builder {
    rng: Rng,
    subject: &'static Subject,
    course_id: String,
    prefix: String,
}

impl Builder {
    fn new(seed: u64, index: usize, run: u32) -> Builder {
        let subject = &SUBJECTS[index % SUBJECTS.len()];
        let term = term_name(run);
        let group = group_name(index);
        Builder {
            rng: Rng::keyed(seed, &[0xC0, index as u64]),
            subject,
            course_id: format!("course-v1:Trilha+{}+{term}{group}", subject.code),
            prefix: subject.code.to_lowercase(),
        }
    }

    fn build(mut self, video_count: usize) -> Course {
        let sections = video_count.div_ceil(LECTURES_PER_SECTION);
        let videos: Vec<Video> = (0..video_count).map(|index| self.video(index)).collect();
        let quizzes: Vec<Quiz> = (0..sections).map(|index| self.quiz(index, sections)).collect();
        let mut pages: Vec<Page> = (0..sections).map(|index| self.reading(index)).collect();
        pages.push(self.forum());
        let outline = outline(video_count, sections);
        let descriptions = self.descriptions(&videos, &quizzes, &pages);
        Course { id: self.course_id, terms: &self.subject.terms, videos, quizzes, pages, outline, descriptions }
    }

    fn video(&mut self, index: usize) -> Video {
        let rng = &mut self.rng;
        let length = rng.between(2_400, 12_000) * 100;
        let hard_start = length / 1_000 * rng.between(220, 460);
        let dull_start = length / 1_000 * rng.between(560, 800);
        Video {
            id: format!("{}-v{:02}", self.prefix, index + 1),
            title: numbered(self.subject.lectures[index % 12], index / 12),
            length,
            intro_end: rng.between(80, 250) * 100,
            hard: (hard_start, hard_start + rng.between(20, 45) * 1_000),
            dull: (dull_start, dull_start + rng.between(20, 40) * 1_000),
            dullness: if index == 2 { 380 } else { rng.between(40, 170) as u32 },
        }
    }

    fn quiz(&mut self, index: usize, quiz_count: usize) -> Quiz {
        let broken_question = (index == quiz_count / 2).then_some(2);
        let count = self.rng.between(5, 10) as usize;
        let questions: Vec<Question> =
            (0..count).map(|number| self.question(index, number, broken_question == Some(number))).collect();
        Quiz {
            id: format!("{}-q{}", self.prefix, index + 1),
            title: format!("Teste da unidade {}: {}", index + 1, self.section(index)),
            max_halves: questions.iter().map(|question| u16::from(question.max_halves)).sum(),
            questions,
        }
    }

    fn question(&mut self, quiz: usize, number: usize, broken: bool) -> Question {
        let lecture = (quiz * LECTURES_PER_SECTION + number % LECTURES_PER_SECTION) % 12;
        let form = if broken { Form::Single { choices: 4, right: 1, marked: 2, lure: 0 } } else { self.form(lecture) };
        Question {
            id: format!("{}-q{}-p{}", self.prefix, quiz + 1, number + 1),
            title: self.question_title(form, lecture, number),
            form,
            difficulty: if broken { -10 } else { self.rng.between(-18, 14) },
            max_halves: if matches!(form, Form::Multiple { .. }) { 4 } else { 2 },
        }
    }

    fn form(&mut self, lecture: usize) -> Form {
        let choices = self.rng.between(4, 5) as u8;
        match self.rng.pick(&[60, 20, 20]) {
            0 => {
                let right = self.rng.below(u32::from(choices)) as u8;
                let lure = (right + 1 + self.rng.below(u32::from(choices) - 1) as u8) % choices;
                Form::Single { choices, right, marked: right, lure }
            }
            1 => {
                let first = self.rng.below(u32::from(choices)) as u8;
                let second = (first + 1 + self.rng.below(u32::from(choices) - 1) as u8) % choices;
                Form::Multiple { choices, right: 1 << first | 1 << second }
            }
            _ => Form::Typed { term: lecture as u8 },
        }
    }

    fn question_title(&self, form: Form, lecture: usize, number: usize) -> String {
        let term = self.subject.terms[lecture];
        match form {
            Form::Single { .. } if number.is_multiple_of(2) => {
                format!("Qual alternativa explica melhor o que é {term}?")
            }
            Form::Single { .. } => format!("Em qual das situações aparece {term}?"),
            Form::Multiple { .. } => format!("Marque tudo o que é verdade sobre {term}."),
            Form::Typed { .. } => {
                format!("Escreva o conceito central da aula {}: {}.", lecture + 1, self.subject.lectures[lecture])
            }
        }
    }

    fn reading(&self, index: usize) -> Page {
        Page {
            id: format!("{}-l{:02}", self.prefix, index + 1),
            title: format!("Leitura da unidade {}: {}", index + 1, self.section(index)),
        }
    }

    fn forum(&self) -> Page {
        Page { id: format!("{}-forum", self.prefix), title: format!("Fórum de dúvidas de {}", self.subject.name) }
    }

    fn section(&self, index: usize) -> String {
        numbered(self.subject.sections[index % 4], index / 4)
    }

    fn descriptions(&self, videos: &[Video], quizzes: &[Quiz], pages: &[Page]) -> Vec<String> {
        let mut list = Descriptions { builder: self, list: Vec::new() };
        list.course();
        for section in 0..quizzes.len() {
            list.page(&pages[section], Some(section));
            let first = section * LECTURES_PER_SECTION;
            for video in videos.iter().skip(first).take(LECTURES_PER_SECTION) {
                list.video(video, section);
            }
            list.quiz(&quizzes[section], section);
        }
        list.page(&pages[quizzes.len()], None);
        list.list
    }
}

/// The catalogue's events, in the order of the course's menu.
struct Descriptions<'a> {
    builder: &'a Builder,
    list: Vec<String>,
}

impl Descriptions<'_> {
    fn course(&mut self) {
        let (id, name) = (self.builder.course_id.clone(), self.builder.subject.name);
        self.add(&id, name, None, "");
    }

    fn page(&mut self, page: &Page, section: Option<usize>) {
        self.add(&page.id, &page.title, section, "");
    }

    fn video(&mut self, video: &Video, section: usize) {
        let length = format!(",\"length\":{}.{}", video.length / 1_000, video.length / 100 % 10);
        self.add(&video.id, &video.title, Some(section), &length);
    }

    fn quiz(&mut self, quiz: &Quiz, section: usize) {
        self.add(&quiz.id, &quiz.title, Some(section), "");
        for question in &quiz.questions {
            self.add(&question.id, &question.title, Some(section), "");
        }
    }

    fn add(&mut self, object: &str, title: &str, section: Option<usize>, length: &str) {
        let position = self.list.len();
        let section =
            section.map_or(String::new(), |index| format!(",\"section\":\"{}\"", self.builder.section(index)));
        let prefix = &self.builder.prefix;
        let path = if position == 0 { "" } else { object };
        self.list.push(format!(
            ",\"object\":\"{object}\",\"title\":\"{title}\"{section},\"position\":{position}{length},\
             \"url\":\"https://ead.example.org/{prefix}/{path}\""
        ));
    }
}

/// A reading, its lectures and a quiz for each section.
fn outline(video_count: usize, sections: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for section in 0..sections {
        let mut add = |kind| steps.push(Step { section: section as u16, kind });
        add(StepKind::Page(section as u16));
        let first = section * LECTURES_PER_SECTION;
        for video in first..(first + LECTURES_PER_SECTION).min(video_count) {
            add(StepKind::Video(video as u16));
        }
        add(StepKind::Quiz(section as u16));
    }
    steps
}

/// The text, marked as a further part when it is used again.
fn numbered(text: &str, repeats: usize) -> String {
    match repeats {
        0 => text.to_owned(),
        _ => format!("{text} (parte {})", repeats + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_follow_each_other() {
        let names: Vec<String> = (0..4).map(term_name).collect();
        assert_eq!(names, ["2026_2", "2027_1", "2027_2", "2028_1"]);
    }

    #[test]
    fn ids_of_courses_differ_and_the_seed_shapes_the_lectures() {
        let courses = courses(1, 14, 12, 0);
        let mut ids: Vec<&str> = courses.iter().map(|course| course.id.as_str()).collect();
        assert_eq!(ids[0], "course-v1:Trilha+BIO101+2026_2");
        assert_eq!(ids[12], "course-v1:Trilha+BIO101+2026_2_T3");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 14);
        let other = super::courses(2, 1, 12, 0);
        assert_ne!(courses[0].videos[0].length, other[0].videos[0].length);
    }

    #[test]
    fn a_course_is_as_long_as_asked_and_has_one_broken_question() {
        for video_count in [1, 2, 3, 12, 40] {
            let course = &courses(7, 1, video_count, 0)[0];
            assert_eq!(course.videos.len(), video_count as usize);
            let broken = course.quizzes.iter().flat_map(|quiz| &quiz.questions);
            assert_eq!(broken.filter(|question| question.form.is_broken()).count(), 1);
        }
    }

    #[test]
    fn passages_of_a_video_follow_each_other() {
        for course in courses(3, 6, 30, 0) {
            for video in course.videos {
                let marks = [0, video.intro_end, video.hard.0, video.hard.1, video.dull.0];
                assert!(marks.is_sorted(), "{video:?}");
                assert!(video.dull.1 < video.length, "{video:?}");
                assert!((240_000..=1_200_000).contains(&video.length));
            }
        }
    }
}
