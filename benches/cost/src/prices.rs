//! List prices, from the one file that holds them.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

/// The file as it is published.
const FILE: &str = include_str!("../prices.json");

/// Why a file of prices cannot be used.
#[derive(Debug, Error)]
pub enum PriceError {
    /// It is not JSON of this form, or names what nobody sells.
    #[error("the prices cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A price is missing.
    #[error("no price of {0:?}")]
    Missing(Priced),
    /// A price is negative, or for less than one of a thing.
    #[error("the price of {0:?} is no price")]
    Absurd(Priced),
}

macro_rules! priced {
    ($($variant:ident = $name:literal,)*) => {
        /// What has a price; named in the file as here in quotes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum Priced {
            $(#[doc = $name] #[serde(rename = $name)] $variant,)*
        }

        impl Priced {
            /// All of them.
            pub const ALL: &[Priced] = &[$(Priced::$variant),*];

            /// Its name in the file.
            pub fn name(self) -> &'static str {
                match self { $(Priced::$variant => $name),* }
            }
        }
    };
}

priced! {
    ApiRequest = "API request",
    ApiRequestBeyond = "API request beyond 300 million",
    Invocation = "invocation",
    GbSecond = "GB second",
    ShardHour = "shard hour",
    PutUnit = "PUT unit",
    ShardHourOfRetention = "shard hour of retention",
    OnDemandStreamHour = "on-demand stream hour",
    OnDemandGbIn = "on-demand GB in",
    OnDemandGbOut = "on-demand GB out",
    OnDemandGbOfRetention = "on-demand GB of retention",
    WriteUnit = "write unit",
    ReadUnit = "read unit",
    WriteCapacityHour = "write capacity unit hour",
    ReadCapacityHour = "read capacity unit hour",
    TableGb = "table GB",
    RecoveryGb = "recovery GB",
    S3Put = "S3 PUT",
    S3Get = "S3 GET",
    S3Gb = "S3 GB",
    LogGb = "log GB",
    Alarm = "alarm",
    Metric = "metric",
    Secret = "secret",
    Transition = "transition",
    BusEvent = "bus event",
    QueueRequest = "queue request",
    FirehoseGb = "Firehose GB",
    FirehoseParquetGb = "Firehose Parquet GB",
    FirehosePartitioningGb = "Firehose partitioning GB",
    KpuHour = "KPU hour",
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: String,
    read: String,
    #[serde(rename = "note")]
    _note: String,
    prices: BTreeMap<Priced, Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    dollars: f64,
    per: f64,
    #[serde(rename = "source")]
    _source: String,
}

/// Prices of one region on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// Where.
    pub region: String,
    /// When they were read.
    pub read: String,
    each: BTreeMap<Priced, f64>,
}

impl Prices {
    /// The prices of the file beside this crate.
    ///
    /// # Errors
    /// [`PriceError`]; a test reads the file, so that it is never seen.
    pub fn published() -> Result<Prices, PriceError> {
        Prices::parse(FILE)
    }

    /// Reads a file of prices.
    ///
    /// # Errors
    /// [`PriceError`].
    pub fn parse(text: &str) -> Result<Prices, PriceError> {
        let file: File = serde_json::from_str(text)?;
        let mut each = BTreeMap::new();
        for priced in Priced::ALL {
            let row = file.prices.get(priced).ok_or(PriceError::Missing(*priced))?;
            if !(row.dollars >= 0.0 && row.per >= 1.0) {
                return Err(PriceError::Absurd(*priced));
            }
            each.insert(*priced, row.dollars / row.per);
        }
        Ok(Prices { region: file.region, read: file.read, each })
    }

    /// Dollars for one.
    pub fn of(&self, priced: Priced) -> f64 {
        self.each.get(&priced).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_file_prices_everything_and_says_when_and_where_it_was_read() {
        let prices = Prices::published().unwrap();
        assert_eq!((prices.region.as_str(), prices.read.len()), ("us-east-1", "2026-11-23".len()));
        assert!(Priced::ALL.iter().all(|priced| prices.of(*priced) > 0.0));
        assert_eq!(prices.of(Priced::WriteUnit), 0.625e-6);
        assert_eq!(
            [Priced::WriteCapacityHour, Priced::ReadCapacityHour].map(|priced| prices.of(priced)),
            [0.00065, 0.00013]
        );
    }

    #[test]
    fn a_file_that_lacks_a_price_or_has_an_absurd_one_is_refused() {
        let lacking = FILE.replace("\"write unit\"", "\"writing unit\"");
        assert!(matches!(Prices::parse(&lacking), Err(PriceError::Unreadable(_))));
        let start = FILE.find("    \"secret\"").unwrap();
        let end = start + FILE[start..].find('\n').unwrap() + 1;
        let lacking = format!("{}{}", &FILE[..start], &FILE[end..]);
        assert!(matches!(Prices::parse(&lacking), Err(PriceError::Missing(Priced::Secret))));
        let absurd = FILE.replace("\"dollars\": 0.625", "\"dollars\": -0.625");
        assert!(matches!(Prices::parse(&absurd), Err(PriceError::Absurd(Priced::WriteUnit))));
        assert!(matches!(Prices::parse("{}"), Err(PriceError::Unreadable(_))));
    }
}
