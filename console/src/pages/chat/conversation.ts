// A conversation as a value, and everything that can happen to it.
import type { ChatEvent, ChatMessage, ChatRequest, Usage } from '../../api/client';

export type AnswerStatus = 'streaming' | 'done' | 'stopped' | 'failed';

export interface Question {
  id: number;
  role: 'user';
  text: string;
}

export interface Answer {
  id: number;
  role: 'assistant';
  model: string;
  text: string;
  status: AnswerStatus;
  problem: string; // of a failed answer
  finishReason: string; // '' until the engine says
  usage: Usage | null;
  startedMs: number;
  firstTextMs: number; // 0: none yet
  lastTextMs: number;
}

export type Message = Question | Answer;

export type Action =
  | { type: 'asked'; id: number; text: string }
  | { type: 'answering'; id: number; model: string; atMs: number }
  | { type: 'event'; id: number; event: ChatEvent; atMs: number }
  | { type: 'ended'; id: number; status: 'done' | 'stopped' }
  | { type: 'failed'; id: number; problem: string }
  | { type: 'dropped'; id: number } // this message and all after it
  | { type: 'cleared' };

export function reduceConversation(messages: Message[], action: Action): Message[] {
  switch (action.type) {
    case 'asked':
      return [...messages, { id: action.id, role: 'user', text: action.text }];
    case 'answering':
      return [...messages, newAnswer(action.id, action.model, action.atMs)];
    case 'event':
      return withAnswer(messages, action.id, (answer) =>
        afterEvent(answer, action.event, action.atMs),
      );
    case 'ended':
      return withAnswer(messages, action.id, (answer) => ({ ...answer, status: action.status }));
    case 'failed':
      return withAnswer(messages, action.id, (answer) => ({
        ...answer,
        status: 'failed',
        problem: action.problem,
      }));
    case 'dropped':
      return messages.slice(
        0,
        Math.max(
          0,
          messages.findIndex((each) => each.id === action.id),
        ),
      );
    case 'cleared':
      return [];
  }
}

function newAnswer(id: number, model: string, atMs: number): Answer {
  return {
    id,
    role: 'assistant',
    model,
    text: '',
    status: 'streaming',
    problem: '',
    finishReason: '',
    usage: null,
    startedMs: atMs,
    firstTextMs: 0,
    lastTextMs: 0,
  };
}

function withAnswer(
  messages: Message[],
  id: number,
  change: (answer: Answer) => Answer,
): Message[] {
  return messages.map((message) =>
    message.id === id && message.role === 'assistant' ? change(message) : message,
  );
}

function afterEvent(answer: Answer, event: ChatEvent, atMs: number): Answer {
  switch (event.type) {
    case 'text':
      return {
        ...answer,
        text: answer.text + event.text,
        firstTextMs: answer.firstTextMs || atMs,
        lastTextMs: atMs,
      };
    case 'finish':
      return { ...answer, finishReason: event.reason };
    case 'usage':
      return { ...answer, usage: event.usage };
  }
}

export function isStreaming(messages: readonly Message[]): boolean {
  const last = messages[messages.length - 1];
  return last?.role === 'assistant' && last.status === 'streaming';
}

// Tokens per second after the first token; null when there is too little to tell.
export function tokensPerSecond(answer: Answer): number | null {
  const tokens = (answer.usage?.completion_tokens ?? 0) - 1;
  const seconds = (answer.lastTextMs - answer.firstTextMs) / 1000;
  return tokens > 0 && seconds > 0 ? tokens / seconds : null;
}

export function firstTokenMs(answer: Answer): number | null {
  return answer.firstTextMs === 0 ? null : answer.firstTextMs - answer.startedMs;
}

export interface Settings {
  temperature: string; // as typed; '' leaves it to the server
  topP: string;
  maxTokens: string;
  systemPrompt: string;
}

export const defaultSettings: Settings = {
  temperature: '',
  topP: '',
  maxTokens: '',
  systemPrompt: '',
};

export function chatRequest(
  model: string,
  messages: readonly Message[],
  settings: Settings,
): ChatRequest {
  const request: ChatRequest = { model, messages: chatMessages(messages, settings.systemPrompt) };
  const temperature = numberIn(settings.temperature);
  const topP = numberIn(settings.topP);
  const maxTokens = numberIn(settings.maxTokens);
  if (temperature !== null) request.temperature = temperature;
  if (topP !== null) request.top_p = topP;
  if (maxTokens !== null) request.max_tokens = maxTokens;
  return request;
}

// Without answers that never came: most chat templates refuse empty messages.
function chatMessages(messages: readonly Message[], systemPrompt: string): ChatMessage[] {
  const spoken = messages
    .filter((message) => message.text !== '')
    .map((message): ChatMessage => ({ role: message.role, content: message.text }));
  if (systemPrompt.trim() === '') return spoken;
  return [{ role: 'system', content: systemPrompt }, ...spoken];
}

function numberIn(text: string): number | null {
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? null : value;
}

// The conversation as plain text.
export function transcript(
  messages: readonly Message[],
  names: { user: string; assistant: string },
): string {
  return messages.map((message) => `${names[message.role]}:\n${message.text}`).join('\n\n');
}
