import assert from "node:assert/strict";
import test from "node:test";
import { chooseBearer } from "./bearer";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (claims: object) => [encode({ alg: "RS256" }), encode({ exp: 100, ...claims }), "c2ln"].join(".");

const fit = { aud: "page", "custom:tenant": "São João ✓" };
const cognitoAccess = token({ client_id: "page", token_use: "access" });
const otherApi = token({ ...fit, aud: "00000003-0000-0000-c000-000000000000" });
const notYetAssigned = token({ aud: "page" });

test("the token that is for the page and names the tenant is shown, an access token before an ID token", () => {
  const id = token({ ...fit, token_use: "id" });
  for (const access of [cognitoAccess, otherApi, notYetAssigned, "opaque", "a.b.c", "", token({ ...fit, "custom:tenant": 7 })]) {
    assert.deepEqual(chooseBearer({ access, id }, "page"), { token: id, expires: 100_000 }, access);
  }
  const access = token({ ...fit, aud: ["account", "page"], exp: 50 });
  assert.deepEqual(chooseBearer({ access, id }, "page"), { token: access, expires: 50_000 });
});

test("without such a token none is shown", () => {
  const unfit = ["", notYetAssigned, otherApi, token({ ...fit, "custom:tenant": "" }), token({ ...fit, exp: undefined }), "a.bnVsbA.c"];
  for (const id of unfit) assert.equal(chooseBearer({ access: cognitoAccess, id }, "page"), null, id);
});
