// Numbers as people read them: binary byte units, short durations, model sizes.
import type { Translate } from '../i18n/translate';

export interface Formatter {
  number(value: number): string;
  bytes(value: number): string;
  bytesPerSecond(value: number): string;
  duration(seconds: number): string;
  milliseconds(value: number): string;
  time(rfc3339: string): string;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function createFormatter(tag: string, t: Translate): Formatter {
  const whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' });
  const short = (value: number) => (Math.abs(value) < 99.95 ? tenths : whole).format(value);

  const bytes = (value: number) => {
    let unit = 0;
    let scaled = Math.max(0, value);
    while (scaled >= 1023.5 && unit < byteUnits.length - 1) {
      scaled /= 1024;
      unit += 1;
    }
    return `${short(scaled)} ${byteUnits[unit]}`;
  };

  return {
    number: (value) => short(value),
    bytes,
    bytesPerSecond: (value) => `${bytes(value)}/s`,
    duration: (seconds) => formatDuration(seconds, t),
    milliseconds: (value) =>
      value < 1000
        ? t('unit.milliseconds', { n: whole.format(value) })
        : t('unit.seconds', { n: tenths.format(value / 1000) }),
    time: (rfc3339) => {
      const at = Date.parse(rfc3339);
      return Number.isNaN(at) ? '' : clock.format(at);
    },
  };
}

// The two largest units: "3 min 12 s", "2 h 5 min".
function formatDuration(seconds: number, t: Translate): string {
  const total = Math.max(0, Math.floor(seconds));
  const parts = [
    { key: 'unit.days', n: Math.floor(total / 86400) },
    { key: 'unit.hours', n: Math.floor(total / 3600) % 24 },
    { key: 'unit.minutes', n: Math.floor(total / 60) % 60 },
    { key: 'unit.seconds', n: total % 60 },
  ] as const;
  const first = parts.findIndex((part) => part.n > 0);
  if (first < 0) return t('unit.seconds', { n: 0 });
  return parts
    .slice(first, first + 2)
    .filter((part) => part.n > 0)
    .map((part) => t(part.key, { n: part.n }))
    .join(' ');
}

// "135M", "1.7B", "671B".
export function parameterCount(count: number): string {
  for (const [limit, unit] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const) {
    const scaled = count / limit;
    if (scaled >= 0.9995) return `${Number(scaled.toFixed(scaled < 10 ? 1 : 0))}${unit}`;
  }
  return String(count);
}

// "8K" for 8192, "160K" for 163840, plain below 1024.
export function contextLength(tokens: number): string {
  if (tokens < 1024) return String(tokens);
  const thousands = tokens / 1024;
  if (thousands < 1024) return `${Number(thousands.toFixed(thousands < 10 ? 1 : 0))}K`;
  return `${Number((thousands / 1024).toFixed(1))}M`;
}

// Seconds since a time; null for "never".
export function secondsSince(rfc3339: string, nowMs: number): number | null {
  const at = Date.parse(rfc3339);
  return Number.isNaN(at) ? null : Math.max(0, (nowMs - at) / 1000);
}

// A command line as a shell takes it.
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}

export function shellQuote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
