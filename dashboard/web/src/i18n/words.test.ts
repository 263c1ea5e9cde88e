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
  assert.equal(portuguese.count("learners", 0), "0 estudantes");
  assert.equal(portuguese.count("learners", 2_000_000), "2.000.000 estudantes");
  assert.match(english.count("video.drop_summary", 1, { time: "0:30" }), /at 0:30: 1 fewer viewer than/);
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
  assert.equal(en.compactDuration(1_032), "17m 12s");
});

test("few are not none, and most are not all", () => {
  const en = formatter("en");
  assert.deepEqual([0, 0.0025, 0.006, 0.994, 0.9975, 1].map(en.percent), ["0%", "<1%", "1%", "99%", ">99%", "100%"]);
  assert.deepEqual([0, 0.0025, 0.5, 0.9975, 1].map(en.score), ["0.00", "<0.01", "0.50", ">0.99", "1.00"]);
  assert.equal(formatter("pt-BR").percent(0.0025), "<1%");
});

test("a score below its limit is not written like it", () => {
  const pt = formatter("pt-BR");
  assert.deepEqual([0.2, 0.2999, 0.3].map((value) => pt.scoreBeside(value, 0.3)), ["0,20", "0,2999", "0,30"]);
});

test("a time zone has a name that people use", () => {
  assert.equal(formatter("pt-BR").zone("America/Sao_Paulo"), "Horário Padrão de Brasília");
  assert.deepEqual(["UTC", "Nowhere/At_all"].map(formatter("en").zone), ["UTC", "Nowhere/At_all"]);
});
