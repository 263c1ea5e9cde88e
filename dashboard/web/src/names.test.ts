import assert from "node:assert/strict";
import test from "node:test";
import { nameOf } from "./names";

const wrap = (short: string) => `Video ${short}`;

function check(id: string, title: string): void {
  assert.deepEqual(nameOf(null, id, wrap), { title, id });
}

test("a title is used as it is and hides the id", () => {
  assert.deepEqual(nameOf(" Aula 1 ", "x", wrap), { title: "Aula 1", id: null });
});

test("an empty title counts as none", () => {
  assert.equal(nameOf(" ", "aula-1", wrap).title, "Aula 1");
});

test("an id without a title becomes readable and stays visible", () => {
  check("aula-01_introducao", "Aula 01 introducao");
  check("https://lms.example/videos/ondas%20e%20luz", "Ondas e luz");
  check("course-v1:Escola+FIS101+2026_1", "FIS101 · 2026_1");
  check("block-v1:E+F+1+type@video+block@0b9e39477cf34507a7a48f74be381fdd", "Video 0b9e3947");
  check("uuid:6f1c2e9a-1111-4222-8333-444455556666", "Video 6f1c2e9a");
  check("https://lms.example/mod/quiz/42", "Video 42");
  check("https://lms.example/course/view.php?id=42", "Video 42");
  check("50%", "50%");
});
