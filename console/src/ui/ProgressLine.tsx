// A download or a load under way: bar, bytes, speed, time left.
import type { Progress } from '../api/client';
import { useI18n } from '../i18n';
import type { Formatter } from '../lib/format';
import type { Translate } from '../i18n/translate';

export function ProgressLine({ progress }: { progress: Progress }) {
  const { t, format } = useI18n();
  if (progress.phase === '') return null;
  const label =
    progress.phase === 'downloading' || progress.phase === 'loading'
      ? t(`progress.${progress.phase}`)
      : progress.phase;
  const percent = `${Math.floor(clamp(progress.fraction) * 100)}%`;
  return (
    <div className="progress">
      <progress max={1} value={clamp(progress.fraction)} aria-label={label} />
      <div className="progress-text">
        <span>{percent}</span>
        {progressDetails(progress, t, format).map((detail) => (
          <span key={detail}>{detail}</span>
        ))}
      </div>
    </div>
  );
}

export function progressDetails(progress: Progress, t: Translate, format: Formatter): string[] {
  const { bytes_done: done, bytes_total: total, bytes_per_second: speed } = progress;
  const details: string[] = [];
  if (total > 0)
    details.push(t('progress.bytes', { done: format.bytes(done), total: format.bytes(total) }));
  if (speed > 0) details.push(format.bytesPerSecond(speed));
  if (speed > 0 && total > done)
    details.push(t('progress.left', { time: format.duration(Math.ceil((total - done) / speed)) }));
  return details;
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
