/**
 * Bundle the scripts and styles into var/build, minified, each with its gzip and Brotli form beside it.
 *
 *   node static/js/build.mjs           build once
 *   node static/js/build.mjs --watch   build again whenever a source changes
 *   node static/js/build.mjs --tests   bundle tests/js for node --test
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const from = (...parts) => path.join(root, ...parts);

const pages = {
  absWorkingDir: root,
  entryPoints: {
    early: from("static/js/early.ts"),
    site: from("static/js/site.ts"),
    workspace: from("static/js/workspace.ts"),
    console: from("static/js/console.ts"),
    classroom: from("static/js/classroom.ts"),
    watching: from("static/js/watching.ts"),
    "site-css": from("static/css/site.css"),
    "workspace-css": from("static/css/workspace.css"),
    "console-css": from("static/css/console.css"),
    "classroom-css": from("static/css/classroom.css"),
    "admin-css": from("static/css/admin.css"),
  },
  outdir: from("var/build"),
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "linked",
  logLevel: "info",
  // Pictures that a style names by its public address are served as they are.
  external: ["/static/*"],
  plugins: [{ name: "finish", setup: (build) => build.onEnd((result) => finish(result)) }],
  write: false,
};

/** What a page imports when it is needed first. */
const parts = { ...pages, entryPoints: { editor: from("static/js/editor.ts"), viewer: from("static/js/viewer.ts") }, format: "esm" };

/** Write what esbuild made; a style's entry point carries a suffix so that it can share a script's name. */
async function finish(result) {
  for (const file of result.outputFiles ?? []) {
    const target = file.path.replace(/-css(?=\.css)/, "");
    await replaceFile(target, file.contents);
    if (/\.(js|css)$/.test(target)) await compress(target, file.contents);
  }
}

/** Whoever reads the file at this moment gets the old one or the new one, never half of it. */
async function replaceFile(target, contents) {
  await writeFile(`${target}.new`, contents);
  await rename(`${target}.new`, target);
}

async function compress(target, contents) {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length };
  await replaceFile(`${target}.br`, brotliCompressSync(contents, { params: quality }));
  await replaceFile(`${target}.gz`, gzipSync(contents, { level: 9 }));
}

async function tests() {
  const outdir = from("var/js-tests");
  await rm(outdir, { recursive: true, force: true });
  const files = (await readdir(from("tests/js"))).filter((name) => name.endsWith(".test.ts"));
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: files.map((name) => from("tests/js", name)),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
  });
}

async function sizes() {
  const names = ["early.js", "site.js", "workspace.js", "editor.js", "classroom.js", "viewer.js", "console.js"];
  for (const name of [...names, "site.css", "workspace.css", "admin.css"]) {
    const kB = async (suffix) => ((await readFile(from("var/build", name + suffix))).length / 1000).toFixed(1);
    console.log(`${name.padEnd(14)} ${await kB("")} kB, gzip ${await kB(".gz")} kB, Brotli ${await kB(".br")} kB`);
  }
}

if (process.argv.includes("--tests")) {
  await tests();
} else if (process.argv.includes("--watch")) {
  await mkdir(pages.outdir, { recursive: true });
  for (const options of [pages, parts]) await (await esbuild.context(options)).watch();
} else {
  await mkdir(pages.outdir, { recursive: true });
  for (const options of [pages, parts]) await esbuild.build({ ...options, logLevel: "warning" });
  await sizes();
}
