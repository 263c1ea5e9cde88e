//! What every catalogue does, as functions that panic where one does not.
//!
//! [`catalogue_contract!`](crate::catalogue_contract) makes a test of each; every one is given an empty catalogue.

use trilha_lake::{Day, Partition};

use super::Catalogue;

/// Makes one `#[tokio::test]` of each function of the contract. The argument is evaluated for each: a pair of what must
/// outlive the catalogue (or `()`) and an empty catalogue.
#[macro_export]
macro_rules! catalogue_contract {
    ($kept_and_catalogue:expr) => {
        $crate::catalogue_contract!(@each $kept_and_catalogue;
            readers_are_sent_to_where_it_was_told_last,
            moving_again_changes_nothing,
            partitions_have_places_of_their_own,
        );
    };
    (@each $kept_and_catalogue:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (_kept, catalogue) = $kept_and_catalogue;
                $crate::catalogue::contract::$name(&catalogue).await;
            }
        )*
    };
}

/// For `expect`: no call of the contract meets a fault.
const WORKS: &str = "the catalogue works";

fn partition(tenant: &str, day: Day) -> Partition {
    Partition { tenant: tenant.to_string(), day }
}

async fn location(catalogue: &impl Catalogue, partition: &Partition) -> Option<String> {
    catalogue.location(partition).await.expect(WORKS)
}

fn folder(partition: &Partition, generation: u64) -> String {
    format!("{}/generation={generation}", partition.folder())
}

/// The last word counts.
pub async fn readers_are_sent_to_where_it_was_told_last(catalogue: &impl Catalogue) {
    let one = partition("a", Day::Date(1));
    assert_eq!(location(catalogue, &one).await, None);
    for generation in [1, 2] {
        assert!(catalogue.move_to(&one, &folder(&one, generation)).await.expect(WORKS));
        assert_eq!(location(catalogue, &one).await, Some(folder(&one, generation)));
    }
}

/// Moving is repeatable, and says when it has nothing to do.
pub async fn moving_again_changes_nothing(catalogue: &impl Catalogue) {
    let one = partition("a", Day::Date(1));
    assert!(catalogue.move_to(&one, &folder(&one, 1)).await.expect(WORKS));
    assert!(!catalogue.move_to(&one, &folder(&one, 1)).await.expect(WORKS));
    assert_eq!(location(catalogue, &one).await, Some(folder(&one, 1)));
}

/// Whatever a tenant is called.
pub async fn partitions_have_places_of_their_own(catalogue: &impl Catalogue) {
    let days = [("a", Day::Date(1)), ("a", Day::Unknown), ("a/b", Day::Date(1)), ("são paulo=1 %", Day::Date(1))];
    let all = days.map(|(tenant, day)| partition(tenant, day));
    for (at, partition) in (1..).zip(&all) {
        catalogue.move_to(partition, &folder(partition, at)).await.expect(WORKS);
    }
    for (at, partition) in (1..).zip(&all) {
        assert_eq!(location(catalogue, partition).await, Some(folder(partition, at)));
    }
}

#[cfg(test)]
mod tests {
    mod memory {
        crate::catalogue_contract!(((), crate::MemoryCatalogue::default()));
    }
}
