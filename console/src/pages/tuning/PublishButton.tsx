// Makes a profile of the winner, with the run as its evidence.
import { useState, type FormEvent } from 'react';

import { ApiError } from '../../api/client';
import type { Job } from '../../api/lab';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { Field } from '../../ui/Field';

type State = 'idle' | 'busy' | 'done';

export function PublishButton({ job }: { job: Job }) {
  const { t } = useI18n();
  const { client } = useApi();
  const { announce } = useNotices();
  const [name, setName] = useState('');
  const [state, setState] = useState<State>('idle');
  const [problem, setProblem] = useState<string>();
  const publish = async (event: FormEvent) => {
    event.preventDefault();
    setState('busy');
    setProblem(undefined);
    try {
      await client.publishProfile(job.id, name.trim());
      setState('done');
      announce(t('publish.done'));
    } catch (error) {
      setState('idle');
      setProblem(isUnknownPath(error) ? t('publish.unknown') : errorText(error, t));
    }
  };
  if (state === 'done') return <p role="status">{t('publish.done')}</p>;
  return (
    <form className="publish" onSubmit={(event) => void publish(event)} noValidate>
      <Field id="publish-name" label={t('publish.name')} hint={t('publish.hint')} problem={problem}>
        {(described) => (
          <input
            {...described}
            value={name}
            maxLength={100}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <div className="button-row">
        <button className="button button-primary" disabled={state === 'busy'}>
          {t('publish.publish')}
        </button>
      </div>
    </form>
  );
}

// A server without profiles of its own answers so for the path, not for anything in the request.
function isUnknownPath(error: unknown): boolean {
  return error instanceof ApiError && [404, 405, 501].includes(error.status) && !error.param;
}
