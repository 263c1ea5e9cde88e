//! How AWS rounds: from bytes and seconds to what is charged. No prices.

/// A PUT payload unit of a provisioned stream.
const PUT_UNIT_BYTES: u64 = 25 * 1024;
/// An on-demand stream rounds each record up to this.
const ON_DEMAND_BYTES: u64 = 1024;
const WRITE_UNIT_BYTES: u64 = 1024;
const READ_UNIT_BYTES: u64 = 4 * 1024;
/// API Gateway meters a request in steps of this.
const API_REQUEST_BYTES: u64 = 512 * 1024;
/// Firehose rounds each record up to this.
const FIREHOSE_BYTES: u64 = 5 * 1024;
/// So much memory comes with one whole core.
const CORE_MEGABYTES: f64 = 1769.0;
/// A gigabyte as it is billed.
pub const GB: f64 = 1024.0 * 1024.0 * 1024.0;

/// PUT payload units of a record.
pub fn put_units(bytes: u64) -> u64 {
    begun(bytes, PUT_UNIT_BYTES)
}

/// The bytes that an on-demand stream charges for a record.
pub fn on_demand_bytes(bytes: u64) -> u64 {
    begun(bytes, ON_DEMAND_BYTES) * ON_DEMAND_BYTES
}

/// The bytes that Firehose charges for a record.
pub fn firehose_bytes(bytes: u64) -> u64 {
    begun(bytes, FIREHOSE_BYTES) * FIREHOSE_BYTES
}

/// Write units of an item of a size; of a failed condition, by the size of the item that is there (0: none).
pub fn write_units(bytes: u64) -> u64 {
    begun(bytes, WRITE_UNIT_BYTES)
}

/// Read units, in halves, of an item of a size (0: there is none), or of a page of a query by the size of all its items.
pub fn half_read_units(bytes: u64, strong: bool) -> u64 {
    begun(bytes, READ_UNIT_BYTES) * if strong { 2 } else { 1 }
}

/// Metered requests of a body of a size.
pub fn api_requests(bytes: u64) -> u64 {
    begun(bytes, API_REQUEST_BYTES)
}

/// The milliseconds that a call of so many seconds is billed.
pub fn billed_millis(seconds: f64) -> u64 {
    (seconds * 1_000.0).ceil().max(1.0) as u64
}

/// The share of a core that a function of some memory has; beyond one core nothing of ours gets faster.
pub fn core_share(megabytes: u32) -> f64 {
    (f64::from(megabytes) / CORE_MEGABYTES).min(1.0)
}

/// At least one: an empty record or item is charged too.
fn begun(bytes: u64, unit: u64) -> u64 {
    bytes.div_ceil(unit).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(units: impl Fn(u64) -> u64, border: u64, each: u64) {
        assert_eq!(units(0), each, "nothing is charged as one");
        assert_eq!(units(1), each);
        for units_before in [1, 2, 7] {
            let bytes = border * units_before;
            assert_eq!(units(bytes - 1), units_before * each, "{bytes} − 1");
            assert_eq!(units(bytes), units_before * each, "{bytes}");
            assert_eq!(units(bytes + 1), (units_before + 1) * each, "{bytes} + 1");
        }
    }

    #[test]
    fn every_border_lies_at_its_byte() {
        check(put_units, 25_600, 1);
        check(on_demand_bytes, 1_024, 1_024);
        check(firehose_bytes, 5_120, 5_120);
        check(write_units, 1_024, 1);
        check(|bytes| half_read_units(bytes, true), 4_096, 2);
        check(|bytes| half_read_units(bytes, false), 4_096, 1);
        check(api_requests, 524_288, 1);
    }

    #[test]
    fn time_is_billed_by_the_millisecond_begun() {
        assert_eq!([0.0, 0.0005, 0.001, 0.0010001, 1.5].map(billed_millis), [1, 1, 1, 2, 1_500]);
    }

    #[test]
    fn a_core_comes_with_its_memory_and_no_second_one_helps() {
        assert_eq!((core_share(1_769), core_share(6_144)), (1.0, 1.0));
        assert!((core_share(512) - 0.289).abs() < 0.001);
    }
}
