import assert from "node:assert/strict";
import test from "node:test";
import { dataUrl, href, parseRoute, type Route } from "./route";

const course = "course-v1:Escola+FIS101+2026";
const routes: Route[] = [
  { page: "courses" },
  { page: "course", course },
  { page: "video", course, video: "https://lms.example/v?id=1&t=2" },
  { page: "question", course, quiz: "prova/1", question: "q 1%" },
];

test("an address leads back to its page", () => {
  for (const route of routes) {
    assert.deepEqual(parseRoute(new URL(href(route), "http://localhost").search), route);
  }
});

test("an id survives the way to the API", () => {
  const url = new URL(dataUrl(routes[2]!), "http://localhost");
  assert.equal(url.searchParams.get("course"), course);
  assert.equal(url.searchParams.get("video"), "https://lms.example/v?id=1&t=2");
});

test("an incomplete address falls back to the page above", () => {
  assert.deepEqual(parseRoute("?course=a&quiz=b"), { page: "course", course: "a" });
  assert.deepEqual(parseRoute("?video=b"), { page: "courses" });
});
