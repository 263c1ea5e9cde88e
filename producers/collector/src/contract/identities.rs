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
