// Compiles the client and what uses it, in one go.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = path.dirname(fileURLToPath(import.meta.url));
const clientRoot = path.resolve(here, "../../../clients/typescript");

/** The options that the client is built with. */
export function clientOptions() {
  const file = path.join(clientRoot, "tsconfig.json");
  const parsed = ts.getParsedCommandLineOfConfigFile(file, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} });
  return { options: parsed.options, sources: parsed.fileNames };
}

/**
 * Compiles the client and `types.ts` against a contract, into a folder that `t` removes. Gives the folder and everything
 * that the compiler has to say.
 */
export async function compile(t, contract) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "eventual-client-"));
  t.after(() => rm(folder, { recursive: true }));
  const contractFile = path.join(folder, "contract.d.ts");
  await writeFile(contractFile, contract);
  const { options, sources } = clientOptions();
  const program = ts.createProgram([...sources, path.join(here, "types.ts"), contractFile], {
    ...options,
    rootDir: path.resolve(here, "../../.."),
    outDir: path.join(folder, "out"),
    paths: { "eventual-client": [path.join(clientRoot, "src/index.ts")], contract: [contractFile] },
    skipLibCheck: false,
  });
  const { diagnostics } = program.emit();
  const told = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map((each) => {
    const text = ts.flattenDiagnosticMessageText(each.messageText, "\n");
    if (each.file === undefined) return text;
    const { line } = each.file.getLineAndCharacterOfPosition(each.start);
    return `${path.basename(each.file.fileName)}:${line + 1}: ${text}`;
  });
  // Node takes the output for modules where a package.json says so.
  await symlink(path.join(clientRoot, "package.json"), path.join(folder, "package.json"));
  return { told, module: path.join(folder, "out/clients/typescript/src/index.js") };
}
