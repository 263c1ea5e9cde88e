import assert from "node:assert/strict";
import test from "node:test";
import { formatter } from "./format";
import { choose, dictionaries, fill, speaker } from "./words";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("both dictionaries have the same keys", () => {
  assert.deepEqual(Object.keys(dictionaries["pt-BR"]).sort(), Object.keys(dictionaries.en).sort());
});

test("both dictionaries fill in the same values", () => {
  for (const [key, text] of Object.entries(dictionaries.en)) {
    const other = dictionaries["pt-BR"][key as keyof typeof dictionaries.en];
    assert.deepEqual(placeholders(other), placeholders(text), key);
  }
});

test("no entry is empty", () => {
  for (const words of Object.values(dictionaries)) {
    for (const [key, text] of Object.entries(words)) assert.notEqual(text.trim(), "", key);
  }
});

test("the first language that can be served is chosen", () => {
  assert.deepEqual(choose(["pt-BR", "en"]), { language: "pt-BR", locale: "pt-BR" });
  assert.deepEqual(choose(["pt-PT"]), { language: "pt-BR", locale: "pt-PT" });
  assert.deepEqual(choose(["fr", "en-GB", "pt"]), { language: "en", locale: "en-GB" });
  assert.deepEqual(choose(["fr"]), { language: "en", locale: "en" });
  assert.deepEqual(choose([]), { language: "en", locale: "en" });
});

test("counts take the form that the language asks for", () => {
  const english = speaker("en", "en");
  assert.equal(english.count("learners", 1), "1 learner");
  assert.equal(english.count("learners", 0), "0 learners");
  const portuguese = speaker("pt-BR", "pt-BR");
  assert.equal(portuguese.count("learners", 1), "1 estudante");
  assert.equal(portuguese.count("learners", 2_000_000), "2.000.000 estudantes");
});

test("an unknown placeholder stays visible", () => {
  assert.equal(fill("{a} {b}", { a: "1" }), "1 {b}");
});

test("numbers and times follow the locale", () => {
  const pt = formatter("pt-BR");
  const en = formatter("en");
  assert.equal(pt.score(0.5), "0,50");
  assert.equal(en.score(0.5), "0.50");
  assert.equal(en.position(200), "3:20");
  assert.equal(en.position(3_800), "1:03:20");
  assert.equal(en.duration(59.6), "1 min");
  assert.equal(en.duration(7_260), "2 hr 1 min");
  assert.equal(en.ago(0), "now");
  assert.equal(pt.ago(3), "há 3 seg.");
  assert.equal(en.ago(7_200), "2 hr. ago");
});
