// What is to be measured.
import { useState, type FormEvent } from 'react';

import type { Deployment } from '../../api/client';
import type { PlanWorkload } from '../../api/plan';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { ChoiceField, NumberInput } from '../../ui/Field';
import { numberOf } from '../../lib/numbers';
import { useStart } from './use_jobs';

interface BenchFormProps {
  deployments: Deployment[];
  workloads: PlanWorkload[];
  onStarted: () => void;
}

const numbers = ['scale', 'repeats', 'requests', 'concurrency', 'rate'] as const;
type NumberName = (typeof numbers)[number];

export function BenchForm({ deployments, workloads, onStarted }: BenchFormProps) {
  const { t } = useI18n();
  const { isStarting, refusal, start } = useStart(onStarted);
  const running = deployments.filter((each) => each.ready_replicas > 0);
  const [chosen, setChosen] = useState('');
  const [workload, setWorkload] = useState('short');
  const [texts, setTexts] = useState<Record<NumberName, string>>({
    scale: '0.05',
    repeats: '3',
    requests: '',
    concurrency: '',
    rate: '',
  });
  const deployment = running.find(({ name }) => name === chosen) ?? running[0];
  const bad = numbers.find((name) => Number.isNaN(numberOf(texts[name])));
  const shown = ['deployment', 'workload', ...numbers];
  const problemOf = (field: string) =>
    bad === field ? t('plan.notANumber') : refusal?.param === field ? refusal.text : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (bad || !deployment) return;
    const given = numbers.filter((name) => texts[name].trim() !== '');
    void start({
      kind: 'bench',
      deployment: deployment.name,
      workload,
      ...Object.fromEntries(given.map((name) => [name, numberOf(texts[name])])),
    });
  };
  const number = (name: NumberName, hint?: string) => (
    <NumberInput
      id={`bench-${name}`}
      label={t(`jobField.${name}`)}
      hint={hint}
      problem={problemOf(name)}
      value={texts[name]}
      onChange={(value) => setTexts({ ...texts, [name]: value })}
    />
  );
  if (!deployment)
    return (
      <div className="panel">
        <p>{t('chat.noModel')}</p>
        <div className="button-row">
          <Link page="library" className="button button-primary">
            {t('chat.noModelAction')}
          </Link>
        </div>
      </div>
    );
  return (
    <form className="panel" onSubmit={submit} noValidate>
      <h2>{t('lab.new')}</h2>
      <div className="plan-fields">
        <ChoiceField
          id="bench-deployment"
          label={t('chat.model')}
          problem={problemOf('deployment')}
          value={deployment.name}
          onChange={setChosen}
        >
          {running.map(({ name, virtual }) => (
            <option key={name} value={name}>
              {virtual ? `${name} (${t('virtual.badge')})` : name}
            </option>
          ))}
        </ChoiceField>
        <ChoiceField
          id="bench-workload"
          label={t('plan.workload')}
          problem={problemOf('workload')}
          value={workload}
          onChange={setWorkload}
        >
          {workloads.map(({ name, num_requests }) => (
            <option key={name} value={name}>
              {t('plan.workloadOf', { name, requests: num_requests })}
            </option>
          ))}
        </ChoiceField>
        {number('scale', t('lab.scaleHint'))}
        {number('repeats', t('lab.repeatsHint'))}
      </div>
      <details className="plan-more">
        <summary>{t('lab.more')}</summary>
        <div className="plan-fields">
          {number('requests')}
          {number('concurrency')}
          {number('rate')}
        </div>
      </details>
      {refusal && !shown.includes(refusal.param ?? '') && (
        <div className="alert alert-error" role="alert">
          {refusal.text}
        </div>
      )}
      <div className="button-row">
        <button className="button button-primary" disabled={isStarting}>
          {t('lab.start')}
        </button>
      </div>
    </form>
  );
}
