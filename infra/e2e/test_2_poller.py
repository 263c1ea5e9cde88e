"""The same events through one process of ours that polls the stream (`trilha-aws up`), while the stream is split and merged under
load and the process is killed: what ministack's mapping cannot show. The stream is kinesis-local's, all else ministack's."""

import json
import random
import threading
import time
import unittest

import common
import embedded
import lake
import progress
import school
import world
from common import client
from embedded import TENANT

NAME = "e2e-poller"
# A kill for so many events, at moments that chance chooses.
KILLS = max(6, common.EVENTS // 5000)
# A kill comes at some moment of so many seconds after a share of the events was let go: while they are sent, while they are
# processed, or when all is done.
WITHIN = (0.2, 1, 4)
REQUEST_EVENTS = 100


class Poller(unittest.TestCase):
    maxDiff = 4000

    def test_split_merged_and_killed_none_is_lost_and_none_double(self):
        there = world.world()
        environment, stream = self.place(there.root), client("kinesis", common.KINESIS)
        up = self.up(environment)
        sender = school.Sender(up.address, up.key, events=REQUEST_EVENTS, shares=KILLS + 1).start()
        resharding = threading.Thread(target=reshard, args=(stream, sender), daemon=True)
        resharding.start()
        chance, kills = random.Random(common.SEED), 0
        while kills < KILLS:
            sender.allow()
            time.sleep(chance.uniform(0, chance.choice(WITHIN)))
            up.kill()
            kills += 1
            up = self.up(environment)
            sender.address = up.address
        sender.finish()
        resharding.join()
        closed = [shard for shard in shards(stream) if "EndingSequenceNumber" in shard["SequenceNumberRange"]]
        self.assertGreaterEqual(len(closed), 3, "the stream was not resharded")
        records = progress.drained(stream, NAME, client("dynamodb"), NAME + "-live", NAME + "-manifest")
        self.check_numbers(up, world.expected().numbers)
        up.end()
        rows = lake.comparable(lake.of_pointers(client("s3"), NAME + "-lake"))
        self.assertEqual(len(rows), len(school.distinct()))
        self.assertEqual(rows, lake.comparable(world.expected().rows))
        common.say(f"{sender.accepted} events, {kills} kills, {len(closed)} shards closed, "
                   f"{sender.again} requests again, {records} records")

    def check_numbers(self, up, expected):
        def read(path):
            status, text = school.call(up.address, "GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {up.token}"})
            self.assertEqual(status, 200, text)
            return json.loads(text)

        found = embedded.numbers(lambda course: read(f"views?course={school.quoted(course)}&at={school.at()}") if course
                                 else read(f"courses?at={school.at()}"))
        self.assertEqual(found.keys(), expected.keys())
        for name, numbers in expected.items():
            with self.subTest(name):
                self.assertEqual(found[name], numbers)

    def place(self, root):
        """Everything that the process needs, made by its own command; the stream has shards that can be split."""
        names = {f"TRILHA_{name.upper()}_TABLE": f"{NAME}-{name}" for name in (
            "live", "identities", "quarantine", "settings", "manifest", "status", "checkpoints")}
        environment = {
            "AWS_ENDPOINT_URL": common.ENDPOINT, "AWS_ENDPOINT_URL_KINESIS": common.KINESIS, "TRILHA_TENANTS": TENANT,
            "TRILHA_ZONE": "UTC", "TRILHA_STREAM": NAME, "TRILHA_LAKE_BUCKET": NAME + "-lake", "TRILHA_KEYS_SECRET": NAME,
            **names}
        kinesis = client("kinesis", common.KINESIS)
        kinesis.create_stream(StreamName=NAME, ShardCount=2)
        kinesis.get_waiter("stream_exists").wait(StreamName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        client("secretsmanager").create_secret(Name=NAME, SecretString=json.dumps({"root": root}))
        common.output(common.TRILHA_AWS, "create", environment=environment)
        return environment

    def up(self, environment):
        up = common.Served(common.TRILHA_AWS, "up", "--listen", "127.0.0.1:0", "--compact-every", "3000",
                           environment=environment, log="up.log")
        self.addCleanup(up.kill)
        return up


def shards(kinesis):
    pages = kinesis.get_paginator("list_shards").paginate(StreamName=NAME)
    return [shard for page in pages for shard in page["Shards"]]


def reshard(kinesis, sender):
    """Splits a shard, splits a half of it, and merges the other shard with its neighbour, as a quarter of the events each have
    been sent."""
    whole = sender.requests.qsize()
    for quarter, act in enumerate((split, split, merge), start=1):
        while sender.requests.qsize() > whole * (4 - quarter) // 4 and not sender.errors:
            time.sleep(0.05)
        act(kinesis)
        kinesis.get_waiter("stream_exists").wait(StreamName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def open_shards(kinesis):
    found = [(int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]), shard["ShardId"])
             for shard in shards(kinesis) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    return sorted(found)


def split(kinesis):
    start, end, shard = max(open_shards(kinesis), key=lambda found: found[1] - found[0])
    kinesis.split_shard(StreamName=NAME, ShardToSplit=shard, NewStartingHashKey=str((start + end) // 2))


def merge(kinesis):
    (_, _, left), (_, _, right) = open_shards(kinesis)[-2:]
    kinesis.merge_shards(StreamName=NAME, ShardToMerge=left, AdjacentShardToMerge=right)


if __name__ == "__main__":
    unittest.main()
