//! What one learner did with one video, and what an event changes in it and in the class's totals.

mod coverage;
mod loose;
mod mark;
mod player;
mod runs;
mod seconds;
mod segment;
mod session;
mod stored;

use trilha_schemas::event::{BodyOf, Event, EventOf, Owned, Resolve, VideoEventOf};
use trilha_schemas::packing::Damaged;

use crate::ids::{IdSet, id_hash};
use crate::views::VideoView;
use crate::{Folded, ITEM_HEADER_BYTES, MAX_ITEM_BYTES, MAX_ITEM_EVENTS};
use coverage::Coverage;
use loose::Loose;
use mark::Mark;
use session::{Session, Source};

/// One learner's sessions on one video.
#[derive(Debug, Clone, Default)]
pub struct VideoItem {
    seen: IdSet,
    /// An upper estimate of the stored form's size, in bytes.
    bytes: usize,
    length_millis: Option<i64>,
    threshold: Option<f64>,
    title: Option<Titled>,
    /// Sessions with an id of their own, in order of that id.
    named: Vec<(String, Session)>,
    /// Of these the one that the last event was of: the next one mostly is too.
    last_named: usize,
    /// Sessions cut out of the events without a session id, in order of time.
    loose: Loose,
    /// Sessions of one event that has neither session id nor time.
    timeless: Vec<Session>,
    coverage: Coverage,
}

/// The title that the learner saw last, by (event time, event id).
#[derive(Debug, Clone, PartialEq)]
struct Titled {
    time_millis: i64,
    id: u64,
    title: String,
}

/// What of an item the view holds as "learners by …": moved once per fold, not once per event.
struct Standing {
    known: bool,
    viewer: bool,
    seconds: i64,
    length_millis: Option<i64>,
    threshold: Option<i64>,
}

/// Events that are being folded into an item; the view is whole once this is finished.
#[must_use]
pub struct VideoFolding<'f> {
    item: &'f mut VideoItem,
    view: &'f mut VideoView,
    before: Standing,
    /// The title before, where it is another now.
    titled: Option<Option<Titled>>,
    folded: Folded,
}

impl VideoFolding<'_> {
    /// Folds the next event in: after its [`id_hash`], with where its texts are.
    pub fn add<T, L>(&mut self, id: u64, event: &EventOf<T, L>, texts: &impl Resolve<T, L>) {
        let BodyOf::Video(video) = &event.body else { return };
        if !self.item.seen.insert(id) {
            self.folded.duplicates += 1;
        } else if let Some(before) = self.item.fold_one(event, video, texts, self.view, &mut self.folded) {
            self.titled.get_or_insert(before);
        }
    }

    /// Adds what all of them changed to the view.
    pub fn finish(self) -> Folded {
        let VideoFolding { item, view, before, titled, folded } = self;
        item.coverage.count(view);
        view.beyond_state += i64::from(folded.beyond_state());
        before.move_to(&item.standing(), view);
        if let Some(before) = titled {
            let text = |titled: &Option<Titled>| titled.as_ref().map(|titled| titled.title.clone());
            view.titles.shift(text(&before).as_ref(), text(&item.title).as_ref());
        }
        view.trim();
        folded
    }
}

impl VideoItem {
    /// Folds events of this learner on this video, in the order of the stream, and adds what they change to the view.
    /// Events of other kinds are passed over; the caller keeps those of other roles away.
    pub fn fold<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>, view: &mut VideoView) -> Folded {
        let mut folding = self.folding(view);
        events.into_iter().for_each(|event| folding.add(id_hash(&event.id), event, &Owned));
        folding.finish()
    }

    /// As [`VideoItem::fold`], one event after the other.
    pub fn folding<'f>(&'f mut self, view: &'f mut VideoView) -> VideoFolding<'f> {
        let before = self.standing();
        VideoFolding { item: self, view, before, titled: None, folded: Folded::default() }
    }

    /// An event that is new to the item, whose id is among those seen. Answers the title before, where it is another now.
    fn fold_one<T, L>(
        &mut self,
        event: &EventOf<T, L>,
        video: &VideoEventOf<T, L>,
        texts: &impl Resolve<T, L>,
        view: &mut VideoView,
        folded: &mut Folded,
    ) -> Option<Option<Titled>> {
        let mark = Mark::of(event, video, texts);
        let name = event.session.as_ref().map(|name| texts.text(name));
        let title = event.title.as_ref().map(|title| texts.text(title));
        let session = name.map_or(0, VideoItem::session_bytes);
        let bytes = mark.most_bytes() + session + title.map_or(0, Titled::most_bytes);
        if self.seen.len() > MAX_ITEM_EVENTS || self.bytes + bytes + ITEM_HEADER_BYTES > MAX_ITEM_BYTES {
            self.seen.remove(&mark.id);
            folded.beyond.push(event.id);
            return None;
        }
        folded.applied += 1;
        let titled = title.and_then(|title| self.note_title(title, &mark));
        self.note_length(video.length_millis, video.threshold, view);
        match name {
            Some(name) => self.insert(name, mark, view),
            None => self.insert_nameless(event.time_millis.is_some(), mark, view),
        }
        titled
    }

    #[inline]
    fn note_title(&mut self, title: &str, mark: &Mark) -> Option<Option<Titled>> {
        match &mut self.title {
            Some(there) if mark.order() <= (there.time_millis, there.id) => return None,
            Some(there) if there.title == title => {
                (there.time_millis, there.id) = mark.order();
                return None;
            }
            _ => {}
        }
        self.bytes -= self.title_bytes();
        let before =
            self.title.replace(Titled { time_millis: mark.time_millis, id: mark.id, title: title.to_string() });
        self.bytes += self.title_bytes();
        Some(before)
    }

    fn title_bytes(&self) -> usize {
        self.title.as_ref().map_or(0, |titled| Titled::most_bytes(&titled.title))
    }

    /// A greater length of the learner's own moves the end to which every segment is clamped.
    #[inline]
    fn note_length(&mut self, length_millis: Option<i64>, threshold: Option<f64>, view: &mut VideoView) {
        let bits = |threshold: Option<f64>| threshold.map(f64::to_bits);
        if bits(threshold) > bits(self.threshold) {
            self.threshold = threshold;
        }
        let Some(length) = length_millis.filter(|length| Some(*length) > self.length_millis) else { return };
        let mut coverage = std::mem::take(&mut self.coverage);
        if self.length_millis.replace(length).is_some() {
            coverage.move_end(length, self.sessions_mut(), view);
        } else {
            self.sessions_mut().for_each(|session| coverage.remove(session, view));
            coverage.count(view);
            coverage = Coverage::new(self.length_millis);
            self.sessions_mut().for_each(|session| coverage.add(session, view));
        }
        self.coverage = coverage;
    }

    #[inline]
    fn insert(&mut self, name: &str, mark: Mark, view: &mut VideoView) {
        let at = self.named_at(name);
        let session = &mut self.named[at].1;
        self.bytes -= session.most_bytes();
        self.coverage.insert(session, mark, view);
        self.bytes += session.most_bytes();
    }

    #[inline]
    fn named_at(&mut self, name: &str) -> usize {
        if self.named.get(self.last_named).is_some_and(|(there, _)| there == name) {
            return self.last_named;
        }
        let known = self.named.binary_search_by(|(there, _)| there.as_str().cmp(name));
        self.last_named = known.unwrap_or_else(|at| {
            self.bytes += VideoItem::session_bytes(name);
            self.named.insert(at, (name.to_string(), Session::named()));
            at
        });
        self.last_named
    }

    /// What a session takes before any event.
    #[inline]
    fn session_bytes(name: &str) -> usize {
        name.len() + 8
    }

    fn insert_nameless(&mut self, timed: bool, mark: Mark, view: &mut VideoView) {
        self.bytes += mark.most_bytes();
        if timed {
            return self.loose.insert(mark, &mut self.coverage, view);
        }
        let mut session = Session::default();
        self.coverage.insert(&mut session, mark, view);
        self.timeless.push(session);
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.named.iter().map(|(_, session)| session).chain(self.loose.iter()).chain(&self.timeless)
    }

    fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.named.iter_mut().map(|(_, session)| session).chain(self.loose.iter_mut()).chain(&mut self.timeless)
    }

    /// n: distinct seconds watched.
    pub fn seconds(&self) -> i64 {
        self.coverage.seconds()
    }

    /// Distinct seconds that events before a time had watched; so an audience can tell what is news from what is
    /// history. A `played-segments` list tells no time of its own: the title that came with a statement does, and
    /// without one the list counts as after it.
    pub fn seconds_before(&self, time_millis: i64) -> i64 {
        let before = |session: &Session| {
            session.marks().iter().filter(|mark| mark.time_millis < time_millis).cloned().collect::<Vec<Mark>>()
        };
        let lists_are_old = self.title.as_ref().is_some_and(|title| title.time_millis < time_millis);
        let named = self.named.iter().map(|(_, session)| {
            let list = session.list().filter(|_| lists_are_old).cloned().map(Box::new);
            let source = list.as_ref().map_or(Source::Pairs, |_| Source::List);
            let marks = before(session).into_iter().filter(|mark| mark.list.is_none()).collect();
            Session::restore(true, marks, Vec::new(), source, list)
        });
        let loose = Loose::cut(self.loose.iter().flat_map(before).collect());
        let timeless = Loose::cut(self.timeless.iter().flat_map(before).collect());
        let (mut coverage, mut view) = (Coverage::new(self.length_millis), VideoView::default());
        for mut session in named.chain(loose.iter().cloned()).chain(timeless.iter().cloned()) {
            coverage.add(&mut session, &mut view);
        }
        coverage.count(&mut view);
        coverage.seconds()
    }

    fn standing(&self) -> Standing {
        Standing {
            known: !self.seen.is_empty(),
            viewer: self.coverage.is_viewer(),
            seconds: self.coverage.seconds(),
            length_millis: self.length_millis,
            threshold: self.threshold.map(|threshold| threshold.to_bits() as i64),
        }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        stored::encode(self)
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<VideoItem, Damaged> {
        stored::decode(bytes)
    }

    /// About how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        256 + 3 * self.bytes + self.coverage.memory_bytes()
    }
}

impl Titled {
    /// No stored form of it is longer.
    #[inline]
    fn most_bytes(title: &str) -> usize {
        8 + 8 + 3 + title.len()
    }
}

impl Standing {
    fn move_to(&self, after: &Standing, view: &mut VideoView) {
        view.learners += i64::from(after.known) - i64::from(self.known);
        view.viewers += i64::from(after.viewer) - i64::from(self.viewer);
        let seconds = |standing: &Standing| standing.viewer.then_some(standing.seconds);
        view.seconds.shift(seconds(self).as_ref(), seconds(after).as_ref());
        view.lengths.shift(self.length_millis.as_ref(), after.length_millis.as_ref());
        view.thresholds.shift(self.threshold.as_ref(), after.threshold.as_ref());
    }
}

#[cfg(test)]
mod tests;
