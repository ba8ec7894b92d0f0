// The tuning runs there were, newest first.
import type { Job } from '../../api/lab';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { Section } from '../../ui/Section';
import { JobBadge, subjectOf } from '../lab/JobParts';
import { gainText } from './text';

export function TuneTable({ jobs, current }: { jobs: Job[]; current: string }) {
  const { t, format } = useI18n();
  return (
    <Section title={t('tuning.history')}>
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t('deployments.model')}</th>
            <th scope="col">{t('deployments.phase')}</th>
            <th scope="col">{t('tuning.gain')}</th>
            <th scope="col">{t('lab.when')}</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id} aria-current={job.id === current || undefined}>
              <th scope="row" className="cell-name">
                <Link page="tuning" name={job.id} className="row-link">
                  {subjectOf(job)}
                </Link>
                <span className="muted">
                  {[job.request.workload, job.request.hardware, job.id].filter(Boolean).join(' · ')}
                </span>
              </th>
              <td className="cell-phase" data-label={t('deployments.phase')}>
                <JobBadge job={job} />
              </td>
              <td data-label={t('tuning.gain')}>
                <Gain job={job} />
              </td>
              <td data-label={t('lab.when')}>{format.time(job.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Gain({ job }: { job: Job }) {
  const { t } = useI18n();
  const { ratio, low, high } = job.figures;
  if (ratio === undefined || low === undefined || high === undefined)
    return <>{job.state === 'finished' ? t('tuning.none') : '–'}</>;
  return <>{gainText({ ratio, low, high, confidence: null }, t)}</>;
}
