import { useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { shellQuote } from '../../lib/format';
import { CopyButton } from '../../ui/CopyButton';

// `authorization` is put between double quotes as it is, so that a shell variable works in it.
export function curlLine(origin: string, model: string, authorization: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] });
  return [
    `curl ${shellQuote(`${origin}/v1/chat/completions`)}`,
    `-H "Authorization: Bearer ${authorization}"`,
    "-H 'Content-Type: application/json'",
    `-d ${shellQuote(body)}`,
  ].join(' ');
}

export function CurlLine({ name }: { name: string }) {
  const { t } = useI18n();
  const { apiKey } = useApi();
  const { origin } = window.location;
  const shown = curlLine(origin, name, '$REDLINE_API_KEY');
  return (
    <section className="panel">
      <h2>{t('use.title')}</h2>
      <p className="muted">{t('use.hint')}</p>
      <div className="code-block">
        <pre tabIndex={0}>{shown}</pre>
      </div>
      <div className="button-row">
        <CopyButton label={t('use.copy')} text={() => shown} />
        <CopyButton label={t('use.copyWithKey')} text={() => curlLine(origin, name, apiKey)} />
      </div>
    </section>
  );
}
