/** 128 random bits as text. */
export function newId(): string {
  if (typeof globalThis.crypto?.randomUUID === "function") return globalThis.crypto.randomUUID();
  let id = "";
  while (id.length < 32) id += Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0");
  return id;
}
