// Server-sent events as in the HTML standard: any line ending, any split into chunks.

export interface ServerSentEvent {
  event: string; // '' when the stream names none
  data: string;
}

export class ServerSentEventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];

  // Takes the next piece of text and returns the events that it completes.
  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    for (const line of this.linesOf(text)) {
      if (line !== '') {
        this.field(line);
        continue;
      }
      if (this.data.length > 0) events.push({ event: this.event, data: this.data.join('\n') });
      this.event = '';
      this.data = [];
    }
    return events;
  }

  private linesOf(text: string): string[] {
    const buffer = this.rest + text;
    // A carriage return at the end may be the first half of "\r\n".
    const end = buffer.endsWith('\r') ? buffer.length - 1 : buffer.length;
    const lines = buffer.slice(0, end).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + buffer.slice(end);
    return lines;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.event = value;
    if (name === 'data') this.data.push(value);
  }
}

export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new ServerSentEventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
