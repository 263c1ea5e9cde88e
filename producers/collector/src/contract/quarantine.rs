//! The contract of [`Quarantine`].

use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::sequence::SequenceNumber;

use crate::credential::Credential;
use crate::quarantine::{KEPT_MILLIS, MAX_RAW_BYTES, Quarantine, Redacted, Rejection, RowKey, Sending, Source, find};

const WORKS: &str = "the store works";
const RECEIVED: i64 = 1_772_479_800_000;

fn rejection(raw: &str, received_millis: i64) -> Rejection {
    Rejection {
        tenant: "escola".to_string(),
        source: Source::Request { protocol: Protocol::Native },
        sending: None,
        received_millis,
        pseudonym: None,
        code: "wrong_type".to_string(),
        field: "to".to_string(),
        message: "to must be a number".to_string(),
        raw: raw.as_bytes().to_vec(),
    }
}

fn record(position: &str, raw: &str) -> Rejection {
    let sequence_number = SequenceNumber::parse(position).expect("digits");
    let (incarnation, shard_id) = ("life".to_string(), "shardId-000000000000".to_string());
    Rejection {
        tenant: String::new(),
        source: Source::Record { incarnation, shard_id, sequence_number },
        ..rejection(raw, RECEIVED)
    }
}

/// The whole suite; `fresh` makes an empty quarantine.
pub async fn suite<Q: Quarantine>(mut fresh: impl FnMut() -> Q) {
    what_is_kept_opens_whole(&fresh()).await;
    the_same_twice_is_one_row(&fresh()).await;
    a_list_is_redacted_and_goes_on_after_a_cursor(&fresh()).await;
    rows_are_found_by_learner(&fresh()).await;
    a_row_is_marked_once(&fresh()).await;
    rows_are_gone_after_thirty_days(&fresh()).await;
    bodies_of_any_size_open_whole(&fresh()).await;
    the_same_at_once_is_one_row(&fresh()).await;
    rows_of_many_days_are_listed_in_order(&fresh()).await;
}

/// A kept rejection comes back byte for byte.
pub async fn what_is_kept_opens_whole(quarantine: &impl Quarantine) {
    let by = Credential::Learner { tenant: "escola".to_string(), learner: "ana".to_string(), course: None };
    let of_token = Rejection { sending: Some(Sending { by, replayed: false }), ..rejection("{}", RECEIVED) };
    let kept = [
        rejection("{\"learner\":\"ana\"}", RECEIVED),
        of_token,
        record("49590338271490256608559692538361", "\u{0}bad"),
    ];
    let keys = quarantine.keep(kept.to_vec()).await.expect(WORKS);
    for (key, kept) in keys.iter().zip(kept) {
        assert!(quarantine.open(*key).await.expect(WORKS) == Some(kept));
    }
    assert!(quarantine.open(RowKey([9; 16])).await.expect(WORKS).is_none());
}

/// The same bytes sent again, or the same record delivered again, make no second row.
pub async fn the_same_twice_is_one_row(quarantine: &impl Quarantine) {
    let both = || vec![rejection("x", RECEIVED), record("7", "y")];
    let first = quarantine.keep(both()).await.expect(WORKS);
    let mut later = both();
    later.iter_mut().for_each(|rejection| rejection.received_millis += 5);
    assert_eq!(quarantine.keep(later).await.expect(WORKS), first);
    let listed = quarantine.list(None, 10).await.expect(WORKS);
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|row| row.received_millis == RECEIVED));
}

/// A listing shows code, field, message and size, in order of arrival, page by page.
pub async fn a_list_is_redacted_and_goes_on_after_a_cursor(quarantine: &impl Quarantine) {
    let at = |number: i64| rejection(&format!("{{\"learner\":\"ana-{number}\"}}"), RECEIVED + number % 3);
    quarantine.keep((0..7).map(at).collect()).await.expect(WORKS);
    let (mut listed, mut cursor) = (Vec::new(), None);
    for _ in 0..3 {
        let page = quarantine.list(cursor, 3).await.expect(WORKS);
        assert!(page.len() <= 3);
        cursor = page.last().map(Redacted::cursor);
        listed.extend(page);
    }
    assert!(quarantine.list(cursor, 3).await.expect(WORKS).is_empty(), "a listing goes on for ever");
    assert_eq!(listed.len(), 7);
    assert!(listed.windows(2).all(|pair| pair[0].cursor() < pair[1].cursor()));
    assert_eq!((listed[0].code.as_str(), listed[0].field.as_str(), listed[0].raw_bytes), ("wrong_type", "to", 19));
    assert!(!format!("{listed:?}").contains("ana"), "a learner's id is shown");
}

/// Rows that name a learner are found by pseudonym, within the tenant.
pub async fn rows_are_found_by_learner(quarantine: &impl Quarantine) {
    let about =
        |raw: &str, learner: u8| Rejection { pseudonym: Some(Pseudonym([learner; 16])), ..rejection(raw, RECEIVED) };
    let kept = vec![about("a", 1), about("b", 2), about("c", 1), rejection("d", RECEIVED)];
    let keys = quarantine.keep(kept).await.expect(WORKS);
    let found = quarantine.about("escola", Pseudonym([1; 16])).await.expect(WORKS);
    let mut found: Vec<_> = found.into_iter().map(|row| row.key).collect();
    found.sort_unstable();
    let mut expected = vec![keys[0], keys[2]];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(quarantine.about("outra", Pseudonym([1; 16])).await.expect(WORKS).is_empty());
}

/// A row is driven again once, and shows when.
pub async fn a_row_is_marked_once(quarantine: &impl Quarantine) {
    let key = quarantine.keep(vec![rejection("x", RECEIVED)]).await.expect(WORKS)[0];
    assert!(quarantine.mark_redriven(key, RECEIVED + 9).await.expect(WORKS));
    assert!(!quarantine.mark_redriven(key, RECEIVED + 10).await.expect(WORKS));
    assert!(!quarantine.mark_redriven(RowKey([9; 16]), RECEIVED).await.expect(WORKS));
    assert_eq!(quarantine.list(None, 9).await.expect(WORKS)[0].redriven_millis, Some(RECEIVED + 9));
    a_row_is_found_by_its_key(quarantine, key).await;
    assert!(quarantine.open(key).await.expect(WORKS).is_some(), "a marked row still opens");
}

async fn a_row_is_found_by_its_key(quarantine: &impl Quarantine, marked: RowKey) {
    let others = (0..20).map(|number| rejection(&format!("other {number}"), RECEIVED)).collect();
    for key in quarantine.keep(others).await.expect(WORKS).into_iter().chain([marked]) {
        let (_, redacted) = find(quarantine, key).await.expect(WORKS).expect("the row is there");
        assert_eq!(redacted.map(|row| (row.key, row.redriven_millis.is_some())), Some((key, key == marked)));
    }
    assert!(find(quarantine, RowKey([9; 16])).await.expect(WORKS).is_none());
}

/// At 30 days a row is gone from wherever it could be found; not a millisecond earlier.
pub async fn rows_are_gone_after_thirty_days(quarantine: &impl Quarantine) {
    let old = Rejection { pseudonym: Some(Pseudonym([1; 16])), ..rejection("old", RECEIVED) };
    let keys = quarantine.keep(vec![old, rejection("new", RECEIVED + 1)]).await.expect(WORKS);
    assert_eq!(quarantine.expire(RECEIVED + KEPT_MILLIS - 1).await.expect(WORKS), 0);
    assert_eq!(quarantine.expire(RECEIVED + KEPT_MILLIS).await.expect(WORKS), 1);
    assert!(quarantine.open(keys[0]).await.expect(WORKS).is_none());
    assert!(quarantine.about("escola", Pseudonym([1; 16])).await.expect(WORKS).is_empty());
    let left: Vec<_> = quarantine.list(None, 9).await.expect(WORKS).into_iter().map(|row| row.key).collect();
    assert_eq!(left, [keys[1]]);
}

/// From nothing to the most that is kept, also where a store has to part them.
pub async fn bodies_of_any_size_open_whole(quarantine: &impl Quarantine) {
    let sizes = [0, 1, 2_000, 4_096, 358_400, 500_000, MAX_RAW_BYTES, MAX_RAW_BYTES + 9];
    // No two bytes that follow each other are alike, nor two stretches of a part's length.
    let body = |size: usize| (0..size).map(|at| (at % 251) as u8 ^ (at >> 16) as u8).collect::<Vec<_>>();
    let kept: Vec<_> = sizes.iter().map(|size| Rejection { raw: body(*size), ..rejection("", RECEIVED) }).collect();
    let keys = quarantine.keep(kept.clone()).await.expect(WORKS);
    for (key, kept) in keys.iter().zip(kept) {
        let most = kept.raw.len().min(MAX_RAW_BYTES);
        let opened = quarantine.open(*key).await.expect(WORKS).expect("the row is there");
        assert!(opened.raw == kept.raw[..most], "{} bytes", kept.raw.len());
    }
    let listed = quarantine.list(None, 99).await.expect(WORKS);
    assert_eq!(listed.iter().map(|row| row.raw_bytes as usize).max(), Some(MAX_RAW_BYTES + 9));
    assert_eq!(listed.len(), sizes.len());
}

/// Those who keep the same at once, and one who sends it twice in one call, make one row, which opens.
pub async fn the_same_at_once_is_one_row(quarantine: &impl Quarantine) {
    let raw = "x".repeat(400_000);
    let keep = |later| quarantine.keep(vec![rejection(&raw, RECEIVED + later), rejection(&raw, RECEIVED + later)]);
    let (one, two, three) = tokio::join!(keep(0), keep(1), keep(2));
    let keys = [one, two, three].map(|keys| keys.expect(WORKS));
    assert!(keys.iter().flatten().all(|key| *key == keys[0][0]));
    for most in [1, 9] {
        assert_eq!(listed_by(quarantine, most).await.len(), 1, "pages of {most}");
    }
    let opened = quarantine.open(keys[0][0]).await.expect(WORKS).expect("the row is there");
    assert!(opened.raw == raw.as_bytes());
}

/// The whole listing, in pages of so many rows.
async fn listed_by(quarantine: &impl Quarantine, most: usize) -> Vec<Redacted> {
    let mut listed: Vec<Redacted> = Vec::new();
    loop {
        let page = quarantine.list(listed.last().map(Redacted::cursor), most).await.expect(WORKS);
        if page.is_empty() {
            return listed;
        }
        listed.extend(page);
        assert!(listed.len() < 99, "a listing goes on for ever");
    }
}

/// A listing goes from day to day, over days without a row, however long its pages are.
pub async fn rows_of_many_days_are_listed_in_order(quarantine: &impl Quarantine) {
    let days_ago = [0, 0, 0, 1, 2, 2, 9, 20, 29];
    let old = |(number, days): (usize, i64)| rejection(&format!("old {number}"), RECEIVED - days * 86_400_000);
    quarantine.keep(days_ago.into_iter().enumerate().map(old).collect()).await.expect(WORKS);
    let whole = quarantine.list(None, 99).await.expect(WORKS);
    assert_eq!(whole.len(), days_ago.len());
    assert!(whole.windows(2).all(|pair| pair[0].cursor() < pair[1].cursor()));
    for most in [1, 2, 4] {
        assert_eq!(listed_by(quarantine, most).await, whole, "pages of {most}");
    }
    assert!(quarantine.list(None, 0).await.expect(WORKS).is_empty());
}
