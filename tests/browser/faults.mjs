// What is wrong with a page, without asking what it is about.

// A light form of what axe looks for: names of controls and images, labels, ids, order of headings.
export const faults = (page) =>
  page.evaluate(() => {
    const found = [];
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    for (const id of new Set(ids))
      if (ids.filter((each) => each === id).length > 1) found.push(`two of id ${id}`);
    for (const control of document.querySelectorAll('input, select, textarea'))
      if (!control.labels?.length && !control.getAttribute('aria-label'))
        found.push(`no label: ${control.outerHTML.slice(0, 80)}`);
    for (const control of document.querySelectorAll('button, a[href], summary'))
      if (!control.textContent.trim() && !control.getAttribute('aria-label'))
        found.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    for (const image of document.querySelectorAll('svg'))
      if (!image.getAttribute('aria-label') && !image.closest('[aria-hidden="true"]'))
        found.push(`image without a name: ${image.outerHTML.slice(0, 80)}`);
    let last = 1;
    for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
      const level = Number(heading.tagName[1]);
      if (level > last + 1) found.push(`h${level} after h${last}: ${heading.textContent}`);
      last = level;
    }
    for (const described of document.querySelectorAll('[aria-describedby]'))
      for (const id of described.getAttribute('aria-describedby').split(' '))
        if (!document.getElementById(id)) found.push(`nothing is ${id}`);
    return found;
  });

export const tooWide = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// Whether a table sticks out of what holds it, which a page that is wide enough does not show.
export const tablesTooWide = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.panel > table')]
      .filter((table) => table.offsetWidth > table.parentElement.clientWidth)
      .map((table) => table.textContent.slice(0, 60)),
  );
