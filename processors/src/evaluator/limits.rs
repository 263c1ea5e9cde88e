//! How much an evaluation does at once, and for how long: the caller's choice.

/// How much is done at once, and for how long.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// So many courses are under evaluation at once; what is held grows with it.
    pub courses: usize,
    /// Of so many learners of a course the items are read at once.
    pub learners: usize,
    /// Whether there is time to begin another course. One that has begun is ended.
    pub has_time: &'a (dyn Fn() -> bool + Send + Sync),
}

impl Limits<'_> {
    /// Calls come one at a time, in the same order for the same content, for as long as it takes.
    pub const ONE_BY_ONE: Limits<'static> = Limits { courses: 1, learners: 1, has_time: &|| true };
}
