// The profiles of a model that does not run here: what each is for, and what it is known to do.
import type { HardwareMatch, Profile } from '../../api/client';
import { useI18n } from '../../i18n';
import { ConfigurationTable, requestedRows } from '../../ui/ConfigurationTable';
import { AskedWords, EvidenceLine } from '../../ui/EngineSummary';

export function ProfileList({ profiles }: { profiles: Profile[] }) {
  const { t } = useI18n();
  return (
    <section>
      <h3>{t('drawer.profiles')}</h3>
      {profiles.map((profile) => (
        <section key={profile.name}>
          <h4>
            {profile.name} · {profile.engine.engine} {profile.engine.version}
          </h4>
          <Hardware match={profile.hardware} />
          <EvidenceLine evidence={profile.evidence} />
          <AskedWords engine={profile.engine} />
          {profile.engine.arguments.length === 0 && (
            <ConfigurationTable rows={requestedRows(profile.engine)} shows="plan" />
          )}
        </section>
      ))}
    </section>
  );
}

function Hardware({ match }: { match: HardwareMatch }) {
  const { t, format } = useI18n();
  const values = {
    count: match.min_devices,
    device: [match.device, match.models.join(' / ')].filter(Boolean).join(' '),
    memory: format.bytes(match.min_device_memory_bytes),
  };
  const key = match.min_device_memory_bytes > 0 ? 'drawer.hardwareMemory' : 'drawer.hardware';
  return <p>{t(key, values)}</p>;
}
