// Whether the winner can be deployed as it is: the model is in the library, the hardware that was
// planned for is there, and the server would start it. The model's name in the library; null: no.
import { useEffect, useState } from 'react';

import type { Worker } from '../../api/client';
import type { Plan, PlanChoices } from '../../api/plan';
import { useApi } from '../../app/api_context';

export function useDeployable(plan: Plan, choices: PlanChoices): string | null {
  const { client } = useApi();
  const [found, setFound] = useState<string | null>(null);
  const library = libraryName(plan, choices);
  useEffect(() => {
    setFound(null);
    if (library === null) return;
    const controller = new AbortController();
    const { engine, arguments: words } = plan.winner;
    const ask = async () => {
      const workers = await client.workers(controller.signal);
      if (!workers.some((worker) => hasHardware(worker, plan.hardware))) return;
      const request = { model: library, engine, arguments: words };
      const { fit } = await client.dryRun(request, controller.signal);
      if (fit.fits) setFound(library);
    };
    // A refusal means no, whatever it says: the plan stands without a deployment.
    ask().catch(() => undefined);
    return () => controller.abort();
  }, [client, library, plan]);
  return found;
}

export function libraryName(plan: Plan, choices: PlanChoices): string | null {
  const asked = plan.model.toLowerCase();
  const known = choices.models.find(({ name, library }) =>
    [name, name.split('/').pop(), library].some((each) => each?.toLowerCase() === asked),
  );
  return known && known.library !== '' ? known.library : null;
}

// "H200x8": eight GPUs that their driver calls "NVIDIA H200".
export function hasHardware(worker: Worker, hardware: string): boolean {
  const [, device, count] = /^(.*?)(?:x(\d+))?$/.exec(hardware) ?? [];
  if (!device) return false;
  const words = (name: string) => name.toLowerCase().split(/[\s-]+/);
  const own = worker.gpus.filter((gpu) => words(gpu.name).includes(device.toLowerCase()));
  return own.length >= Number(count ?? 1);
}
