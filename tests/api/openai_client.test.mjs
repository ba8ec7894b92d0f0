// The official openai client against the gateway: chat, stream, tools, structured output, log-probs,
// errors, abort.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";

const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const binary = process.env.REDLINE_BINARY ?? join(root, "build/release/redline");
const cache = process.env.REDLINE_TEST_CACHE ?? join(root, "build/test-data/cache");
const model = "smollm2-135m-instruct";
const question = [
  { role: "user", content: "What is the capital of France? Answer in one word." },
];

let dataDir, redline, client, baseURL, key;

// Below the range of which the kernel gives to clients: no connection takes it meanwhile.
function freePort() {
  const port = 10_000 + Math.floor(Math.random() * 22_000);
  return new Promise((done) => {
    const probe = createServer()
      .once("error", () => done(freePort()))
      .listen(port, "127.0.0.1", () => probe.close(() => done(port)));
  });
}

async function waitFor(what, seconds, predicate) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const value = await predicate().catch(() => undefined);
    if (value) return value;
    await sleep(50);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

async function api(path) {
  const reply = await fetch(`${baseURL}${path}`, { headers: { Authorization: `Bearer ${key}` } });
  return reply.json();
}

const deployment = async () => (await api("/api/v1/deployments")).items[0];

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "rl-"));
  const port = await freePort();
  redline = spawn(
    binary,
    ["up", "--data-dir", dataDir, "--cache-dir", cache, "--port", String(port)],
    { stdio: "ignore" },
  );
  baseURL = `http://127.0.0.1:${port}`;
  await waitFor("the default model runs", 240, async () => {
    key = readFileSync(join(dataDir, "admin.key"), "utf8").trim();
    return (await deployment()).phase === "RUNNING";
  });
  client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: key, maxRetries: 0 });
});

after(async () => {
  redline.kill("SIGTERM");
  await new Promise((done) => redline.once("exit", done));
  rmSync(dataDir, { recursive: true, force: true });
});

test("lists the model", async () => {
  const names = [];
  for await (const found of client.models.list()) names.push(found.id);
  assert.deepEqual(names, [model]);
});

test("chat", async () => {
  const answer = await client.chat.completions.create({ model, messages: question, temperature: 0 });
  assert.match(answer.choices[0].message.content, /Paris/);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.object, "chat.completion");
  assert.equal(
    answer.usage.total_tokens,
    answer.usage.prompt_tokens + answer.usage.completion_tokens,
  );
});

test("stream, with usage", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: question,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage, finish;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    finish ??= chunk.choices[0]?.finish_reason;
    usage ??= chunk.usage;
  }
  assert.match(text, /Paris/);
  assert.equal(finish, "stop");
  assert.ok(usage.completion_tokens > 0);
});

test("the stream helper assembles the same message", async () => {
  const runner = client.beta.chat.completions.stream({ model, messages: question, temperature: 0 });
  const final = await runner.finalChatCompletion();
  assert.match(final.choices[0].message.content, /Paris/);
});

test("completions, text and token ids", async () => {
  const text = await client.completions.create({
    model,
    prompt: "The capital of France is",
    max_tokens: 8,
    temperature: 0,
  });
  assert.equal(typeof text.choices[0].text, "string");
  const ids = await client.completions.create({
    model,
    prompt: [504, 3575, 282],
    max_tokens: 4,
    temperature: 0,
    ignore_eos: true,
  });
  assert.deepEqual([ids.usage.prompt_tokens, ids.usage.completion_tokens], [3, 4]);
});

test("the same seed gives the same text", async () => {
  const ask = () =>
    client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "Tell me a story." }],
      temperature: 1,
      seed: 7,
      max_tokens: 24,
    });
  const [one, two] = await Promise.all([ask(), ask()]);
  assert.equal(one.choices[0].message.content, two.choices[0].message.content);
});

test("several choices, one usage", async () => {
  const answer = await client.chat.completions.create({
    model, messages: question, n: 3, temperature: 1, seed: 1, max_tokens: 8,
  });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1, 2]);
  assert.ok(answer.usage.completion_tokens <= 24);
});

test("log-probs of a chat", async () => {
  const answer = await client.chat.completions.create({
    model, messages: question, temperature: 0, max_tokens: 3, logprobs: true, top_logprobs: 4,
  });
  const { content } = answer.choices[0].logprobs;
  assert.equal(content.map((token) => token.token).join(""), answer.choices[0].message.content);
  for (const token of content) {
    assert.ok(token.logprob <= 0 && token.top_logprobs.length === 4);
    assert.equal(token.top_logprobs[0].token, token.token);
  }
});

test("log-probs of an echoed prompt", async () => {
  const prompt = "The capital of France is Paris";
  const echo = await client.completions.create({
    model, prompt, max_tokens: 0, echo: true, logprobs: 1,
  });
  const { tokens, token_logprobs } = echo.choices[0].logprobs;
  assert.equal(tokens.join(""), prompt);
  assert.equal(token_logprobs[0], null);
  assert.ok(token_logprobs.slice(1).every((logprob) => logprob <= 0));
});

const person = {
  type: "object",
  additionalProperties: false,
  required: ["name", "age"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 12 },
    age: { type: "integer", minimum: 0, maximum: 120 },
  },
};
const tools = [{ type: "function", function: { name: "save_person", parameters: person } }];
// One call: its grammar is finite, whatever the model would rather say.
const forced = {
  model, messages: question, tools, parallel_tool_calls: false, temperature: 0, max_tokens: 200,
};

function assertPerson(json) {
  const { name, age, ...others } = JSON.parse(json);
  assert.ok(typeof name === "string" && name.length >= 1 && name.length <= 12, json);
  assert.ok(Number.isInteger(age) && age >= 0 && age <= 120, json);
  assert.deepEqual(others, {});
}

for (const [tool_choice, finish_reason] of [
  ["required", "tool_calls"],
  [{ type: "function", function: { name: "save_person" } }, "stop"], // as OpenAI's
]) {
  test(`a tool is called: ${JSON.stringify(tool_choice)}`, async () => {
    const answer = await client.chat.completions.create({ ...forced, tool_choice });
    const [{ message, finish_reason: finished }] = answer.choices;
    assert.equal(finished, finish_reason);
    assert.deepEqual(message.tool_calls.map((call) => call.function.name), ["save_person"]);
    assertPerson(message.tool_calls[0].function.arguments);
  });
}

test("a streamed tool call is the whole one's, and its result goes into the chat", async () => {
  const calling = { ...forced, tool_choice: "required" };
  const { message } = (await client.chat.completions.create(calling)).choices[0];
  const streamed = await client.beta.chat.completions.stream(calling).finalChatCompletion();
  assert.deepEqual(
    streamed.choices[0].message.tool_calls.map((call) => call.function.arguments),
    message.tool_calls.map((call) => call.function.arguments),
  );
  const [call] = message.tool_calls;
  const next = await client.chat.completions.create({
    model,
    messages: [...question, message, { role: "tool", tool_call_id: call.id, content: "saved" }],
    max_tokens: 16,
  });
  assert.equal(typeof next.choices[0].message.content, "string");
});

test("json_schema", async () => {
  const answer = await client.chat.completions.create({
    model,
    messages: question,
    temperature: 0,
    max_tokens: 200,
    response_format: {
      type: "json_schema", json_schema: { name: "person", strict: true, schema: person },
    },
  });
  assert.equal(answer.choices[0].finish_reason, "stop");
  assertPerson(answer.choices[0].message.content);
});

const errors = [
  ["costly schema", { json_schema: { type: "array", minItems: 1e9 } }, OpenAI.BadRequestError,
    "json_schema", "schema_too_complex"],
  ["tool that is not there", { tools, tool_choice: { type: "function", function: { name: "f" } } },
    OpenAI.BadRequestError, "tool_choice"],
  ["unknown model", { model: "nope" }, OpenAI.NotFoundError, null, "model_not_found"],
  ["temperature over 2", { temperature: 3 }, OpenAI.BadRequestError, "temperature"],
  ["empty messages", { messages: [] }, OpenAI.BadRequestError, "messages"],
  ["wrong role", { messages: [{ role: "robot", content: "x" }] }, OpenAI.BadRequestError, "messages"],
  ["negative max_tokens", { max_tokens: -1 }, OpenAI.BadRequestError, "max_tokens"],
  ["tool_choice without tools", { tool_choice: "required" }, OpenAI.BadRequestError, "tool_choice"],
  ["top_logprobs over 20", { logprobs: true, top_logprobs: 21 }, OpenAI.BadRequestError, "top_logprobs"],
  [
    "context too long",
    { messages: [{ role: "user", content: "word ".repeat(40000) }] },
    OpenAI.BadRequestError,
    null,
    "context_length_exceeded",
  ],
];
for (const [name, fields, type, param, code] of errors) {
  test(`error: ${name}`, async () => {
    await assert.rejects(
      client.chat.completions.create({ model, messages: question, ...fields }),
      (error) => {
        assert.ok(error instanceof type, `${error}`);
        if (param) assert.ok(error.param?.startsWith(param), error.param);
        if (code) assert.equal(error.code, code);
        return true;
      },
    );
  });
}

test("error: wrong key", async () => {
  const stranger = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(
    stranger.chat.completions.create({ model, messages: question }),
    OpenAI.AuthenticationError,
  );
});

test("abort ends the request at the engine", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: question,
    stream: true,
    max_tokens: 4000,
    ignore_eos: true,
  });
  let chunks = 0;
  for await (const chunk of stream) {
    if (++chunks === 3) break; // the client closes the connection
  }
  const metrics = async () => {
    const reply = await fetch(`${baseURL}/metrics`, { headers: { Authorization: `Bearer ${key}` } });
    return reply.text();
  };
  await waitFor("nothing is in flight", 30, async () => {
    const found = /^redline_gateway_requests_in_flight(?:\{[^}]*\})? (\d+)/m.exec(await metrics());
    return found && found[1] === "0";
  });
});
