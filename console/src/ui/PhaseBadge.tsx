import type { InstanceState } from '../api/client';
import { useI18n } from '../i18n';

export type PhaseName = InstanceState | 'deleting';
type Tone = 'ok' | 'busy' | 'idle' | 'error';

const tones: Record<PhaseName, Tone> = {
  PENDING: 'busy',
  ANALYZING: 'busy',
  SCHEDULED: 'busy',
  INITIALIZING: 'busy',
  DOWNLOADING: 'busy',
  STARTING: 'busy',
  RUNNING: 'ok',
  DRAINING: 'busy',
  STOPPED: 'idle',
  ERROR: 'error',
  UNREACHABLE: 'error',
  deleting: 'idle',
};

export function PhaseBadge({ phase }: { phase: PhaseName }) {
  const { t } = useI18n();
  return <span className={`badge badge-${tones[phase]}`}>{t(`phase.${phase}`)}</span>;
}
