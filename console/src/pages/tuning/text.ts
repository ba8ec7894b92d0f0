// What is told of a winner, in words and as a command.
import type { TunedConfiguration } from '../../api/lab';
import { shellQuote } from '../../lib/format';
import type { Translate } from '../../i18n/translate';

interface Gain {
  ratio: number;
  low: number | null;
  high: number | null;
  confidence: number | null;
}

// "×1.15 (1.06 to 1.26 at 99%)"
export function gainText({ ratio, low, high, confidence }: Gain, t: Translate): string {
  const gain = `×${ratio.toFixed(2)}`;
  if (low === null || high === null) return gain;
  const band = t('plan.band', { low: low.toFixed(2), high: high.toFixed(2) });
  if (confidence === null) return `${gain} (${band})`;
  return `${gain} (${t('tuning.atConfidence', { band, percent: Math.round(confidence * 100) })})`;
}

// The native engine takes parameters, by the names of its flags; the others their own arguments.
export function deployCommand(model: string, configuration: TunedConfiguration): string {
  const line = `redline deploy ${shellQuote(model)}`;
  if (configuration.engine !== 'native') return `${line} --engine ${configuration.text}`;
  const words = configuration.arguments;
  const settings: string[] = [];
  for (const [index, word] of words.entries()) {
    if (!word.startsWith('--')) continue;
    const next = words[index + 1];
    const value = next === undefined || next.startsWith('--') ? 'true' : next;
    settings.push(` --set ${shellQuote(`${word.slice(2).replaceAll('-', '_')}=${value}`)}`);
  }
  return line + settings.join('');
}
