// One benchmark: how far it is, its throughput over time, and what came out.
import { isRunning, type BenchResult, type Job, type JobProgress } from '../../api/lab';
import { useI18n } from '../../i18n';
import { BarList, type BarRow } from '../../ui/BarList';
import { Fact } from '../../ui/Section';
import { LoadError, Loading } from '../../ui/states';
import { figureOf, intervalOf, metricsShown } from './figures';
import { JobActions, JobBadge, JobTrouble, subjectOf } from './JobParts';
import { RatePlot } from './RatePlot';
import { useJob, useResult } from './use_jobs';

interface BenchJobProps {
  id: string;
  listed: Job | undefined;
  onChanged: () => void;
}

export function BenchJob({ id, listed, onChanged }: BenchJobProps) {
  const { data: job, error, refresh } = useJob(id, listed);
  if (!job) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  return (
    <JobPanel
      job={job}
      onChanged={() => {
        refresh();
        onChanged();
      }}
    />
  );
}

function JobPanel({ job, onChanged }: { job: Job; onChanged: () => void }) {
  const { t } = useI18n();
  const result = useResult<BenchResult>(job);
  const series = job.progress?.series ?? [];
  return (
    <section className="panel" aria-labelledby="job-title">
      <div className="panel-head">
        <h2 id="job-title">
          {t('lab.jobTitle', { name: subjectOf(job), workload: job.request.workload ?? '' })}
        </h2>
        <span className="badges">
          <JobBadge job={job} />
        </span>
      </div>
      <JobTrouble job={job} />
      {isRunning(job) && <BenchProgress progress={job.progress} />}
      {result && <Figures result={result} />}
      {result && result.repeats.length > 1 && <Repeats result={result} />}
      {series.length > 1 && (
        <>
          <h3>{t('lab.overTime')}</h3>
          <RatePlot points={series} />
        </>
      )}
      <JobActions job={job} onChanged={onChanged} />
    </section>
  );
}

function BenchProgress({ progress }: { progress: JobProgress | null }) {
  const { t, format } = useI18n();
  if (!progress) return <progress max={1} aria-label={t('lab.starting')} />;
  const { requests = 0, done = 0, failed = 0, repeat = 1, repeats = 1 } = progress;
  const isWarming = (progress.phase ?? '') !== '';
  const fraction = requests > 0 ? done / requests : 0;
  const name = isWarming ? (progress.phase ?? '') : t('lab.repeatOf', { repeat, repeats });
  const left = progress.repeat_seconds_left ?? null;
  const value = isWarming ? {} : { value: (repeat - 1 + fraction) / repeats };
  return (
    <div>
      <progress max={1} {...value} aria-label={name} />
      <div className="progress-text">
        <span>{name}</span>
        {requests > 0 && (
          <span>
            {t('plan.doneOf', { done: format.number(done), all: format.number(requests) })}
          </span>
        )}
        {progress.output_tps !== undefined && progress.output_tps > 0 && (
          <span>{t('chat.speed', { rate: format.number(progress.output_tps) })}</span>
        )}
        {failed > 0 && <span>{t('lab.failedRequests', { count: failed })}</span>}
        {left !== null && (
          <span>{t('progress.left', { time: format.duration(Math.ceil(left)) })}</span>
        )}
      </div>
    </div>
  );
}

function Figures({ result }: { result: BenchResult }) {
  const { t, format } = useI18n();
  const text = (value: number, isTime: boolean) =>
    isTime ? format.milliseconds(value) : format.number(value);
  return (
    <dl className="facts plan-facts">
      {metricsShown.map(({ name, isTime }) => {
        const value = figureOf(result, name);
        const interval = intervalOf(result, name);
        if (value === undefined) return null;
        return (
          <Fact key={name} name={name}>
            {text(value, isTime)}
            {interval && (
              <>
                {' '}
                <span className="muted band">
                  {t('plan.band', {
                    low: text(interval.low, isTime),
                    high: text(interval.high, isTime),
                  })}
                </span>
              </>
            )}
          </Fact>
        );
      })}
    </dl>
  );
}

function Repeats({ result }: { result: BenchResult }) {
  const { t, format } = useI18n();
  const mean = figureOf(result, 'output_tps') ?? 0;
  const interval = intervalOf(result, 'output_tps');
  const rows: BarRow[] = result.repeats.map((run, index) => {
    const value = figureOf(run.summary, 'output_tps') ?? 0;
    return {
      key: `${index}`,
      label: t('lab.repeat', { number: index + 1 }),
      text: t('chat.speed', { rate: format.number(value) }),
      shade: 'base' as const,
      value,
    };
  });
  rows.push({
    key: 'mean',
    label: t('lab.mean'),
    text: t('chat.speed', { rate: format.number(mean) }),
    value: mean,
    ...(interval && { band: interval }),
  });
  return (
    <>
      <h3>{t('lab.repeats')}</h3>
      <BarList rows={rows} label={t('lab.repeats')} />
    </>
  );
}
