// What was measured, newest first; two of them can be marked and compared.
import type { Job } from '../../api/lab';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { Section } from '../../ui/Section';
import { JobBadge, subjectOf } from './JobParts';

interface JobTableProps {
  jobs: Job[];
  current: string;
  marked: string[];
  onMark: (ids: string[]) => void;
  onCompare: (a: string, b: string) => void;
}

export function JobTable({ jobs, current, marked, onMark, onCompare }: JobTableProps) {
  const { t } = useI18n();
  // Of two that are marked the older one is A.
  const [first, second] = [...jobs].reverse().filter((job) => marked.includes(job.id));
  const canCompare = first !== undefined && second !== undefined;
  return (
    <Section title={t('lab.history')}>
      <table className="table table-cards lab-history">
        <thead>
          <tr>
            <th scope="col">{t('lab.compare')}</th>
            <th scope="col">{t('lab.what')}</th>
            <th scope="col">{t('deployments.phase')}</th>
            <th scope="col">{t('lab.outputTps')}</th>
            <th scope="col">{t('lab.ttft')}</th>
            <th scope="col">{t('lab.when')}</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} isCurrent={job.id === current} marked={marked} onMark={onMark} />
          ))}
        </tbody>
      </table>
      <div className="button-row">
        <button
          className="button"
          disabled={!canCompare}
          onClick={() => canCompare && onCompare(first.id, second.id)}
        >
          {t('lab.compareTwo')}
        </button>
        {!canCompare && <span className="muted">{t('lab.markTwo')}</span>}
      </div>
    </Section>
  );
}

interface RowProps {
  job: Job;
  isCurrent: boolean;
  marked: string[];
  onMark: (ids: string[]) => void;
}

function Row({ job, isCurrent, marked, onMark }: RowProps) {
  const { t, format } = useI18n();
  const { figures, request } = job;
  const tps = figures.output_tps;
  const [low, high] = [figures['output_tps.low'], figures['output_tps.high']];
  const [p50, p99] = [figures['ttft_ms.p50'], figures['ttft_ms.p99']];
  const isMarked = marked.includes(job.id);
  // A third one takes the place of the one that was marked first.
  const mark = (isOn: boolean) =>
    onMark(isOn ? [...marked.slice(-1), job.id] : marked.filter((each) => each !== job.id));
  return (
    <tr aria-current={isCurrent || undefined}>
      <td data-label={t('lab.compare')}>
        <input
          type="checkbox"
          aria-label={t('lab.compareOf', { id: job.id })}
          disabled={!job.has_result}
          checked={isMarked}
          onChange={(event) => mark(event.target.checked)}
        />
      </td>
      <th scope="row" className="cell-name">
        <Link page="lab" name={job.id} className="row-link">
          {subjectOf(job)}
        </Link>
        <span className="muted">
          {[request.workload, request.scale != null && `×${request.scale}`, job.id]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </th>
      <td className="cell-phase" data-label={t('deployments.phase')}>
        <JobBadge job={job} />
        {job.flaws.length > 0 && <span className="badge badge-error">{t('lab.invalidBadge')}</span>}
      </td>
      <td data-label={t('lab.outputTps')}>
        {tps === undefined ? '–' : format.number(tps)}
        {low !== undefined && high !== undefined && (
          <span className="muted band">
            {t('plan.band', { low: format.number(low), high: format.number(high) })}
          </span>
        )}
      </td>
      <td data-label={t('lab.ttft')}>
        {p50 === undefined || p99 === undefined
          ? '–'
          : `${format.milliseconds(p50)} / ${format.milliseconds(p99)}`}
      </td>
      <td data-label={t('lab.when')}>{format.time(job.created_at)}</td>
    </tr>
  );
}
