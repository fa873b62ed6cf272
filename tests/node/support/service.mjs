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
  ended.catch(() => {}); // told below

  const stop = async () => {
    process.removeListener("exit", kill);
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  t.after(stop);

  const lines = readline.createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const ready = / is ready at (\S+) /.exec(line);
      if (ready) resolve(ready[1]);
    });
    ended.then(
      ([code]) => reject(new Error(`${program} ended with ${code} instead of serving:\n${log}`)),
      reject,
    );
  });
  return { url, stop };
}
