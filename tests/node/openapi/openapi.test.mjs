// The OpenAPI documents of services: two validators that know nothing of each other, and services that keep their word.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { before, test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { startService } from "../support/service.mjs";
import { documentOf, escape, everything, operationsOf, output, programs } from "./documents.mjs";
import { validator } from "./validate.mjs";

const documents = new Map();
before(async () => {
  for (const program of programs) documents.set(program, await documentOf(program));
});

// --- the documents ---

const rules = {
  struct: "error",
  "spec-strict-refs": "off",
  "no-unresolved-refs": "error",
  "no-identical-paths": "error",
  "no-schema-type-mismatch": "error",
  "no-enum-type-mismatch": "error",
  "no-empty-servers": "off",
  "no-path-trailing-slash": "off",
  "path-declaration-must-exist": "error",
  "path-not-include-query": "error",
  "path-parameters-defined": "error",
  "operation-operationId": "error",
  "operation-operationId-unique": "error",
  "operation-operationId-url-safe": "error",
  "operation-parameters-unique": "error",
  "operation-2xx-response": "error",
  "no-required-schema-properties-undefined": "error",
  "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
  "no-invalid-parameter-examples": { severity: "error", allowAdditionalProperties: true },
  "no-invalid-schema-examples": { severity: "error", allowAdditionalProperties: true },
};

for (const program of programs) {
  test(`${program}: the validator of openapi-schema-validator takes the document for OpenAPI 3.1`, async () => {
    const checking = new Validator();
    const verdict = await checking.validate(structuredClone(documents.get(program)));
    assert.deepEqual(verdict.errors ?? [], []);
    assert.ok(verdict.valid);
    assert.equal(checking.version, "3.1");
  });

  test(`${program}: the linter of Redocly finds nothing wrong`, async () => {
    const problems = await lintFromString({
      source: JSON.stringify(documents.get(program)),
      absoluteRef: `${program}.json`,
      config: await createConfig({ rules }),
    });
    const told = problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
    assert.deepEqual(told, []);
  });

  test(`${program}: every example fits its schema`, () => {
    const document = documents.get(program);
    const check = validator(document);
    let count = 0;
    const look = (value, pointer) => {
      if (value === null || typeof value !== "object") return;
      if ("schema" in value && "example" in value) {
        assert.equal(check(`${pointer}/schema`, value.example), null, `${pointer}: ${JSON.stringify(value.example)}`);
        ++count;
      }
      for (const [step, inner] of Object.entries(value)) look(inner, `${pointer}/${escape(step)}`);
    };
    look(document.paths, "/paths");
    assert.ok(count > 0 || operationsOf(document).length === 0, "there are examples");
  });
}

test("the validators would find mistakes", async () => {
  const document = structuredClone(documents.get("orders"));
  document.paths["/orders"].post.responses = { done: {} };
  document.paths["/rpc/createOrder"].post.requestBody.content["application/json"].example = { id: 1 };
  const verdict = await new Validator().validate(structuredClone(document));
  assert.equal(verdict.valid, false);
  const problems = await lintFromString({
    source: JSON.stringify(document),
    absoluteRef: "broken.json",
    config: await createConfig({ rules }),
  });
  const found = new Set(problems.map((problem) => problem.ruleId));
  assert.ok(found.has("struct"), [...found].join());
  assert.ok(found.has("no-invalid-media-type-examples"), [...found].join());
});

// --- the service ---

function token() {
  const part = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const text = `${part({ alg: "HS256" })}.${part({ sub: "sam", scope: "items:write", exp: expires })}`;
  const signature = createHmac("sha256", "a secret of the tests, of 32 bytes at least").update(text).digest("base64url");
  return `${text}.${signature}`;
}

const credentials = () => ({ authorization: `Bearer ${token()}`, "x-api-key": "key-of-sam" });

/** The request that the examples of an operation make. */
function requestOf({ method, path, operation }) {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const parameter of operation.parameters ?? []) {
    const holder = parameter.content?.["application/json"] ?? parameter;
    const { example } = holder;
    if (example === undefined) {
      assert.ok(!parameter.required, `${method} ${path}: parameter ${parameter.name} has an example`);
      continue;
    }
    const text = parameter.content ? JSON.stringify(example) : String(example);
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(text));
    else if (parameter.in === "header") headers[parameter.name] = text;
    else if (Array.isArray(example)) for (const each of example) query.append(parameter.name, each);
    else query.append(parameter.name, text);
  }
  const request = { method, headers };
  const media = Object.entries(operation.requestBody?.content ?? {})[0];
  if (media !== undefined) {
    const [type, { example }] = media;
    if (type.endsWith("json")) {
      assert.ok(example !== undefined || !operation.requestBody.required, `${method} ${path}: the body has an example`);
    }
    headers["content-type"] = type === "*/*" ? "text/plain" : type;
    request.body = type.endsWith("json") ? JSON.stringify(example) : "some bytes";
  }
  assert.ok(!target.includes("{"), target);
  const text = query.toString();
  return { url: target + (text === "" ? "" : `?${text}`), request };
}

test("a service does what its document says: each request that the examples make has an answer that fits", async (t) => {
  const service = await startService(t, everything);
  const document = await (await fetch(`${service.url}/openapi.json`)).json();
  const check = validator(document);
  const operations = operationsOf(document);
  assert.ok(operations.length > 30);
  for (const each of operations) {
    const { url, request } = requestOf(each);
    request.headers = { ...credentials(), ...request.headers };
    const response = await fetch(service.url + url, request);
    const text = await response.text();
    const where = `${each.method} ${url} ${request.body ?? ""} -> ${response.status} ${text}`;
    const expected = Object.keys(each.operation.responses).find((status) => status.startsWith("2"));
    assert.equal(String(response.status), expected, where);
    const { content } = each.operation.responses[expected];
    if (content === undefined) {
      assert.equal(text, "", where);
      continue;
    }
    const type = response.headers.get("content-type").split(";")[0];
    assert.ok(type in content || "*/*" in content, `${where}: ${type}`);
    if (type !== "application/json" || !content[type]?.schema) continue;
    const pointer = `${each.pointer}/responses/${expected}/content/${escape(type)}/schema`;
    assert.equal(check(pointer, JSON.parse(text)), null, where);
  }
});

test("what is refused is refused as the document says", async (t) => {
  const service = await startService(t, everything);
  const document = documents.get(everything);
  const check = validator(document);
  const refused = { 400: 0, 401: 0, 415: 0 };
  const expectRefusal = async (each, status, url, request) => {
    const response = await fetch(service.url + url, request);
    const body = await response.json();
    const where = `${each.method} ${url}: ${JSON.stringify(body)}`;
    assert.equal(response.status, status, where);
    const answer = each.operation.responses[status];
    assert.ok(answer, `${where}: ${status} is told`);
    const name = answer.$ref?.split("/").at(-1);
    const pointer = name
      ? `/components/responses/${name}/content/application~1json/schema`
      : `${each.pointer}/responses/${status}/content/application~1json/schema`;
    assert.equal(check(pointer, body), null, where);
    ++refused[status];
  };
  for (const each of operationsOf(document)) {
    const { url, request } = requestOf(each);
    const known = { ...credentials(), ...request.headers };
    if (each.operation.security) await expectRefusal(each, 401, url, request);
    if (each.operation.requestBody?.content["application/json"] && each.path.startsWith("/rpc/")) {
      await expectRefusal(each, 400, url, { ...request, headers: known, body: "{" });
      const headers = { ...known, "content-type": "text/plain" };
      await expectRefusal(each, 415, url, { ...request, headers });
    }
  }
  assert.ok(refused[400] >= 8 && refused[401] >= 4 && refused[415] >= 8, JSON.stringify(refused));
});

test("a service, its program and the command give the same document", async (t) => {
  const service = await startService(t, everything, { args: ["--public-url", "https://shop.example/base"] });
  const served = await (await fetch(`${service.url}/openapi.json`)).json();
  assert.deepEqual(served.servers, [{ url: "https://shop.example/base" }]);
  assert.deepEqual(served, await documentOf(everything, "--public-url", "https://shop.example/base"));
  assert.deepEqual(served, JSON.parse(await output("eventual", "openapi", "--url", service.url)));
  assert.equal("servers" in (await documentOf(everything)), false);
});
