// Names of the parts of a step, in the reader's language where they are known.
import { en, type TextKey } from '../../i18n/en';
import type { Translate } from '../../i18n/translate';

export function operationName(operation: string, t: Translate): string {
  const key = `operation.${operation}`;
  return key in en ? t(key as TextKey) : operation.replaceAll('_', ' ');
}
