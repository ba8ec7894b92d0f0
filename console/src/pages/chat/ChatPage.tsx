import { useCallback, useState } from 'react';

import type { Deployment } from '../../api/client';
import { useApi } from '../../app/api_context';
import { hrefOf, Link, navigate } from '../../app/router';
import { phaseText, usePhaseAnnouncements } from '../deployments/phase';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { CopyButton } from '../../ui/CopyButton';
import { PlusIcon, SettingsIcon } from '../../ui/icons';
import { Empty, LoadError, Loading } from '../../ui/states';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { ChatSettings } from './ChatSettings';
import { Composer } from './Composer';
import { transcript } from './conversation';
import { MessageList } from './MessageList';
import { useConversation } from './use_conversation';

const pollMs = 2000;

// `name` asks for a deployment; without one the first that answers is taken.
export function ChatPage({ name }: { name: string }) {
  const { t } = useI18n();
  const { client } = useApi();
  const conversation = useConversation();
  const [settingsOpen, setSettingsOpen] = useState(false);
  const load = useCallback((signal: AbortSignal) => client.deployments(signal), [client]);
  const { data, error } = usePolling(load, pollMs);
  usePhaseAnnouncements(data);

  if (!data) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  const ready = data.filter((deployment) => deployment.ready_replicas > 0);
  const deployment = ready.find((each) => each.name === name) ?? ready[0];
  const model = deployment?.name ?? '';
  return (
    <div className="chat">
      <LoadError error={error} stale />
      <div className="chat-bar">
        <h1 className="visually-hidden">{t('chat.title')}</h1>
        <ModelPicker model={model} ready={ready} />
        {deployment?.virtual && <VirtualBadge />}
        <ConversationActions />
        <button
          className="icon-button"
          aria-label={t('chat.settings')}
          title={t('chat.settings')}
          aria-expanded={settingsOpen}
          onClick={() => setSettingsOpen(!settingsOpen)}
        >
          <SettingsIcon />
        </button>
      </div>
      {settingsOpen && (
        <ChatSettings
          settings={conversation.settings}
          onChange={conversation.setSettings}
          onClose={() => setSettingsOpen(false)}
        />
      )}
      {model === '' && conversation.messages.length === 0 ? (
        <NothingRuns deployments={data} />
      ) : (
        <MessageList model={model} />
      )}
      <Composer model={model} />
    </div>
  );
}

function ModelPicker({ model, ready }: { model: string; ready: Deployment[] }) {
  const { t } = useI18n();
  return (
    <label className="model-picker">
      <span className="visually-hidden">{t('chat.model')}</span>
      <select
        value={model}
        disabled={ready.length === 0}
        onChange={(event) => navigate(hrefOf('chat', event.target.value))}
      >
        {ready.length === 0 && <option value="">{t('chat.noModel')}</option>}
        {ready.map((deployment) => (
          <option key={deployment.name}>{deployment.name}</option>
        ))}
      </select>
    </label>
  );
}

function ConversationActions() {
  const { t } = useI18n();
  const { messages, clear } = useConversation();
  if (messages.length === 0) return null;
  const names = { user: t('chat.you'), assistant: t('chat.assistant') };
  return (
    <>
      <CopyButton compact label={t('chat.copyAll')} text={() => transcript(messages, names)} />
      <button
        className="icon-button"
        aria-label={t('chat.clear')}
        title={t('chat.clear')}
        onClick={clear}
      >
        <PlusIcon />
      </button>
    </>
  );
}

function NothingRuns({ deployments }: { deployments: Deployment[] }) {
  const { t } = useI18n();
  const coming = deployments.find((deployment) => !deployment.deleting && deployment.replicas > 0);
  if (coming)
    return (
      <Empty>
        <p>{t('chat.waiting', { phase: phaseText(coming, t) })}</p>
        <Link page="deployments" name={coming.name} className="button">
          {coming.name}
        </Link>
      </Empty>
    );
  return (
    <Empty>
      <p>{t('chat.noModel')}</p>
      <Link page="library" className="button button-primary">
        {t('chat.noModelAction')}
      </Link>
    </Empty>
  );
}
