// The management API and the chat API, made of plain values that a test changes as it likes, and the
// console's files with the headers and the fallback of the real server.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  benchJob,
  comparison,
  configuration,
  deployment,
  engines,
  fit,
  model,
  plan,
  planChoices,
  tuneJob,
  vllm,
  worker,
} from './fixtures.mjs';

export const dist = fileURLToPath(new URL('../../console/dist/', import.meta.url));

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

export class MockServer {
  key = 'secret-admin-key';
  models = [model()];
  deployments = [];
  workers = [worker()];
  engines = engines();
  events = [];
  log = 'engine is ready\n';
  down = false; // answers nothing
  failures = {}; // "METHOD /path" -> [status, message, param]
  requests = []; // {method, path, query, body, key}
  openChats = 0;
  choices = planChoices();
  openPlans = 0;
  jobs = [];
  results = {}; // by the id of a job
  comparison = comparison();
  published = null; // what POST /profiles answers; null: there is no such path
  // Yields {progress} and {plan}, or {error: {message, param}} on the way.
  plan = async function* () {
    yield { plan: plan() };
  };
  // Yields pieces of text and {raw}, {error: [status, message]} before the first piece.
  chat = async function* () {
    yield 'Hello';
  };

  async start() {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error) => response.destroy(error));
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  sent(method, path) {
    return this.requests.filter((each) => each.method === method && each.path === path);
  }

  async handle(request, response) {
    if (this.down) return request.socket.destroy();
    const url = new URL(request.url, this.url);
    if (!/^\/(api|v1)\//.test(url.pathname)) return sendFile(url.pathname, response);
    const record = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      key: request.headers.authorization?.replace('Bearer ', ''),
      body: await readJson(request),
    };
    this.requests.push(record);
    if (record.key !== this.key) return sendError(response, 401, 'this key is not known');
    const failure = this.failures[`${record.method} ${record.path}`];
    if (failure) return sendError(response, ...failure);
    if (record.path === '/v1/chat/completions') return this.streamChat(record.body, response);
    if (record.path === '/api/v1/plan' && record.method === 'POST')
      return this.streamPlan(record.body, response);
    return this.api(record, response);
  }

  api({ method, path, query, body }, response) {
    const [, , , noun, name, part] = path.split('/').map(decodeURIComponent);
    if (noun === 'version') return send(response, 200, { version: '0.1.0' });
    if (noun === 'models') return send(response, 200, { items: this.models });
    if (noun === 'engines') return send(response, 200, { items: this.engines });
    if (noun === 'plan') return send(response, 200, this.choices);
    if (noun === 'lab') return this.lab({ method, path, query, body }, response);
    if (noun === 'profiles' && this.published) return send(response, 201, this.published);
    if (noun === 'workers') return send(response, 200, { items: this.workers });
    if (noun !== 'deployments') return sendError(response, 404, `no route ${path}`);
    if (name === undefined && method === 'GET')
      return send(response, 200, { items: this.deployments });
    const unknownFlag = body?.arguments?.find((word) => word.startsWith('--bad'));
    if (unknownFlag)
      return sendError(response, 400, `unrecognized arguments: ${unknownFlag}`, unknownFlag);
    if (name === undefined && body.dry_run) return send(response, 200, this.preview(body));
    if (name === undefined) return send(response, 201, this.deploy(body));
    const found = this.deployments.find((each) => each.name === name);
    if (!found) return sendError(response, 404, `there is no deployment ${name}`);
    if (part === 'events') return send(response, 200, { items: this.events });
    if (part === 'logs') return send(response, 200, this.readLog(query));
    if (method === 'PATCH') found.replicas = body.replicas;
    if (method === 'DELETE') found.deleting = true;
    return send(response, method === 'DELETE' ? 202 : 200, found);
  }

  lab({ method, path, query, body }, response) {
    const [, , , , , id, part] = path.split('/').map(decodeURIComponent);
    if (id === undefined && method === 'GET') return send(response, 200, { items: this.jobs });
    if (id === undefined) return send(response, 201, this.startJob(body));
    const found = this.jobs.find((each) => each.id === id);
    if (!found) return sendError(response, 404, `the lab has no job ${id}`, 'id');
    if (part === 'result') return send(response, 200, this.results[id]);
    if (part === 'comparison')
      return send(response, 200, { ...this.comparison, a: id, b: query.get('with') });
    if (part === 'report') {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      return response.end('<!DOCTYPE html><p>report</p>');
    }
    if (part === 'stop')
      Object.assign(found, { state: 'stopped', can_resume: found.request.kind === 'tune' });
    if (part === 'resume') Object.assign(found, { state: 'running', can_resume: false });
    if (method === 'DELETE') this.jobs = this.jobs.filter((each) => each !== found);
    return send(response, method === 'POST' ? 202 : 200, found);
  }

  startJob(body) {
    const running = { state: 'running', ended_at: '', has_result: false, figures: {}, request: body };
    const id = `lab-new${this.jobs.length}`;
    const made =
      body.kind === 'tune'
        ? tuneJob({ ...running, id, virtual: body.virtual ?? false })
        : benchJob({ ...running, id });
    this.jobs.unshift(made);
    return made;
  }

  preview(body) {
    if (body.engine) return this.previewOfEngine(body);
    const asked = this.models.find((each) => each.name === body.model);
    return {
      ...asked.chosen,
      profile: body.profile ?? asked.chosen.profile,
      why: [`Profile ${body.profile}: asked for.`],
      fit: asked.fit,
    };
  }

  previewOfEngine(body) {
    const words = body.arguments ?? [];
    const asked = vllm({
      version: body.engine.split('@')[1],
      arguments: words,
      environment: body.environment ?? {},
      requested: words.length > 1 ? { max_model_len: words[1] } : {},
      resolved: { dtype: 'float32', max_model_len: 2048 },
    });
    return {
      profile: 'custom',
      engine: { ...asked, requested: {} },
      configuration: configuration(asked),
      why: [`Engine ${body.engine}: asked for.`],
      fit: fit({ terms: [{ name: 'weights', bytes: 512 * 1024 ** 2 }] }),
      command: ['vllm', 'serve', body.model, ...words],
    };
  }

  deploy(body) {
    const made = deployment({
      name: body.name ?? body.model,
      model: body.model,
      replicas: body.replicas ?? 1,
      profile: body.engine ? 'custom' : (body.profile ?? 'cpu-default'),
      ...(body.engine && { engine: vllm({ arguments: body.arguments ?? [] }) }),
      phase: 'PENDING',
      instances: [],
    });
    this.deployments.push(made);
    return made;
  }

  readLog(query) {
    const bytes = Buffer.from(this.log);
    const after = Number(query.get('after'));
    const start = after < 0 ? Math.max(0, bytes.length - Number(query.get('max_bytes'))) : after;
    return {
      instance_id: query.get('instance'),
      text: bytes.subarray(start).toString(),
      next: bytes.length,
    };
  }

  async streamPlan(body, response) {
    this.openPlans += 1;
    response.on('close', () => {
      this.openPlans -= 1;
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for await (const event of this.plan(body)) {
      if (response.destroyed) return;
      for (const [name, data] of Object.entries(event)) {
        const shown = name === 'error' ? { error: data } : data;
        response.write(`event: ${name}\ndata: ${JSON.stringify(shown)}\n\n`);
      }
    }
    response.end();
  }

  async streamChat(body, response) {
    this.openChats += 1;
    response.on('close', () => {
      this.openChats -= 1;
    });
    let count = 0;
    for await (const piece of this.chat(body)) {
      if (response.destroyed) return;
      if (piece.error) return sendError(response, ...piece.error);
      if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      count += 1;
      response.write(piece.raw ?? chunk({ delta: { content: piece } }));
    }
    response.write(chunk({ delta: {}, finish_reason: 'stop' }));
    const usage = { prompt_tokens: 7, completion_tokens: count, total_tokens: 7 + count };
    response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  }
}

export function chunk(choice) {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [choice] })}\n\n`;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function readJson(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text === '' ? undefined : JSON.parse(text);
}

function send(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response, status, message, param = null) {
  send(response, status, { error: { message, type: 'error', param, code: null } });
}

function sendFile(path, response) {
  const wanted = join(dist, normalize(path));
  const found = existsSync(wanted) && statSync(wanted).isFile();
  const file = found ? wanted : join(dist, 'index.html');
  response.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  });
  createReadStream(file).pipe(response);
}
