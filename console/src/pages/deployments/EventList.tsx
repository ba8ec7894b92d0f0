import type { DeploymentEvent } from '../../api/client';
import { useI18n } from '../../i18n';
import { PhaseBadge } from '../../ui/PhaseBadge';

// Newest first.
export function EventList({ events }: { events: DeploymentEvent[] }) {
  const { t, format } = useI18n();
  return (
    <section className="panel">
      <h2>{t('events.title')}</h2>
      {events.length === 0 && <p className="muted">{t('events.none')}</p>}
      <ol className="events">
        {[...events].reverse().map((event, index) => (
          <li key={events.length - index}>
            <div className="event-head">
              <PhaseBadge phase={event.state} />
              <time dateTime={event.at}>{format.time(event.at)}</time>
              {event.instance_id !== '' && <code>{event.instance_id}</code>}
            </div>
            {event.reason !== '' && <p>{event.reason}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
