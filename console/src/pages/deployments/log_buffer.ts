// The part of a log that the page holds: bounded, without terminal colours.

export interface LogBuffer {
  text: string;
  next: number; // byte offset to ask for; -1: the end of the log
  dropped: boolean; // earlier text was left out
}

export const emptyLog: LogBuffer = { text: '', next: -1, dropped: false };
const maxLength = 400_000;

export function appendLog(buffer: LogBuffer, text: string, next: number): LogBuffer {
  // A log that became shorter was replaced by a new one.
  const start = buffer.next >= 0 && next < buffer.next ? '' : buffer.text;
  const whole = start + plainText(text);
  if (whole.length <= maxLength) return { text: whole, next, dropped: buffer.dropped };
  const cut = whole.slice(whole.length - maxLength);
  return { text: cut.slice(cut.indexOf('\n') + 1), next, dropped: true };
}

// Without escape sequences ("ESC [ 31 m") and control characters other than line breaks and tabs.
export function plainText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
}
