"""What the template costs a month, computed from list prices of us-east-1 (November 2026); nothing here is measured.

    python3 infra/aws/costs.py            the tables of infra/aws/README.md

Each line says its arithmetic. What is assumed stands in ASSUMED: change it to your own numbers.
"""

import json
import pathlib

HOURS = 730
SECONDS = HOURS * 3600


def prices():
    """Dollars for one of each thing: the file that `trilha cost` reads too, with dates and sources."""
    listed = json.loads((pathlib.Path(__file__).parents[2] / "benches/cost/prices.json").read_text())["prices"]
    return {name: price["dollars"] / price["per"] for name, price in listed.items()}


PRICE = prices()
FREE = {"alarms": 10, "metrics": 10, "transitions": 4_000}

ALARMS = 31
METRICS = 30
# Steps of a run without dirty days; two more for each day.
COMPACTION_STEPS, DAY_STEPS, REDRIVE_STEPS = 8, 2, 3
COMPACTIONS, REDRIVES = SECONDS / 900, HOURS

# Auto scaling makes four for a provisioned table's writes and four for its reads.
SCALING_ALARMS = 8

SIZES = {
    "school": {"learners": 2_000, "on_demand": False, "shards": 1, "live_window": 5, "lake_window": 300,
               "collector_gb": 0.25, "live_gb": 0.5, "lake_gb": 0.5, "steps_gb": 1.77, "tenants": 1, "provisioned": None},
    "university": {"learners": 50_000, "on_demand": True, "shards": 4, "live_window": 10, "lake_window": 120,
                   "collector_gb": 0.5, "live_gb": 1.0, "lake_gb": 1.0, "steps_gb": 3.0, "tenants": 1,
                   "provisioned": None},
    "national": {"learners": 1_000_000, "on_demand": True, "shards": 16, "live_window": 20, "lake_window": 300,
                 "collector_gb": 0.5, "live_gb": 1.77, "lake_gb": 1.77, "steps_gb": 6.0, "tenants": 50,
                 "provisioned": {"least": 400, "reads": 100, "raised": [5_500, 2_500, 2_500, 2_500]}},
}
ASSUMED = {
    "events of a learner a month": 6_200,   # Four hours of video a week, a heartbeat each 10 s.
    "events a request": 20,                 # The tracker gathers; without that, the first line is 20 times as much.
    "bytes of a packed event": 80,
    "write units an event": 0.17,           # Two items of a learner for each 20 events, and views shared by a class.
    "read units an event": 0.10,            # The same items, where they are no longer warm.
    "used of provisioned capacity": 0.55,     # `trilha cost` counts it for a day with an evening's peak.
    "hours a day with records": 16,
    "seconds of a live batch": 0.5,
    "seconds of a lake batch": 0.5,
    "seconds of a request": 0.005,
    "bytes of a row in Parquet": 50,
    "bytes of an access log line": 350,
    "bytes of a request's log line": 800,   # Of the collector; half of it says which span of which trace it is.
    "bytes of a batch's log line": 1_060,
    "months of data": 12,
    "times an event is written anew": 48.5,  # A day grows from run to run, and is written whole by each of 96.
    "days of an old version": 3.5,          # What a run supersedes stays for three days, and until midnight.
}


def at_rest(size):
    """Yields (what, dollars a month, arithmetic) with no learner at work."""
    if size["on_demand"]:
        yield "Kinesis", PRICE["on-demand stream hour"] * HOURS, "730 h × 0.04, on-demand"
    else:
        yield "Kinesis", PRICE["shard hour"] * HOURS, "730 h × 0.015, one shard"
    alarms = ALARMS + (SCALING_ALARMS if size["provisioned"] else 0)
    yield "Alarms", (alarms - FREE["alarms"]) * PRICE["alarm"], f"({alarms} − 10 free) × 0.10"
    if size["provisioned"]:
        least, hours, raised = least_capacity(size)
        yield ("Live table", least * HOURS * PRICE["write capacity unit hour"] + hours * PRICE["read capacity unit hour"],
               f"730 h × {least} writes × 0.00065; {hours:,.0f} h of a read ({raised}) × 0.00013")
    else:
        yield "Live table", 0, "on demand"
    yield "Secrets Manager", PRICE["secret"], "one secret"
    steps = COMPACTIONS * COMPACTION_STEPS + REDRIVES * REDRIVE_STEPS
    yield ("Step Functions", (steps - FREE["transitions"]) * PRICE["transition"],
           f"({steps:,.0f} transitions − 4,000 free) × 25 a million")
    seconds = COMPACTIONS * 3 * 0.1
    yield "Steps", seconds * size["steps_gb"] * PRICE["GB second"], f"{seconds:,.0f} s × {size['steps_gb']} GB"


def under_load(size):
    """Yields (what, dollars a month, arithmetic) that learners at work add."""
    events = events_of(size)
    requests = events / ASSUMED["events a request"]
    busy = ASSUMED["hours a day with records"] / 24 * SECONDS
    live = size["shards"] * busy / size["live_window"]
    lake = size["shards"] * busy / size["lake_window"]
    yield "API Gateway", requests * PRICE["API request"], f"{requests / 1e6:,.1f} M requests × 1.00 a million"
    yield ("Collector", requests * lambda_price(ASSUMED["seconds of a request"], size["collector_gb"]),
           f"the same, 5 ms × {size['collector_gb']} GB")
    yield "Stream", stream(size, events, requests), stream_arithmetic(size)
    yield ("Live processor", live * lambda_price(ASSUMED["seconds of a live batch"], size["live_gb"]),
           f"{live / 1e6:,.2f} M batches of 0.5 s × {size['live_gb']} GB")
    yield ("Lake writer", lake * lambda_price(ASSUMED["seconds of a lake batch"], size["lake_gb"]),
           f"{lake / 1e6:,.2f} M batches of 0.5 s × {size['lake_gb']} GB")
    units = events * ASSUMED["write units an event"]
    yield "DynamoDB writes", writes(size, units), f"{units / 1e6:,.0f} M units × 0.625 a million"
    units = events * ASSUMED["read units an event"]
    yield "DynamoDB reads", reads(size, units), f"{units / 1e6:,.0f} M units × 0.125 a million"
    stored = size["learners"] * 40_000 / 1e9
    yield "DynamoDB storage", stored * (PRICE["table GB"] + PRICE["recovery GB"]), f"{stored:,.1f} GB × (0.25 + 0.20 for recovery)"
    files = lake + COMPACTIONS * size["tenants"] * 2
    yield "S3 writes", files * PRICE["S3 PUT"], f"{files / 1e6:,.2f} M × 5 a million"
    manifest = lake * 4
    yield ("Manifest", manifest * PRICE["write unit"],
           f"{manifest / 1e6:,.2f} M units: two items in a transaction a batch")
    kept = events * ASSUMED["bytes of a row in Parquet"] * ASSUMED["months of data"] / 1e9
    yield "S3 storage", kept * PRICE["S3 GB"], f"{kept:,.0f} GB after 12 months × 0.023"
    written = events * ASSUMED["bytes of a row in Parquet"] * ASSUMED["times an event is written anew"] / 1e9
    old = written * ASSUMED["days of an old version"] / (HOURS / 24)
    yield "S3 old versions", old * PRICE["S3 GB"], f"{written:,.0f} GB written anew, kept for 3.5 days = {old:,.0f} GB × 0.023"
    steps = COMPACTIONS * size["tenants"] * DAY_STEPS
    yield "Step Functions", steps * PRICE["transition"], f"{steps:,.0f} transitions: a dirty day an institution and run"
    compacting = COMPACTIONS * size["tenants"] * 5
    yield ("Compaction", compacting * size["steps_gb"] * PRICE["GB second"],
           f"{compacting:,.0f} s × {size['steps_gb']} GB")
    logged = requests * (ASSUMED["bytes of an access log line"] + ASSUMED["bytes of a request's log line"])
    logged += (live + lake) * ASSUMED["bytes of a batch's log line"]
    logged /= 1e9
    yield "Logs", logged * PRICE["log GB"], f"{logged:,.1f} GB × 0.50"
    yield "Metrics", (METRICS - FREE["metrics"]) * PRICE["metric"], f"({METRICS} − 10 free) × 0.30"


def least_capacity(size):
    """The least writes, hours of a read a month, and how the evaluator's runs raise them."""
    provisioned = size["provisioned"]
    day = sum(provisioned["raised"]) + (24 - len(provisioned["raised"])) * provisioned["reads"]
    raised = ", ".join(f"{capacity:,}" for capacity in provisioned["raised"])
    return provisioned["least"], day * HOURS / 24, f"{provisioned['reads']}; {raised} for an hour"


def writes(size, units):
    return of_live_table(size, units, "write", "least")


def reads(size, units):
    """The evaluator's are within what is raised for it."""
    return of_live_table(size, units, "read", "reads")


def of_live_table(size, units, kind, least):
    """Units; where it is provisioned, hours of capacity beyond the least, which is paid for at rest."""
    if not size["provisioned"]:
        return units * PRICE[f"{kind} unit"]
    hours = units / 3_600 / ASSUMED["used of provisioned capacity"]
    return max(hours - size["provisioned"][least] * HOURS, 0) * PRICE[f"{kind} capacity unit hour"]


def events_of(size):
    return size["learners"] * ASSUMED["events of a learner a month"]


def lambda_price(seconds, gigabytes):
    return PRICE["invocation"] + seconds * gigabytes * PRICE["GB second"]


def stream(size, events, records):
    """A record holds the events of one request: one learner's. It is read twice."""
    if not size["on_demand"]:
        return records * PRICE["PUT unit"]
    kilobytes = -(-ASSUMED["bytes of a packed event"] * ASSUMED["events a request"] // 1024)
    gigabytes = records * kilobytes / 1e6
    return gigabytes * (PRICE["on-demand GB in"] + 2 * PRICE["on-demand GB out"])


def stream_arithmetic(size):
    if size["on_demand"]:
        return "2 KB a record × (0.08 in + 2 × 0.04 out) a GB"
    return "a PUT unit a record × 0.014 a million"


def total(lines):
    return sum(dollars for _, dollars, _ in lines)


def table(title, lines_of):
    """A table in Markdown: a row a line, a column a size; the arithmetic is the university's."""
    columns = {name: list(lines_of(size)) for name, size in SIZES.items()}
    yield f"| {title} | school | university | national | arithmetic (university) |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for number, (what, _, arithmetic) in enumerate(columns["university"]):
        values = " | ".join(f"{lines[number][1]:,.2f}" for lines in columns.values())
        yield f"| {what} | {values} | {arithmetic} |"
    yield f"| **sum** | {' | '.join(f'**{total(lines):,.2f}**' for lines in columns.values())} | |"


def million(size):
    """Dollars a million events, at rest and load together."""
    return (total(at_rest(size)) + total(under_load(size))) / events_of(size) * 1e6


def tables():
    yield from table("at rest, dollars a month", at_rest)
    yield ""
    yield from table("and at work", under_load)
    yield ""
    sizes = SIZES.values()
    yield "| | school | university | national |"
    yield "| --- | ---: | ---: | ---: |"
    yield row("learners", (f"{size['learners']:,}" for size in sizes))
    yield row("events a month", (f"{events_of(size) / 1e6:,.0f} M" for size in sizes))
    yield row("dollars a month, all in", (f"{total(at_rest(size)) + total(under_load(size)):,.0f}" for size in sizes))
    yield row("dollars a million events, all in", (f"{million(size):.3f}" for size in sizes))


def row(what, values):
    return f"| {what} | {' | '.join(values)} |"


if __name__ == "__main__":
    print("\n".join(tables()))
