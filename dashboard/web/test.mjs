// Bundles each src/**/*.test.ts and runs them with node's test runner.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const files = await readdir("src", { recursive: true });
const tests = files.filter((file) => /\.test\.tsx?$/.test(file)).map((file) => join("src", file));
const out = await mkdtemp(join(tmpdir(), "trilha-web-test-"));
try {
  await build({
    entryPoints: tests,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    outbase: "src",
  });
  const built = (await readdir(out, { recursive: true })).filter((file) => file.endsWith(".test.mjs"));
  const run = spawnSync("node", ["--test", ...built.map((file) => join(out, file))], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
