// A step on the way to an answer: what it is, how far, and of a download speed and time left.
import type { Progress } from '../api/client';
import { useI18n } from '../i18n';
import { en, type TextKey } from '../i18n/en';
import type { Formatter } from '../lib/format';
import type { Translate } from '../i18n/translate';

export function ProgressLine({ progress }: { progress: Progress }) {
  const { t, format } = useI18n();
  if (progress.phase === '') return null;
  const known = isMeasured(progress) ? { value: clamp(progress.fraction) } : {};
  const text = stepText(progress, t);
  return (
    <div className="progress">
      <progress max={1} {...known} aria-label={stepName(progress.phase, t)} />
      <div className="progress-text">
        {text !== '' && <span>{text}</span>}
        {progressDetails(progress, t, format).map((detail) => (
          <span key={detail}>{detail}</span>
        ))}
      </div>
    </div>
  );
}

// "vllm@0.13.0: installing packages 51%". A download needs no word: the state beside it says so.
export function stepText(progress: Progress, t: Translate): string {
  const name = progress.phase === 'downloading' ? '' : stepName(progress.phase, t);
  const percent = isMeasured(progress) ? `${Math.floor(clamp(progress.fraction) * 100)}%` : '';
  return [name, percent].filter((part) => part !== '').join(' ');
}

// What the agent calls a step, in the reader's language where it is known. What is done to an engine
// has its name in front: "vllm@0.13.0: fetching packages".
export function stepName(phase: string, t: Translate): string {
  const split = phase.indexOf(': ') + 2;
  const [subject, step] = split < 2 ? ['', phase] : [phase.slice(0, split), phase.slice(split)];
  const key = `step.${step.replaceAll(' ', '_')}`;
  return subject + (key in en ? t(key as TextKey) : step);
}

// Some steps have no measure, and say nothing until they end.
function isMeasured(progress: Progress): boolean {
  return progress.fraction > 0 || progress.bytes_total > 0;
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
