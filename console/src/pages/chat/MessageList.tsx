// The messages. What a model says is shown as text, whatever it looks like.
import { memo, useLayoutEffect, useRef } from 'react';

import { useI18n } from '../../i18n';
import { CopyButton } from '../../ui/CopyButton';
import { AgainIcon } from '../../ui/icons';
import { firstTokenMs, tokensPerSecond, type Answer, type Message } from './conversation';
import { useConversation } from './use_conversation';

export function MessageList({ model }: { model: string }) {
  const { t } = useI18n();
  const { messages, streaming, again } = useConversation();
  const { view, onScroll } = useStickToEnd(messages);
  const last = messages[messages.length - 1];
  const repeatable = last?.role === 'assistant' && !streaming && model !== '';
  return (
    <div
      className="messages"
      ref={view}
      role="log"
      aria-label={t('chat.conversation')}
      aria-busy={streaming}
      tabIndex={0}
      onScroll={onScroll}
    >
      <div className="messages-inner">
        {messages.length === 0 && <p className="chat-empty">{t('chat.empty', { name: model })}</p>}
        {messages.map((message) => (
          <MessageView key={message.id} message={message} />
        ))}
        {repeatable && (
          <button className="button button-quiet again" onClick={() => again(model)}>
            <AgainIcon />
            <span>{t('chat.again')}</span>
          </button>
        )}
      </div>
    </div>
  );
}

const MessageView = memo(function MessageView({ message }: { message: Message }) {
  const { t } = useI18n();
  const isUser = message.role === 'user';
  return (
    <article className={`message message-${message.role}`}>
      <h2 className="message-author">{isUser ? t('chat.you') : message.model}</h2>
      {message.text !== '' && <div className="message-text">{message.text}</div>}
      {!isUser && <AnswerNotes answer={message} />}
      {message.text !== '' && (
        <div className="message-foot">
          <CopyButton compact label={t('chat.copyMessage')} text={() => message.text} />
          {!isUser && <AnswerNumbers answer={message} />}
        </div>
      )}
    </article>
  );
});

function AnswerNotes({ answer }: { answer: Answer }) {
  const { t } = useI18n();
  switch (answer.status) {
    case 'streaming':
      return answer.text === '' ? <p className="muted thinking">{t('chat.thinking')}</p> : null;
    case 'stopped':
      return <p className="muted">{t('chat.stopped')}</p>;
    case 'failed':
      return (
        <div className="alert alert-error" role="alert">
          {answer.problem}
        </div>
      );
    case 'done':
      return answer.finishReason === 'length' ? (
        <p className="muted">{t('chat.lengthReached')}</p>
      ) : null;
  }
}

function AnswerNumbers({ answer }: { answer: Answer }) {
  const { t, format } = useI18n();
  const { usage } = answer;
  if (!usage) return null;
  const rate = tokensPerSecond(answer);
  const first = firstTokenMs(answer);
  const numbers = [
    t('chat.usage', { prompt: usage.prompt_tokens, completion: usage.completion_tokens }),
    rate === null ? '' : t('chat.speed', { rate: format.number(rate) }),
    first === null ? '' : t('chat.firstToken', { time: format.milliseconds(first) }),
  ];
  return <span className="message-numbers">{numbers.filter(Boolean).join(' · ')}</span>;
}

// Keeps the end in view while the reader is there, and leaves a reader who scrolled up alone.
function useStickToEnd(messages: Message[]) {
  const view = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const count = useRef(0);
  useLayoutEffect(() => {
    const asked = messages.length > count.current;
    count.current = messages.length;
    if (view.current && (atEnd.current || asked))
      view.current.scrollTop = view.current.scrollHeight;
  }, [messages]);
  const onScroll = () => {
    const element = view.current;
    if (!element) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  };
  return { view, onScroll };
}
