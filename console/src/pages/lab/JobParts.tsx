// What benches and tunes have in common: state, actions, report.
import { useState } from 'react';

import { isRunning, type Job, type JobState } from '../../api/lab';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { navigate, hrefOf } from '../../app/router';
import { useI18n } from '../../i18n';
import { saveFile } from '../../lib/save_file';
import { ConfirmDialog } from '../../ui/Dialog';
import { VirtualBadge } from '../../ui/VirtualBadge';

const tones: Record<JobState, 'ok' | 'busy' | 'idle' | 'error'> = {
  running: 'busy',
  stopping: 'busy',
  finished: 'ok',
  failed: 'error',
  stopped: 'idle',
  interrupted: 'error',
};

export function JobBadge({ job }: { job: Job }) {
  const { t } = useI18n();
  return (
    <>
      <span className={`badge badge-${tones[job.state] ?? 'idle'}`}>{t(`job.${job.state}`)}</span>
      {job.virtual && <VirtualBadge />}
    </>
  );
}

export function subjectOf({ request }: Job): string {
  return request.kind === 'tune' ? (request.model ?? '') : (request.deployment ?? '');
}

interface JobActionsProps {
  job: Job;
  onChanged: () => void;
}

export function JobActions({ job, onChanged }: JobActionsProps) {
  const { t } = useI18n();
  const { client } = useApi();
  const { notify } = useNotices();
  const [asking, setAsking] = useState(false);
  const attempt = (work: () => Promise<unknown>) => async () => {
    try {
      await work();
    } catch (error) {
      notify(errorText(error, t), 'error');
    }
    onChanged();
  };
  const remove = attempt(async () => {
    await client.removeJob(job.id);
    navigate(hrefOf(job.request.kind === 'tune' ? 'tuning' : 'lab'));
  });
  const save = attempt(async () => {
    saveFile(`${job.id}.html`, await client.labReport(job.id));
  });
  return (
    <div className="button-row">
      {isRunning(job) && (
        <button className="button" onClick={() => void attempt(() => client.stopJob(job.id))()}>
          {t(job.state === 'stopping' ? 'job.kill' : 'job.stop')}
        </button>
      )}
      {job.can_resume && (
        <button className="button" onClick={() => void attempt(() => client.resumeJob(job.id))()}>
          {t('job.resume')}
        </button>
      )}
      {job.has_result && (
        <button className="button" onClick={() => void save()}>
          {t('job.report')}
        </button>
      )}
      {!isRunning(job) && (
        <button className="button button-stop" onClick={() => setAsking(true)}>
          {t('deployments.delete')}
        </button>
      )}
      {asking && (
        <ConfirmDialog
          title={t('delete.title', { name: job.id })}
          text={t('job.deleteText')}
          confirm={t('delete.confirm')}
          onConfirm={() => void remove()}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

export function JobTrouble({ job }: { job: Job }) {
  const { t } = useI18n();
  return (
    <>
      {job.error !== '' && (
        <div className="alert alert-error" role="alert">
          {job.error}
        </div>
      )}
      {job.flaws.length > 0 && (
        <div className="differs">
          <strong>{t('lab.invalid')}</strong>
          <ul className="why">
            {job.flaws.map((flaw) => (
              <li key={flaw}>{flaw}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
