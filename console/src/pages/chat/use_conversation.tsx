// The one conversation of the console. It lives above the pages: looking at a deployment meanwhile
// neither loses it nor stops an answer.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
  type ReactNode,
} from 'react';

import { isAbort } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { readStored, writeStored } from '../../lib/storage';
import {
  chatRequest,
  defaultSettings,
  isStreaming,
  reduceConversation,
  type Message,
  type Settings,
} from './conversation';

interface Conversation {
  messages: Message[];
  streaming: boolean;
  settings: Settings;
  setSettings: (settings: Settings) => void;
  draft: string;
  setDraft: (draft: string) => void;
  ask: (model: string, text: string) => void;
  again: (model: string) => void; // the last answer once more
  stop: () => void;
  clear: () => void;
}

const storageKey = 'redline.chat.settings';
const ConversationContext = createContext<Conversation | null>(null);

export function useConversation(): Conversation {
  const value = useContext(ConversationContext);
  if (!value) throw new Error('useConversation() outside of ConversationProvider');
  return value;
}

export function ConversationProvider({ children }: { children: ReactNode }) {
  const [settings, setSettings] = useSettings();
  const [draft, setDraft] = useState('');
  const [messages, dispatch] = useReducer(reduceConversation, []);
  const answer = useAnswering(dispatch, settings);
  const lastId = useRef(0);

  const value = useMemo<Conversation>(() => {
    const answerTo = (model: string, history: Message[]) =>
      void answer.run(++lastId.current, model, history);
    return {
      messages,
      streaming: isStreaming(messages),
      settings,
      setSettings,
      draft,
      setDraft,
      ask: (model, text) => {
        const question: Message = { id: ++lastId.current, role: 'user', text };
        dispatch({ type: 'asked', id: question.id, text });
        answerTo(model, [...messages, question]);
      },
      again: (model) => {
        const last = messages[messages.length - 1];
        if (last?.role !== 'assistant') return;
        dispatch({ type: 'dropped', id: last.id });
        answerTo(model, messages.slice(0, -1));
      },
      stop: answer.stop,
      clear: () => {
        answer.stop();
        dispatch({ type: 'cleared' });
      },
    };
  }, [answer, draft, messages, settings, setSettings]);
  return <ConversationContext.Provider value={value}>{children}</ConversationContext.Provider>;
}

function useAnswering(
  dispatch: (action: Parameters<typeof reduceConversation>[1]) => void,
  settings: Settings,
) {
  const { client } = useApi();
  const { t } = useI18n();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const stop = useCallback(() => running.current?.abort(), []);
  const run = useCallback(
    async (id: number, model: string, history: Message[]) => {
      const controller = new AbortController();
      running.current = controller;
      dispatch({ type: 'answering', id, model, atMs: performance.now() });
      try {
        const request = chatRequest(model, history, settings);
        for await (const event of client.chat(request, controller.signal))
          dispatch({ type: 'event', id, event, atMs: performance.now() });
        dispatch({ type: 'ended', id, status: 'done' });
      } catch (error) {
        if (controller.signal.aborted || isAbort(error))
          dispatch({ type: 'ended', id, status: 'stopped' });
        else dispatch({ type: 'failed', id, problem: errorText(error, t) });
      }
    },
    [client, dispatch, settings, t],
  );
  return useMemo(() => ({ run, stop }), [run, stop]);
}

function useSettings(): [Settings, (settings: Settings) => void] {
  const [settings, setSettings] = useState(readSettings);
  const change = useCallback((next: Settings) => {
    writeStored('session', storageKey, JSON.stringify(next));
    setSettings(next);
  }, []);
  return [settings, change];
}

function readSettings(): Settings {
  try {
    const stored: unknown = JSON.parse(readStored('session', storageKey) ?? '{}');
    return { ...defaultSettings, ...(stored as Partial<Settings>) };
  } catch {
    return defaultSettings;
  }
}
