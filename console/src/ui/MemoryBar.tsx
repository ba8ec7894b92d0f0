// The memory arithmetic of a model on this machine: a bar of its terms against what is available,
// and the sum in words.
import type { Fit } from '../api/client';
import { en, type TextKey } from '../i18n/en';
import { useI18n } from '../i18n';
import type { Translate } from '../i18n/translate';

export interface BarSegment {
  name: string;
  bytes: number;
  start: number; // percent of the bar
  width: number;
}

// The bar is as long as the larger of what is needed and what is there.
export function barSegments(fit: Fit): { segments: BarSegment[]; limit: number } {
  const needed = fit.terms.reduce((sum, term) => sum + term.bytes, 0);
  const scale = Math.max(needed, fit.available_bytes, 1);
  let start = 0;
  const segments = fit.terms.map((term) => {
    const width = (term.bytes / scale) * 100;
    const segment = { ...term, start, width };
    start += width;
    return segment;
  });
  return { segments, limit: (fit.available_bytes / scale) * 100 };
}

export function termName(name: string, t: Translate): string {
  const key = `fit.${name}`;
  return key in en ? t(key as TextKey) : name.replaceAll('_', ' ');
}

export function MemoryBar({ fit }: { fit: Fit }) {
  const { t, format } = useI18n();
  const { segments, limit } = barSegments(fit);
  const label = t('fit.bar', {
    needed: format.bytes(fit.needed_bytes),
    available: format.bytes(fit.available_bytes),
  });
  return (
    <svg className="memory-bar" role="img" aria-label={label}>
      <rect className="memory-free" width="100%" height="100%" />
      {segments.map((segment, index) => (
        <rect
          key={segment.name}
          className={`memory-term memory-term-${index % 5}`}
          x={`${segment.start}%`}
          width={`${segment.width}%`}
          height="100%"
        />
      ))}
      {limit < 100 && <rect className="memory-limit" x={`${limit}%`} width="2" height="100%" />}
    </svg>
  );
}

// One line when it fits; when it does not, the arithmetic, or the server's reason where the memory
// would do.
export function FitVerdict({ fit }: { fit: Fit }) {
  const { t, format } = useI18n();
  const sizes = {
    needed: format.bytes(fit.needed_bytes),
    available: format.bytes(fit.available_bytes),
  };
  if (fit.fits) return <p className="fit-ok">{t('fit.fits', sizes)}</p>;
  const tooBig = fit.needed_bytes > fit.available_bytes;
  const sum = fit.terms.map((term) => `${termName(term.name, t)} ${format.bytes(term.bytes)}`);
  return (
    <>
      <p className="fit-bad">{tooBig ? t('fit.tooBig', sizes) : t('fit.notHere')}</p>
      <p className="muted">{tooBig ? sum.join(' + ') : fit.message}</p>
    </>
  );
}

export function MemoryTerms({ fit }: { fit: Fit }) {
  const { t, format } = useI18n();
  const left = fit.available_bytes - fit.needed_bytes;
  return (
    <table className="memory-terms">
      <tbody>
        {fit.terms.map((term, index) => (
          <tr key={term.name}>
            <th scope="row">
              <span className={`swatch swatch-${index % 5}`} />
              {termName(term.name, t)}
            </th>
            <td>{format.bytes(term.bytes)}</td>
          </tr>
        ))}
        <tr className="memory-sum">
          <th scope="row">{t('fit.sum')}</th>
          <td>{format.bytes(fit.needed_bytes)}</td>
        </tr>
        <tr>
          <th scope="row">{t('fit.available')}</th>
          <td>{format.bytes(fit.available_bytes)}</td>
        </tr>
        {left > 0 && (
          <tr>
            <th scope="row">{t('fit.free')}</th>
            <td>{format.bytes(left)}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
