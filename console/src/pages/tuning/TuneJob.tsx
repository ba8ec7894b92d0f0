// One tuning run: how far it is, and what it found.
import { isRunning, type Job, type JobProgress, type TuneResult } from '../../api/lab';
import { useI18n } from '../../i18n';
import { LoadError, Loading } from '../../ui/states';
import { JobActions, JobBadge, JobTrouble, subjectOf } from '../lab/JobParts';
import { useJob, useResult } from '../lab/use_jobs';
import { TuneResultView } from './TuneResultView';

interface TuneJobProps {
  id: string;
  listed: Job | undefined;
  onChanged: () => void;
}

export function TuneJob({ id, listed, onChanged }: TuneJobProps) {
  const { data: job, error, refresh } = useJob(id, listed);
  if (!job) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  const changed = () => {
    refresh();
    onChanged();
  };
  return <JobView job={job} onChanged={changed} />;
}

function JobView({ job, onChanged }: { job: Job; onChanged: () => void }) {
  const { t } = useI18n();
  const result = useResult<TuneResult>(job);
  return (
    <>
      <section className="panel" aria-labelledby="job-title">
        <div className="panel-head">
          <h2 id="job-title">
            {t('tuning.jobTitle', { name: subjectOf(job), workload: job.request.workload ?? '' })}
          </h2>
          <span className="badges">
            <JobBadge job={job} />
          </span>
        </div>
        <JobTrouble job={job} />
        {isRunning(job) && <TuneProgress job={job} progress={job.progress} />}
        <JobActions job={job} onChanged={onChanged} />
      </section>
      {result && <TuneResultView job={job} result={result} />}
    </>
  );
}

// The time of a rehearsal is that of the machine it is on, on paper: no time left is told of it.
function TuneProgress({ job, progress }: { job: Job; progress: JobProgress | null }) {
  const { t, format } = useI18n();
  if (!progress) return <progress max={1} aria-label={t('lab.starting')} />;
  const { elapsed_seconds: elapsed = 0, most_seconds: most = 0, trials = 0 } = progress;
  const value = most > 0 ? { value: Math.min(1, elapsed / most) } : {};
  const left = Math.max(0, most - elapsed);
  return (
    <div>
      <progress max={1} {...value} aria-label={progress.phase || t('lab.starting')} />
      <div className="progress-text">
        <span>{progress.phase}</span>
        <span>{t('tuning.trials', { count: trials })}</span>
        <span>
          {t('plan.doneOf', { done: format.duration(elapsed), all: format.duration(most) })}
        </span>
        {most > 0 && !job.virtual && (
          <span>{t('tuning.atMost', { time: format.duration(Math.ceil(left)) })}</span>
        )}
      </div>
      {progress.last_step !== undefined && progress.last_step !== '' && (
        <p className="muted step-note">{t('tuning.lastStep', { step: progress.last_step })}</p>
      )}
      {progress.last !== undefined && progress.last !== progress.last_step && (
        <p className="muted step-note">{progress.last}</p>
      )}
    </div>
  );
}
