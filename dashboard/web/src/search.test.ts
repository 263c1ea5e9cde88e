import assert from "node:assert/strict";
import test from "node:test";
import { matches } from "./search";

test("every word is looked for, whatever the case and the accents", () => {
  for (const query of ["questao", "QUESTÃO 12", "12 membrana", " membrana  "]) assert.ok(matches("Questão 12: a membrana", query), query);
  assert.ok(!matches("Questão 12: a membrana", "questão 13"));
});
