import { describe, expect, it } from 'vitest';

import { hrefOf, parseRoute } from './router';
import { keyFromFragment } from './session';

describe('routes', () => {
  it.each([
    ['/', '', 'library', ''],
    ['/library', '', 'library', ''],
    ['/nonsense', '', 'library', ''],
    ['/deployments', '?name=a.b-c', 'deployments', 'a.b-c'],
    ['/chat/', '?name=%3Cb%3E&x=1', 'chat', '<b>'],
  ])('%s%s', (pathname, search, page, name) => {
    expect(parseRoute(pathname, search)).toEqual({ page, name });
  });

  it('come back from their address', () => {
    const url = new URL(hrefOf('chat', 'a&b=c'), 'http://x');
    expect(parseRoute(url.pathname, url.search)).toEqual({ page: 'chat', name: 'a&b=c' });
  });
});

describe('keyFromFragment', () => {
  it.each([
    ['#key=abc', 'abc'],
    ['#key=a%2Bb', 'a+b'],
    ['#key=a+b', 'a+b'],
    ['#key=%zz', '%zz'],
    ['#key=', null],
    ['#other', null],
    ['', null],
  ])('%s', (fragment, key) => expect(keyFromFragment(fragment)).toBe(key));
});
