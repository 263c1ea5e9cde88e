//! The port's contract against stand-ins for DynamoDB that others wrote.

#![allow(clippy::unwrap_used)] // All of it is test.

use trilha_dynamodb::testing::{TestTable, stand_in};
use trilha_live_dynamodb::DynamoTable;

async fn fresh(variable: &str) -> Option<(TestTable, DynamoTable)> {
    let test = TestTable::create(&stand_in(variable)?).await;
    let table = DynamoTable::new(test.table.clone());
    Some((test, table))
}

/// Skips the test where there is no stand-in.
macro_rules! fresh_or_skip {
    ($variable:literal) => {
        match super::fresh($variable).await {
            Some(kept_and_table) => kept_and_table,
            None => return,
        }
    };
}

mod ministack {
    trilha_live::live_table_contract!(fresh_or_skip!("TRILHA_TEST_AWS"));
}

/// A second opinion where it can have one: to dynalite no two maps are equal, and it gives no item back where a condition
/// fails.
mod dynalite {
    trilha_live::live_table_contract!(@each fresh_or_skip!("TRILHA_TEST_DYNALITE");
        what_was_put_is_read,
        no_item_is_read_where_none_is,
        items_are_read_in_the_order_of_the_keys,
        a_key_that_no_item_can_have_is_read_as_none,
        each_put_stands_for_itself,
        a_call_without_keys_or_puts_is_empty,
        a_query_gives_the_partition_in_order,
        a_query_gives_only_what_has_the_prefix,
        what_is_too_large_is_refused_and_nothing_of_its_call_written,
        an_empty_key_is_refused,
        the_largest_item_is_taken,
        an_item_a_byte_over_the_limit_is_refused_whichever_part_of_it_is_longer,
    );
}
