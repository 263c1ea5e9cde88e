"""Who may read and who may send: instructors' tokens at API Gateway, write keys and learners' tokens at the collector."""

import json
import time
import unittest

import school
import world
from cryptography.hazmat.primitives.asymmetric import rsa
from issuer import Issuer, base64url
from world import OTHER, TENANT

ROUTES = ("/api/v1/session", "/api/v1/courses", "/api/v1/views?course=any")


class Instructors(unittest.TestCase):
    def setUp(self):
        self.there = world.sent()
        self.issuer = self.there.issuer

    def test_the_right_token_is_served(self):
        session = self.there.read("session", self.issuer.token(email="ana@school.example"))
        self.assertEqual((session["tenant"], session["instructor"]), (TENANT, "ana@school.example"))
        self.assertTrue(self.there.read("courses")["courses"])

    def test_without_a_token_of_the_issuers_nobody_is_served(self):
        good, now = self.issuer.token(), int(time.time())
        head, claims, signature = good.split(".")
        forged = base64url(json.dumps({"iss": self.issuer.url, "aud": "trilha-e2e", "exp": now + 60, "custom:tenant": TENANT,
                                       "custom:courses": "*"}).encode())
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for name, token in {
            "none": None,
            "nonsense": "nonsense",
            "other claims under the signature": f"{head}.{forged}.{signature}",
            "a damaged signature": f"{head}.{claims}.{signature[:-8]}AAAAAAAA",
            "no signature": f"{base64url(json.dumps({'alg': 'none', 'kid': 'one'}).encode())}.{claims}.",
            "another key": self.issuer.token(key=stranger),
            "an unknown key's name": self.issuer.token(header={"kid": "two"}),
            "expired": self.issuer.token(iat=now - 7200, exp=now - 3600),
            "not yet": self.issuer.token(nbf=now + 3600),
            "another audience": self.issuer.token(aud="another"),
            "another issuer": Issuer().token(),
            "ours for the page of one machine": self.there.write_key(),
        }.items():
            for route in ROUTES:
                with self.subTest(name, route=route):
                    self.assertEqual(self.there.call("GET", route, token)[0], 401)

    def test_a_tenant_that_is_none_of_ours_is_refused(self):
        for tenant in (None, "", "unknown", TENANT.upper(), f"{TENANT},{OTHER}"):
            for route in ROUTES:
                with self.subTest(tenant=tenant, route=route):
                    token = self.issuer.token(**{"custom:tenant": tenant})
                    self.assertIn(self.there.call("GET", route, token)[0], (401, 403))

    def test_another_tenants_instructor_sees_nothing_of_this_one(self):
        courses = [course["course"] for course in self.there.read("courses")["courses"]]
        token = self.issuer.token(**{"custom:tenant": OTHER})
        seen = [course["course"] for course in self.there.read("courses", token)["courses"]]
        self.assertFalse(set(courses) & set(seen))
        for course in courses:
            self.assertEqual(self.views(course, token), 404)

    def test_a_course_that_the_token_does_not_name_is_refused(self):
        mine, foreign, *_ = [course["course"] for course in self.there.read("courses")["courses"]]
        token = self.issuer.token(**{"custom:courses": mine})
        self.assertEqual([course["course"] for course in self.there.read("courses", token)["courses"]], [mine])
        self.assertEqual(self.views(mine, token), 200)
        self.assertIn(self.views(foreign, token), (403, 404))
        for courses in (None, ""):
            token = self.issuer.token(**{"custom:courses": courses})
            self.assertEqual(self.there.read("courses", token)["courses"], [])
            self.assertIn(self.views(mine, token), (403, 404))

    def views(self, course, token):
        return self.there.call("GET", f"/api/v1/views?course={school.quoted(course)}", token)[0]


class Senders(unittest.TestCase):
    def setUp(self):
        self.there = world.sent()

    def test_a_write_key_writes_for_its_own_tenant(self):
        self.there.send([event("own-key", "ana")], OTHER)
        self.there.drained()
        self.there.compact()
        rows = [row for row in self.there.rows(OTHER) if row["source_id"] == "own-key"]
        self.assertEqual(len(rows), 1)
        self.assertFalse([row for row in self.there.rows(TENANT) if row["source_id"] == "own-key"])

    def test_without_a_key_nothing_is_taken(self):
        good = self.there.write_key()
        for key in (None, "nonsense", good[:-1], good[:-1] + ("0" if good[-1] != "0" else "1"),
                    self.there.issuer.token()):
            with self.subTest(key=key):
                body = json.dumps(event("refused", "ana")).encode()
                self.assertEqual(self.there.call("POST", "/v1/events", key, body)[0], 401)

    def test_a_learners_token_writes_for_that_learner_alone(self):
        token = self.token(self.there.write_key(OTHER), "bia")
        self.assertEqual(self.sent(token, "bia")["accepted"], 1)
        told = self.sent(token, "someone else")
        self.assertEqual(told["accepted"], 0)
        self.assertEqual(len(told["rejected"]), 1)

    def test_a_tampered_learners_token_is_refused(self):
        token = self.token(self.there.write_key(OTHER), "bia")
        for wrong in (token[:-6] + "AAAAAA", token[:-1], "A" + token[1:]):
            status, _ = self.there.call("POST", "/v1/events", wrong, json.dumps(event("x", "bia")).encode())
            self.assertEqual(status, 401)

    def test_a_learners_token_makes_no_tokens(self):
        token = self.token(self.there.write_key(OTHER), "bia")
        status, _ = self.there.call("POST", "/v1/tokens", token, json.dumps(self.asked("caio")).encode())
        self.assertIn(status, (401, 403))

    def token(self, key, learner):
        status, text = self.there.call("POST", "/v1/tokens", key, json.dumps(self.asked(learner)).encode())
        self.assertIn(status, (200, 201), text)
        return json.loads(text)["token"]

    @staticmethod
    def asked(learner):
        return {"learner": learner}

    def sent(self, token, learner):
        status, text = self.there.call("POST", "/v1/events", token, json.dumps(event(f"of-{learner}", learner)).encode())
        self.assertIn(status, (202, 400, 403, 422), text)
        return json.loads(text)


def event(name, learner):
    return {"id": name, "type": "activity.viewed", "time": school.at(), "learner": learner, "course": "other", "object": "o"}


if __name__ == "__main__":
    unittest.main()
