// Short notices at the edge of the page, which screen readers read out, and announcements that are
// only read out.
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

import { useI18n } from '../i18n';

interface Notices {
  notify: (text: string, tone?: 'info' | 'error') => void;
  announce: (text: string) => void;
}

interface Notice {
  id: number;
  text: string;
  tone: 'info' | 'error';
}

const shownMs = 6000;
const NoticesContext = createContext<Notices>({
  notify: () => undefined,
  announce: () => undefined,
});

export function useNotices(): Notices {
  return useContext(NoticesContext);
}

export function NoticesProvider({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const [notices, setNotices] = useState<Notice[]>([]);
  const [spoken, setSpoken] = useState('');
  const nextId = useRef(1);

  const dismiss = useCallback(
    (id: number) => setNotices((all) => all.filter((notice) => notice.id !== id)),
    [],
  );
  const notify = useCallback<Notices['notify']>((text, tone = 'info') => {
    const id = nextId.current++;
    setNotices((all) => [...all.slice(-2), { id, text, tone }]);
  }, []);
  const value = useMemo(() => ({ notify, announce: setSpoken }), [notify]);

  return (
    <NoticesContext.Provider value={value}>
      {children}
      <div className="visually-hidden" role="status">
        {spoken}
      </div>
      <div className="notices" role="status" aria-live="polite">
        {notices.map((notice) => (
          <NoticeCard
            key={notice.id}
            notice={notice}
            onDismiss={dismiss}
            label={t('app.dismiss')}
          />
        ))}
      </div>
    </NoticesContext.Provider>
  );
}

interface NoticeCardProps {
  notice: Notice;
  label: string;
  onDismiss: (id: number) => void;
}

function NoticeCard({ notice, label, onDismiss }: NoticeCardProps) {
  useEffect(() => {
    const timer = setTimeout(() => onDismiss(notice.id), shownMs);
    return () => clearTimeout(timer);
  }, [notice.id, onDismiss]);
  return (
    <div className={`notice notice-${notice.tone}`}>
      <span className="notice-text">{notice.text}</span>
      <button className="icon-button" aria-label={label} onClick={() => onDismiss(notice.id)}>
        ×
      </button>
    </div>
  );
}
