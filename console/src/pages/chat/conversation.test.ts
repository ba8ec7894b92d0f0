import { describe, expect, it } from 'vitest';

import {
  chatRequest,
  defaultSettings,
  firstTokenMs,
  isStreaming,
  reduceConversation,
  tokensPerSecond,
  transcript,
  type Action,
  type Answer,
  type Message,
} from './conversation';

function after(...actions: Action[]): Message[] {
  return actions.reduce<Message[]>(reduceConversation, []);
}

const asked: Action[] = [
  { type: 'asked', id: 1, text: 'Hi' },
  { type: 'answering', id: 2, model: 'm', atMs: 100 },
];
const text = (value: string, atMs: number): Action => ({
  type: 'event',
  id: 2,
  atMs,
  event: { type: 'text', text: value },
});
const usage: Action = {
  type: 'event',
  id: 2,
  atMs: 900,
  event: { type: 'usage', usage: { prompt_tokens: 5, completion_tokens: 11, total_tokens: 16 } },
};

describe('reduceConversation', () => {
  it('puts an answer together', () => {
    const messages = after(...asked, text('He', 300), text('llo', 800), usage, {
      type: 'ended',
      id: 2,
      status: 'done',
    });
    const answer = messages[1] as Answer;
    expect(answer).toMatchObject({ text: 'Hello', status: 'done', model: 'm' });
    expect(firstTokenMs(answer)).toBe(200);
    expect(tokensPerSecond(answer)).toBe(20);
    expect(isStreaming(messages)).toBe(false);
  });

  it('keeps what came before a failure', () => {
    const messages = after(...asked, text('He', 300), { type: 'failed', id: 2, problem: 'died' });
    expect(messages[1]).toMatchObject({ text: 'He', status: 'failed', problem: 'died' });
  });

  it('ignores events of an answer that is gone', () => {
    expect(after(...asked, { type: 'cleared' }, text('late', 300))).toEqual([]);
    expect(after(...asked, { type: 'dropped', id: 2 }, text('late', 300))).toEqual([
      { id: 1, role: 'user', text: 'Hi' },
    ]);
  });

  it('tells no speed from one token', () => {
    expect(tokensPerSecond(after(...asked, text('Hello', 300))[1] as Answer)).toBeNull();
  });
});

describe('chatRequest', () => {
  const messages = after(...asked, { type: 'failed', id: 2, problem: 'died' });

  it('leaves out empty settings and answers that never came', () => {
    expect(chatRequest('m', messages, defaultSettings)).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
    });
  });

  it('sends what was set, zero included', () => {
    const settings = { temperature: '0', topP: '0.5', maxTokens: '7', systemPrompt: 'Be brief.' };
    expect(chatRequest('m', messages, settings)).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 0,
      top_p: 0.5,
      max_tokens: 7,
    });
  });
});

describe('transcript', () => {
  it('names the speakers', () => {
    const messages = after(...asked, text('Hello', 300));
    expect(transcript(messages, { user: 'You', assistant: 'Bot' })).toBe('You:\nHi\n\nBot:\nHello');
  });
});
