// What a deployment's numbers mean for the pages.
import { useEffect, useRef } from 'react';

import type { Deployment, Instance, Progress } from '../../api/client';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { secondsSince } from '../../lib/format';
import type { Translate } from '../../i18n/translate';
import type { PhaseName } from '../../ui/PhaseBadge';
import { stepText } from '../../ui/ProgressLine';

export function phaseOf(deployment: Deployment): PhaseName {
  return deployment.deleting ? 'deleting' : deployment.phase;
}

// Of the instance that is furthest behind; null when nothing is under way.
export function shownProgress(deployment: Deployment): Progress | null {
  if (deployment.deleting) return null;
  return deployment.instances.map(instanceProgress).reduce(slower, null);
}

export function instanceProgress(instance: Instance): Progress | null {
  const underWay = ['INITIALIZING', 'DOWNLOADING', 'STARTING'].includes(instance.state);
  return !underWay || instance.progress.phase === '' ? null : instance.progress;
}

// "Preparing · vllm@0.13.0: installing packages 51%".
export function phaseText(deployment: Deployment, t: Translate): string {
  const phase = t(`phase.${phaseOf(deployment)}`);
  const progress = shownProgress(deployment);
  const step = progress === null ? '' : stepText(progress, t);
  return step === '' ? phase : `${phase} · ${step}`;
}

function slower(one: Progress | null, other: Progress | null): Progress | null {
  if (!one || !other) return one ?? other;
  return other.fraction < one.fraction ? other : one;
}

export function restartsOf(deployment: Deployment): number {
  return deployment.instances.reduce((sum, instance) => sum + instance.restart_count, 0);
}

// Seconds that an instance has answered; null when it does not.
export function instanceUptime(instance: Instance, nowMs: number): number | null {
  return instance.state === 'RUNNING' ? secondsSince(instance.ready_at, nowMs) : null;
}

// Of the instance that has answered longest.
export function uptimeOf(deployment: Deployment, nowMs: number): number | null {
  return deployment.instances
    .map((instance) => instanceUptime(instance, nowMs))
    .reduce(
      (longest, uptime) => (uptime !== null && uptime > (longest ?? -1) ? uptime : longest),
      null,
    );
}

// Reads out every change of a deployment's phase.
export function usePhaseAnnouncements(deployments: Deployment[] | undefined): void {
  const { t } = useI18n();
  const { announce } = useNotices();
  const known = useRef(new Map<string, PhaseName>());
  useEffect(() => {
    if (!deployments) return;
    const before = known.current;
    known.current = new Map(deployments.map((each) => [each.name, phaseOf(each)]));
    for (const [name, phase] of known.current) {
      const previous = before.get(name);
      if (previous !== undefined && previous !== phase)
        announce(t('phase.announce', { name, phase: t(`phase.${phase}`) }));
    }
  }, [deployments, announce, t]);
}
