// Text that a person typed or pasted, taken apart as a shell would: words, quotes, backslashes, lines
// that a backslash continues. Nothing is expanded: $HOME and * stay as they are.

export type Unfinished = 'singleQuote' | 'doubleQuote' | 'backslash';

export interface ShellWords {
  words: string[];
  unfinished: Unfinished | null; // what the text ends in the middle of
}

export function splitWords(text: string): ShellWords {
  const words: string[] = [];
  let word: string | null = null; // null: between words; '' may be a word, too
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at);
    if (typeof piece === 'string') return { words, unfinished: piece };
    at = piece.end;
    if (piece.text !== null) {
      word = (word ?? '') + piece.text;
    } else if (piece.ends && word !== null) {
      words.push(word);
      word = null;
    }
  }
  if (word !== null) words.push(word);
  return { words, unfinished: null };
}

interface Piece {
  text: string | null; // what it adds to the word; null: nothing
  end: number; // where the next one begins
  ends?: boolean; // the word ends here
}

function pieceAt(text: string, at: number): Piece | Unfinished {
  const letter = text.charAt(at);
  if (letter === "'") return singleQuoted(text, at + 1);
  if (letter === '"') return doubleQuoted(text, at + 1);
  if (letter === '\\') return escaped(text, at + 1);
  if (/\s/.test(letter)) return { text: null, end: at + 1, ends: true };
  return { text: letter, end: at + 1 };
}

function escaped(text: string, at: number): Piece | Unfinished {
  if (at >= text.length) return 'backslash';
  const letter = text.charAt(at);
  return { text: letter === '\n' ? null : letter, end: at + 1 };
}

function singleQuoted(text: string, at: number): Piece | Unfinished {
  const end = text.indexOf("'", at);
  return end < 0 ? 'singleQuote' : { text: text.slice(at, end), end: end + 1 };
}

// A backslash stands for itself here, except before what it is needed for.
function doubleQuoted(text: string, begin: number): Piece | Unfinished {
  let inside = '';
  for (let at = begin; at < text.length; ++at) {
    const letter = text.charAt(at);
    if (letter === '"') return { text: inside, end: at + 1 };
    if (letter !== '\\') {
      inside += letter;
      continue;
    }
    at += 1;
    const next = text.charAt(at);
    if (next === '\n') continue;
    inside += '"\\$`'.includes(next) ? next : `\\${next}`;
  }
  return 'doubleQuote';
}
