// The one plan of the console. It lives above the pages: looking at another one meanwhile neither
// loses it nor ends the search.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';

import { isAbort } from '../../api/client';
import type { Plan, PlanProgress } from '../../api/plan';
import { refusalOf, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { emptyForm, requestOf, type PlanForm } from './form';

interface Refusal {
  text: string;
  param: string | null;
}

interface PlanState {
  isRunning: boolean;
  progress: PlanProgress | null;
  plan: Plan | null;
  refusal: Refusal | null;
}

interface Planning extends PlanState {
  form: PlanForm;
  setForm: (form: PlanForm) => void;
  start: () => void;
  stop: () => void;
}

const idle: PlanState = { isRunning: false, progress: null, plan: null, refusal: null };
const PlanContext = createContext<Planning | null>(null);

export function usePlan(): Planning {
  const value = useContext(PlanContext);
  if (!value) throw new Error('usePlan() outside of PlanProvider');
  return value;
}

export function PlanProvider({ children }: { children: ReactNode }) {
  const { client } = useApi();
  const { t } = useI18n();
  const { announce } = useNotices();
  const [form, setForm] = useState(emptyForm);
  const [state, setState] = useState(idle);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), [client]);

  const start = useCallback(async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setState({ ...idle, isRunning: true });
    try {
      for await (const event of client.plan(requestOf(form), controller.signal)) {
        if (event.type === 'progress') setState((last) => ({ ...last, progress: event.progress }));
        else setState({ ...idle, plan: event.plan });
      }
      announce(t('plan.done'));
    } catch (error) {
      if (running.current !== controller) return;
      setState({ ...idle, refusal: isAbort(error) ? null : refusalOf(error, t) });
    }
  }, [announce, client, form, t]);

  const value = useMemo(
    () => ({
      ...state,
      form,
      setForm,
      start: () => void start(),
      stop: () => running.current?.abort(),
    }),
    [state, form, start],
  );
  return <PlanContext.Provider value={value}>{children}</PlanContext.Provider>;
}
