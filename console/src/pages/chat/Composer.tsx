import { useEffect, useRef, type FormEvent, type KeyboardEvent } from 'react';

import { useI18n } from '../../i18n';
import { SendIcon, StopIcon } from '../../ui/icons';
import { useConversation } from './use_conversation';

export function Composer({ model }: { model: string }) {
  const { t } = useI18n();
  const { draft, setDraft, streaming, ask, stop } = useConversation();
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => input.current?.focus(), []);

  const send = () => {
    if (draft.trim() === '' || model === '' || streaming) return;
    setDraft('');
    ask(model, draft);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
    input.current?.focus();
  };
  const stopAndReturn = () => {
    stop();
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter also ends the input of Chinese characters; then it sends nothing.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
    if (event.key === 'Escape' && streaming) stop();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <div className="composer-box">
        <textarea
          ref={input}
          rows={1}
          value={draft}
          placeholder={t('chat.placeholder')}
          aria-label={t('chat.input')}
          aria-describedby="composer-keys"
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {streaming ? (
          <button
            key="stop"
            type="button"
            className="round-button"
            aria-label={t('chat.stop')}
            onClick={stopAndReturn}
          >
            <StopIcon />
          </button>
        ) : (
          <button
            key="send"
            className="round-button"
            aria-label={t('chat.send')}
            disabled={draft.trim() === '' || model === ''}
          >
            <SendIcon />
          </button>
        )}
      </div>
      <p id="composer-keys" className="composer-keys">
        {t('chat.keys')}
      </p>
    </form>
  );
}
