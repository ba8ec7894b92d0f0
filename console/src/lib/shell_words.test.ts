import { describe, expect, it } from 'vitest';

import { shellCommand } from './format';
import { splitWords } from './shell_words';

describe('splitWords', () => {
  it.each([
    ['', []],
    [' \n\t ', []],
    ['--max-model-len 2048', ['--max-model-len', '2048']],
    ['  a\tb\nc\r\nd  ', ['a', 'b', 'c', 'd']],
    ["'' \"\"", ['', '']],
    ["--json '{\"a\": [1, 2]}'", ['--json', '{"a": [1, 2]}']],
    ['--json "{\\"a\\": \'b\'}"', ['--json', '{"a": \'b\'}']],
    ["--name=it\\'s", ["--name=it's"]],
    ["a'b c'\"d e\"f", ['ab cd ef']],
    ["'a\\b' \"a\\b\" \"a\\\\b\" a\\b", ['a\\b', 'a\\b', 'a\\b', 'ab']],
    ['one\\ word', ['one word']],
    ['--a 1 \\\n  --b 2', ['--a', '1', '--b', '2']],
    ['lo\\\nng "q\\\nr"', ['long', 'qr']],
    ["'two\nlines'", ['two\nlines']],
    ['$HOME *.txt ~ `x` # y', ['$HOME', '*.txt', '~', '`x`', '#', 'y']],
    ['名字 "你 好"', ['名字', '你 好']],
  ])('%j', (text, words) => expect(splitWords(text)).toEqual({ words, unfinished: null }));

  it.each([
    ["--a 'b c", 'singleQuote'],
    ['--a "b c', 'doubleQuote'],
    ['--a "b \\', 'doubleQuote'],
    ['--a "b \\"', 'doubleQuote'],
    ['--a b\\', 'backslash'],
  ])('%j ends in the middle of something', (text, unfinished) =>
    expect(splitWords(text)).toEqual({ words: ['--a'], unfinished }),
  );

  it('takes apart what shellCommand() put together', () => {
    const words = ['--a', '', "it's", 'two words', '{"x": "\\n"}', '$HOME', 'a\nb', '\\', '-'];
    expect(splitWords(shellCommand(words))).toEqual({ words, unfinished: null });
  });
});
