// Compiles the client and what uses it, in one go.
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const clientRoot = path.join(root, "clients/typescript");

/** The options that the client is built with. */
export function clientOptions() {
  const file = path.join(clientRoot, "tsconfig.json");
  const parsed = ts.getParsedCommandLineOfConfigFile(file, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} });
  return { options: parsed.options, sources: parsed.fileNames };
}

/** The blocks of TypeScript in a page. */
async function examplesOf(page) {
  const text = await readFile(path.resolve(root, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
}

/**
 * Compiles the client, `types.ts` and the examples of the pages into a folder that `t` removes. `contracts` are those
 * that they import, by name. Gives the module of the client, everything that the compiler has to say, and the number of
 * examples.
 */
export async function compile(t, contracts) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "eventual-client-"));
  t.after(() => rm(folder, { recursive: true }));
  // Modules, for node and for the compiler.
  await symlink(path.join(clientRoot, "package.json"), path.join(folder, "package.json"));
  const files = [path.join(here, "types.ts")];
  for (const [name, contract] of Object.entries(contracts)) {
    files.push(path.join(folder, `${name}.d.ts`));
    await writeFile(files.at(-1), contract);
  }
  const pages = ["docs/typescript.md", "clients/typescript/README.md"];
  const examples = (await Promise.all(pages.map(examplesOf))).flat();
  for (const [index, code] of examples.entries()) {
    files.push(path.join(folder, `example${index}.ts`));
    await writeFile(files.at(-1), code);
  }
  const { options, sources } = clientOptions();
  const program = ts.createProgram([...sources, ...files], {
    ...options,
    rootDir: path.parse(here).root,
    outDir: path.join(folder, "out"),
    paths: {
      "eventual-client": [path.join(clientRoot, "src/index.ts")],
      contract: [path.join(folder, "contract.d.ts")],
    },
    noUnusedLocals: false,
    skipDefaultLibCheck: true,
  });
  const { diagnostics } = program.emit();
  const told = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map((each) => {
    const text = ts.flattenDiagnosticMessageText(each.messageText, "\n");
    if (each.file === undefined) return text;
    const { line } = each.file.getLineAndCharacterOfPosition(each.start);
    return `${path.basename(each.file.fileName)}:${line + 1}: ${text}`;
  });
  const module = path.join(folder, "out", path.relative(path.parse(here).root, clientRoot), "src/index.js");
  return { told, module, examples: examples.length };
}
