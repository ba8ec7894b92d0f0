import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  ApiClient,
  ApiError,
  BrokenStreamError,
  UnreachableError,
  chatEventsOf,
  type ChatEvent,
} from './client';

afterEach(() => vi.unstubAllGlobals());

function answerWith(answer: () => Response | Promise<Response>) {
  const fetched = vi.fn<(path: string, init: RequestInit) => Promise<Response>>(async () =>
    answer(),
  );
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

function json(status: number, body: unknown) {
  return () => new Response(JSON.stringify(body), { status });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure');
}

const quiet = () => undefined;

describe('ApiClient', () => {
  it('sends the key and nothing from the browser', async () => {
    const fetched = answerWith(json(200, { items: [] }));
    await new ApiClient('secret', quiet).deployments();
    const [path, init] = fetched.mock.calls[0] ?? [];
    expect(path).toBe('/api/v1/deployments');
    expect(init?.headers).toEqual({ Authorization: 'Bearer secret' });
    expect(init?.credentials).toBe('omit');
  });

  it('escapes names in paths and queries', async () => {
    const fetched = answerWith(json(200, { text: '', next: 0 }));
    await new ApiClient('k', quiet).logs('a/../b?', 'x&y', -1, 10);
    expect(fetched.mock.calls[0]?.[0]).toBe(
      '/api/v1/deployments/a%2F..%2Fb%3F/logs?instance=x%26y&after=-1&max_bytes=10',
    );
  });

  it('throws the message of the API', async () => {
    answerWith(
      json(409, {
        error: {
          message: 'the name is taken',
          type: 'invalid_request_error',
          param: 'name',
          code: null,
        },
      }),
    );
    const error = await failure(new ApiClient('k', quiet).deploy({ model: 'm' }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, message: 'the name is taken', param: 'name' });
  });

  it('says the status when the answer is no error object', async () => {
    answerWith(() => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    expect(await failure(new ApiClient('k', quiet).models())).toMatchObject({
      status: 502,
      message: 'HTTP 502 Bad Gateway',
    });
  });

  it('tells the session about a refused key', async () => {
    answerWith(json(401, { error: { message: 'unknown key' } }));
    const refused = vi.fn();
    await failure(new ApiClient('k', refused).models());
    expect(refused).toHaveBeenCalledOnce();
  });

  it('tells no answer from an abort', async () => {
    answerWith(() => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(new ApiClient('k', quiet).models())).toBeInstanceOf(UnreachableError);
    answerWith(() => Promise.reject(new DOMException('aborted', 'AbortError')));
    expect(await failure(new ApiClient('k', quiet).models())).toBeInstanceOf(DOMException);
  });
});

describe('chat', () => {
  async function read(stream: string): Promise<{ events: ChatEvent[]; error: unknown }> {
    answerWith(() => new Response(stream, { status: 200 }));
    const events: ChatEvent[] = [];
    try {
      const request = { model: 'm', messages: [] };
      for await (const event of new ApiClient('k', quiet).chat(
        request,
        new AbortController().signal,
      ))
        events.push(event);
    } catch (error) {
      return { events, error };
    }
    return { events, error: undefined };
  }

  it('asks for a stream with usage', async () => {
    const fetched = answerWith(() => new Response('data: [DONE]\n\n', { status: 200 }));
    const request = { model: 'm', messages: [], temperature: 0 };
    for await (const event of new ApiClient('k', quiet).chat(request, new AbortController().signal))
      expect(event).toBeUndefined();
    expect(JSON.parse(String(fetched.mock.calls[0]?.[1].body))).toEqual({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('passes over events that it does not know', async () => {
    const { events, error } = await read(
      ': keep-alive\n\nevent: metrics\ndata: not json\n\n' +
        'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"novel":1}\n\ndata: [DONE]\n\n',
    );
    expect(error).toBeUndefined();
    expect(events).toEqual([{ type: 'text', text: 'a' }]);
  });

  it('fails when the stream ends early', async () => {
    const { events, error } = await read('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
    expect(events).toHaveLength(1);
    expect(error).toBeInstanceOf(BrokenStreamError);
  });

  it('fails with the message of an error in the stream', async () => {
    const { error } = await read('data: {"error":{"message":"the engine died"}}\n\n');
    expect(error).toMatchObject({ message: 'the engine died' });
  });
});

describe('chatEventsOf', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  it.each([
    ['text', { choices: [{ delta: { content: 'x' } }] }, [{ type: 'text', text: 'x' }]],
    ['role only', { choices: [{ delta: { role: 'assistant', content: '' } }] }, []],
    [
      'null content',
      { choices: [{ delta: { content: null }, finish_reason: null }], usage: null },
      [],
    ],
    [
      'finish',
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
      [{ type: 'finish', reason: 'stop' }],
    ],
    ['usage', { choices: [], usage }, [{ type: 'usage', usage }]],
    ['null', null, []],
    ['a number', 4, []],
  ])('%s', (_name, chunk, events) => {
    expect([...chatEventsOf(JSON.stringify(chunk))]).toEqual(events);
  });

  it('refuses what is not JSON', () => {
    expect(() => [...chatEventsOf('<html>')]).toThrow('not JSON');
  });
});
