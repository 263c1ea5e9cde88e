// Builds the page into the folder named on the command line: index.html, favicon.svg and assets/ with hashed names.
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const out = process.argv[2];
if (!out) {
  console.error("usage: node build.mjs OUT_FOLDER");
  process.exit(2);
}
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const result = await build({
  entryPoints: ["src/main.tsx"],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
});

const names = Object.keys(result.metafile.outputs).map((path) => basename(path));
const asset = (ending) => `/assets/${names.find((name) => name.endsWith(ending))}`;
const page = await readFile("src/index.html", "utf8");
await writeFile(join(out, "index.html"), page.replace("{style}", asset(".css")).replace("{script}", asset(".js")));
await cp("src/favicon.svg", join(out, "favicon.svg"));
