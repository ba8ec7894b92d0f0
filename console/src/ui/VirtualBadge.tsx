// What is simulated says so wherever it is shown.
import { useI18n } from '../i18n';

export function VirtualBadge() {
  const { t } = useI18n();
  return (
    <span className="badge badge-virtual" title={t('virtual.hint')}>
      {t('virtual.badge')}
    </span>
  );
}
