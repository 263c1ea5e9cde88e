"""How far both processors have come along a stream."""

import common


def last_numbers(kinesis, stream):
    """The last sequence number of each shard that has a record, and how many records there are."""
    shards = []
    for page in kinesis.get_paginator("list_shards").paginate(StreamName=stream):
        shards += page["Shards"]
    last, records = {}, 0
    for shard in shards:
        iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"],
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            page = kinesis.get_records(ShardIterator=iterator, Limit=10000)
            if page["Records"]:
                last[shard["ShardId"]] = int(page["Records"][-1]["SequenceNumber"])
                records += len(page["Records"])
            elif not page.get("MillisBehindLatest"):
                break
            iterator = page.get("NextShardIterator")
    return last, records


def items(dynamodb, table, partition):
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": partition}},
        ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def shard_id(name):
    """Without the stream's incarnation."""
    return name.rsplit("/", 1)[-1]


def live(dynamodb, table):
    """The last sequence number of each shard that the live tables hold the effect of."""
    found = {}
    for item in items(dynamodb, table, "progress"):
        for shard, number in item["watermarks"]["M"].items():
            found[shard_id(shard)] = int.from_bytes(number["B"], "big")
    return found


def landed(dynamodb, table):
    """The last sequence number of each shard that has landed in the lake."""
    return {shard_id(item["sk"]["S"]): int(item["watermark"]["S"]) for item in items(dynamodb, table, "watermark")}


def drained(kinesis, stream, dynamodb, live_table=None, manifest_table=None):
    """Waits until the processors have come to the end of the stream; how many records that is."""
    last, records = last_numbers(kinesis, stream)
    readers = [(live, live_table), (landed, manifest_table)]

    def behind():
        return {f"{read.__name__} {shard}": (there.get(shard), number) for read, table in readers if table
                for there in [read(dynamodb, table)] for shard, number in last.items() if there.get(shard, 0) < number}

    common.until(lambda: not behind(), lambda: f"drained; behind: {behind()}")
    return records
