//! The contract of [`Identities`].

use trilha_schemas::ids::Pseudonym;

use crate::identities::{Identities, Identity};

const WORKS: &str = "the store works";

fn named(learner: &str, n: u32) -> Identity {
    Identity { learner: Some(learner.to_string()), n }
}

fn pseudonym(number: u8) -> Pseudonym {
    Pseudonym([number; 16])
}

/// The whole suite; `fresh` makes an empty table.
pub async fn suite<I: Identities>(mut fresh: impl FnMut() -> I) {
    rows_come_back_in_the_order_asked(&fresh()).await;
    a_row_that_is_there_stays(&fresh()).await;
    an_erased_row_keeps_its_mark_and_loses_the_id(&fresh()).await;
    tenants_do_not_see_each_other(&fresh()).await;
    many_rows_are_added_and_found(&fresh()).await;
    who_adds_at_once_agrees(&fresh()).await;
}

/// What was added is found; what was not is `None`.
pub async fn rows_come_back_in_the_order_asked(table: &impl Identities) {
    let rows = (1..=3).map(|number| (pseudonym(number), named(&format!("ana-{number}"), 0))).collect();
    assert_eq!(table.add("escola", rows).await.expect(WORKS), [true; 3]);
    let found = table.rows("escola", &[pseudonym(3), pseudonym(9), pseudonym(1)]).await.expect(WORKS);
    assert!(found == [Some(named("ana-3", 0)), None, Some(named("ana-1", 0))]);
    assert!(table.rows("escola", &[]).await.expect(WORKS).is_empty());
}

/// Adding twice changes nothing.
pub async fn a_row_that_is_there_stays(table: &impl Identities) {
    table.add("escola", vec![(pseudonym(1), named("ana", 0))]).await.expect(WORKS);
    let again = table.add("escola", vec![(pseudonym(1), named("bia", 4)), (pseudonym(2), named("bia", 0))]).await;
    assert_eq!(again.expect(WORKS), [true, true]);
    let found = table.rows("escola", &[pseudonym(1), pseudonym(2)]).await.expect(WORKS);
    assert!(found == [Some(named("ana", 0)), Some(named("bia", 0))]);
}

/// After an erasure the raw id is gone, the row stays and says so to who adds it again.
pub async fn an_erased_row_keeps_its_mark_and_loses_the_id(table: &impl Identities) {
    table.add("escola", vec![(pseudonym(1), named("ana", 2))]).await.expect(WORKS);
    assert!(table.erase("escola", pseudonym(1)).await.expect(WORKS));
    assert!(!table.erase("escola", pseudonym(2)).await.expect(WORKS), "a row that is not there");
    let added = table.add("escola", vec![(pseudonym(1), named("ana", 2))]).await.expect(WORKS);
    assert_eq!(added, [false]);
    let found = table.rows("escola", &[pseudonym(1)]).await.expect(WORKS);
    assert!(found == [Some(Identity { learner: None, n: 2 })]);
}

/// The same pseudonym under two tenants is two rows.
pub async fn tenants_do_not_see_each_other(table: &impl Identities) {
    table.add("escola", vec![(pseudonym(1), named("ana", 0))]).await.expect(WORKS);
    assert!(table.rows("outra", &[pseudonym(1)]).await.expect(WORKS) == [None]);
    assert!(!table.erase("outra", pseudonym(1)).await.expect(WORKS));
    assert!(table.rows("escola", &[pseudonym(1)]).await.expect(WORKS) == [Some(named("ana", 0))]);
}

/// More rows than any store takes in one call of its own; asking for one twice is fine.
pub async fn many_rows_are_added_and_found(table: &impl Identities) {
    let row = |number: u16| {
        let mut pseudonym = Pseudonym([7; 16]);
        pseudonym.0[..2].copy_from_slice(&number.to_be_bytes());
        (pseudonym, named(&format!("ana-{number}"), 0))
    };
    let rows: Vec<_> = (0..250).map(row).collect();
    assert_eq!(table.add("escola", rows.clone()).await.expect(WORKS), [true; 250]);
    let asked: Vec<_> = rows.iter().rev().chain([&rows[9]]).collect();
    let pseudonyms: Vec<_> = asked.iter().map(|(pseudonym, _)| *pseudonym).collect();
    let found = table.rows("escola", &pseudonyms).await.expect(WORKS);
    assert!(found.iter().map(Option::as_ref).eq(asked.into_iter().map(|(_, identity)| Some(identity))));
}

/// Of those who add the same row at once one does; each is told the same.
pub async fn who_adds_at_once_agrees(table: &impl Identities) {
    let add =
        |learner: &str| table.add("escola", vec![(pseudonym(1), named(learner, 0)), (pseudonym(2), named(learner, 0))]);
    let (one, two, three) = tokio::join!(add("ana"), add("bia"), add("eva"));
    assert!([one, two, three].into_iter().all(|added| added.expect(WORKS) == [true, true]));
    let first = table.rows("escola", &[pseudonym(1)]).await.expect(WORKS);
    assert!(["ana", "bia", "eva"].iter().any(|learner| first == [Some(named(learner, 0))]));
    table.add("escola", vec![(pseudonym(1), named("lia", 0))]).await.expect(WORKS);
    assert!(table.rows("escola", &[pseudonym(1)]).await.expect(WORKS) == first);
}
