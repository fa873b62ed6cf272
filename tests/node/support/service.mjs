// Starts services as processes of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import readline from "node:readline";

/**
 * Starts `program` (of EVENTUAL_BIN_DIR) on a free port of 127.0.0.1 with its data in memory, and returns
 * `{url, stop}` once it is ready. It ends with the test `t`, and at the latest with this process.
 */
export async function startService(t, program, { args = [], env = {} } = {}) {
  const executable = path.join(process.env.EVENTUAL_BIN_DIR ?? "build/dev/bin", program);
  const flags = ["serve", "--listen", "127.0.0.1:0", "--store", "memory", ...args];
  const child = spawn(executable, flags, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const ended = once(child, "close");

  const stop = async () => {
    process.removeListener("exit", kill);
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  t.after(stop);

  for await (const line of readline.createInterface({ input: child.stdout })) {
    const ready = / is ready at (\S+) /.exec(line);
    if (!ready) continue;
    child.stdout.resume();
    return { url: ready[1], stop };
  }
  await ended;
  throw new Error(`${program} ended with ${child.exitCode} instead of serving:\n${log}`);
}
