// Starts the program and a browser, runs the checks one after the other, and counts.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { checks } from "./checks.mjs";
import { issuerChecks } from "./issuer-checks.mjs";
import { startTrilha, stopTrilha } from "./trilha.mjs";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const data = await mkdtemp(join(tmpdir(), "trilha-browser-test-"));
const world = { data, trilha: await startTrilha(join(data, "trilha")) };
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ARGUMENTS });
world.browser = browser;

let [passed, failed] = [0, 0];
try {
  for (const [name, check] of Object.entries({ ...checks, ...issuerChecks })) {
    try {
      await check(world);
      passed += 1;
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
  }
} finally {
  await browser.close();
  await stopTrilha(world.trilha);
  await rm(data, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
