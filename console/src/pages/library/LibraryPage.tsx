import { useCallback, useState } from 'react';

import type { Deployment, Gpu, LibraryModel, Worker } from '../../api/client';
import { useApi } from '../../app/api_context';
import { usePhaseAnnouncements } from '../deployments/phase';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { Empty, LoadError, Loading } from '../../ui/states';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { ModelCard } from './ModelCard';
import { ModelDrawer } from './ModelDrawer';
import { defaultOptions, wishOf } from './options';
import { useDeploy } from './use_deploy';

interface LibraryData {
  models: LibraryModel[];
  deployments: Deployment[];
  workers: Worker[];
}

const pollMs = 2000;

export function LibraryPage() {
  const { t } = useI18n();
  const { data, error, refresh } = useLibraryData();
  const deploy = useDeploy(refresh);
  const [filter, setFilter] = useState('');
  const [wish] = useState(() => wishOf(window.location.search));
  const [opened, setOpened] = useState<string | null>(wish.model);
  usePhaseAnnouncements(data?.deployments);

  if (!data) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  const shown = data.models.filter((model) => matches(model, filter));
  const openedModel = data.models.find((model) => model.name === opened);
  return (
    <div className="page">
      <LoadError error={error} stale />
      <div className="page-head">
        <div>
          <h1>{t('library.title')}</h1>
          <p className="muted">{t('library.lead')}</p>
        </div>
        <input
          type="search"
          className="filter"
          value={filter}
          placeholder={t('library.filter')}
          aria-label={t('library.filter')}
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      <Machines workers={data.workers} />
      {data.models.length === 0 && <Empty>{t('library.empty')}</Empty>}
      {data.models.length > 0 && shown.length === 0 && (
        <Empty>{t('library.none', { text: filter })}</Empty>
      )}
      <ul className="cards">
        {shown.map((model) => (
          <ModelCard
            key={model.name}
            model={model}
            deployments={data.deployments.filter((deployment) => deployment.model === model.name)}
            deploy={deploy}
            onDetails={() => setOpened(model.name)}
          />
        ))}
      </ul>
      {openedModel && (
        <ModelDrawer
          model={openedModel}
          first={opened === wish.model ? wish.options : defaultOptions}
          workers={data.workers}
          deploy={deploy}
          onClose={() => setOpened(null)}
        />
      )}
    </div>
  );
}

function useLibraryData() {
  const { client } = useApi();
  const load = useCallback(
    async (signal: AbortSignal): Promise<LibraryData> => {
      const [models, deployments, workers] = await Promise.all([
        client.models(signal),
        client.deployments(signal),
        client.workers(signal),
      ]);
      return { models, deployments, workers };
    },
    [client],
  );
  return usePolling(load, pollMs);
}

function Machines({ workers }: { workers: Worker[] }) {
  const { t, format } = useI18n();
  if (workers.length === 0) return <p className="machine">{t('library.noWorker')}</p>;
  return (
    <ul className="machines">
      {workers.map((worker) => (
        <li key={worker.id} className="machine">
          <strong>{worker.name}</strong>
          {worker.virtual && <VirtualBadge />}
          {worker.state !== 'READY' && <span className="badge badge-error">{t('library.away')}</span>}
          {gpusByName(worker.gpus).map(({ name, count, free, total }) => (
            <span key={name}>
              {t('library.gpus', { count, name, free: format.bytes(free), total: format.bytes(total) })}
            </span>
          ))}
          {!worker.virtual && (
            <span>
              {t('library.machine', {
                device: worker.cpu.model || worker.device_model || worker.device,
                threads: worker.cpu.threads || worker.num_devices,
                free: format.bytes(worker.memory_available_bytes),
                total: format.bytes(worker.memory_total_bytes),
              })}
            </span>
          )}
          {worker.isa.map((name) => (
            <span key={name} className="chip">
              {name}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

// GPUs of one name are told of together, with their memory added up.
function gpusByName(gpus: Gpu[]) {
  const groups = new Map<string, { name: string; count: number; free: number; total: number }>();
  for (const gpu of gpus) {
    const group = groups.get(gpu.name) ?? { name: gpu.name, count: 0, free: 0, total: 0 };
    group.count += 1;
    group.free += gpu.memory_available_bytes;
    group.total += gpu.memory_total_bytes;
    groups.set(gpu.name, group);
  }
  return [...groups.values()];
}

export function matches(model: LibraryModel, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return [model.name, model.display_name, model.license, ...model.tags].some((text) =>
    text.toLowerCase().includes(wanted),
  );
}
