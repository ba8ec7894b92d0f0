import { describe, expect, it } from 'vitest';

import { ServerSentEventParser, readServerSentEvents, type ServerSentEvent } from './sse';

const cases: { name: string; text: string; events: ServerSentEvent[] }[] = [
  { name: 'one event', text: 'data: a\n\n', events: [{ event: '', data: 'a' }] },
  { name: 'no space after the colon', text: 'data:a\n\n', events: [{ event: '', data: 'a' }] },
  { name: 'only one space is dropped', text: 'data:  a\n\n', events: [{ event: '', data: ' a' }] },
  {
    name: 'several data lines',
    text: 'data: a\ndata: b\n\n',
    events: [{ event: '', data: 'a\nb' }],
  },
  { name: 'named', text: 'event: x\ndata: a\n\n', events: [{ event: 'x', data: 'a' }] },
  {
    name: 'a name lasts for one event',
    text: 'event: x\ndata: a\n\ndata: b\n\n',
    events: [
      { event: 'x', data: 'a' },
      { event: '', data: 'b' },
    ],
  },
  {
    name: 'comments and unknown fields',
    text: ': hi\nid: 1\nretry: 3\nfoo\ndata: a\n\n',
    events: [{ event: '', data: 'a' }],
  },
  {
    name: 'CRLF',
    text: 'data: a\r\n\r\ndata: b\r\n\r\n',
    events: [
      { event: '', data: 'a' },
      { event: '', data: 'b' },
    ],
  },
  {
    name: 'CR, an event ends when the next byte is known',
    text: 'data: a\r\rdata: b\r\r',
    events: [{ event: '', data: 'a' }],
  },
  { name: 'an event without data is none', text: 'event: x\n\n', events: [] },
  { name: 'an unfinished event is none', text: 'data: a\n', events: [] },
  { name: 'empty data', text: 'data\n\n', events: [{ event: '', data: '' }] },
  { name: 'colons in data', text: 'data: a:b: c\n\n', events: [{ event: '', data: 'a:b: c' }] },
  {
    name: 'other line separators are data',
    text: 'data: a\u2028b\u0085c\n\n',
    events: [{ event: '', data: 'a\u2028b\u0085c' }],
  },
];

describe('ServerSentEventParser', () => {
  it.each(cases)('$name', ({ text, events }) => {
    expect(new ServerSentEventParser().push(text)).toEqual(events);
  });

  it.each(cases)('$name, one character at a time', ({ text, events }) => {
    const parser = new ServerSentEventParser();
    expect([...text].flatMap((character) => parser.push(character))).toEqual(events);
  });
});

describe('readServerSentEvents', () => {
  it('joins characters that were split between chunks', async () => {
    const bytes = new TextEncoder().encode('data: 你好 👋\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readServerSentEvents(body)) events.push(event);
    expect(events).toEqual([{ event: '', data: '你好 👋' }]);
  });

  it('cancels the body when the reader leaves early', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: a\n\ndata: b\n\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readServerSentEvents(body)) if (event.data === 'a') break;
    expect(cancelled).toBe(true);
  });
});
