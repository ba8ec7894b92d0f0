// Browser storage that may be switched off: then nothing is remembered, and nothing breaks.

function storageOf(kind: 'local' | 'session'): Storage {
  return kind === 'local' ? window.localStorage : window.sessionStorage;
}

export function readStored(kind: 'local' | 'session', key: string): string | null {
  try {
    return storageOf(kind).getItem(key);
  } catch {
    return null;
  }
}

// null removes the entry.
export function writeStored(kind: 'local' | 'session', key: string, value: string | null): void {
  try {
    if (value === null) storageOf(kind).removeItem(key);
    else storageOf(kind).setItem(key, value);
  } catch {
    // Nothing to do: the value lives as long as the page.
  }
}
