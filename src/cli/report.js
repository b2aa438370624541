// The page of `astray summary --format html`. Everything that comes from a log is set as text,
// never as markup.
(() => {
  'use strict';
  const PAGE = 100;
  const KINDS = ['went astray', 'failed', 'settings'];
  const data = JSON.parse(document.getElementById('data').textContent);
  const words = data.texts;
  const number = new Intl.NumberFormat('en-US');
  const whole = data.by === 'group';

  const time = seconds => seconds === 0 ? '' :
    new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

  // A text is its number, or a form and what fills its gaps: numbers of texts, or below zero numbers.
  function fill(part) {
    if (typeof part === 'number')
      return words[part];
    let at = 0;
    return words[part[0]].replace(/\u0001/g, () => {
      at++;
      return part[at] < 0 ? String(-part[at]) : words[part[at]];
    });
  }

  const plain = new Set(['kind', 'count', 'first', 'span', 'varied']);
  const findings = data.rows.map((row, index) => {
    const finding = {index};
    data.columns.forEach((name, at) => {
      finding[name] = plain.has(name) ? row[at] : fill(row[at]);
    });
    finding.first = finding.first === 0 ? 0 : data.base + finding.first - 1;
    finding.last = finding.first === 0 ? 0 : finding.first + finding.span;
    return finding;
  });

  // What a search looks in; made at the first search.
  function textOf(finding) {
    finding.text ??= [finding.title, finding.who, finding.origin, finding.outcomes,
      finding.why, finding.fix, finding.ancestry].join('\n').toLowerCase();
    return finding.text;
  }

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // ---- the table -------------------------------------------------------

  const heads = [
    {key: 'count', name: 'Attempts', down: true},
    {key: 'title', name: whole || data.by === 'destination' ? 'Destination' :
      data.by[0].toUpperCase() + data.by.slice(1)},
    ...(whole ? [{key: 'who', name: 'Program'}, {key: 'variable', name: 'Variable or argument'}] : []),
    {key: 'outcomes', name: 'Outcome'},
    {key: 'last', name: 'Last seen', down: true},
  ];
  let order = {key: 'count', down: true};
  let limit = PAGE;
  const search = document.getElementById('search');
  const kind = document.getElementById('kind');
  const shown = document.getElementById('shown');
  const holder = document.getElementById('findings');

  function wanted() {
    const parts = search.value.toLowerCase().split(/\s+/).filter(part => part !== '');
    const found = findings.filter(finding =>
      (kind.value === '' || finding.kind === Number(kind.value)) &&
      parts.every(part => textOf(finding).includes(part)));
    const sign = order.down ? -1 : 1;
    return found.sort((a, b) => {
      const x = a[order.key], y = b[order.key];
      const less = typeof x === 'number' ? x - y : x < y ? -1 : x > y ? 1 : 0;
      return sign * less || a.index - b.index;
    });
  }

  function cell(head, ...children) {
    return element('td', {role: 'cell', class: head.key, 'data-label': head.name}, ...children);
  }

  const contents = {
    count: finding => [number.format(finding.count)],
    title: finding => [element('strong', {}, finding.title),
      ...(finding.kind > 0 ? [' ', element('span', {class: 'badge'}, KINDS[finding.kind])] : [])],
    who: finding => [finding.who],
    variable: finding => [finding.origin === '' ? '–' : finding.origin.replace(/^from /, '')],
    outcomes: finding => [finding.outcomes],
    last: finding => [time(finding.last)],
  };

  function details(finding) {
    const list = element('dl');
    const add = (name, value, attributes) => {
      if (value !== '')
        list.append(element('div', attributes, element('dt', {}, name), element('dd', {}, value)));
    };
    add('Why', finding.why);
    add('Fix', finding.fix, {class: 'fix'});
    add(finding.varied ? 'Started by, for one' : 'Started by', finding.ancestry);
    add('First seen', finding.first === finding.last ? '' : time(finding.first));
    return list;
  }

  function body(finding) {
    const rows = element('tbody', {role: 'rowgroup', class: `kind${finding.kind}`},
      element('tr', {role: 'row'}, ...heads.map(head => cell(head, ...contents[head.key](finding)))));
    const more = details(finding);
    if (more.childElementCount > 0)
      rows.append(element('tr', {role: 'row', class: 'more'},
        element('td', {role: 'cell', colspan: heads.length}, more)));
    return rows;
  }

  function sort(head) {
    order = {key: head.key, down: order.key === head.key ? !order.down : head.down === true};
    draw();
    holder.querySelector(`th.${head.key} button`).focus();
  }

  function headRow() {
    return element('tr', {role: 'row'}, ...heads.map(head => {
      const active = head.key === order.key;
      const button = element('button', {type: 'button'}, head.name,
        element('span', {'aria-hidden': 'true'}, active ? order.down ? ' ▾' : ' ▴' : ''));
      button.addEventListener('click', () => sort(head));
      return element('th', {role: 'columnheader', scope: 'col', class: head.key,
        'aria-sort': active ? order.down ? 'descending' : 'ascending' : 'none'}, button);
    }));
  }

  function draw() {
    const found = wanted();
    const attempts = found.reduce((sum, finding) => sum + finding.count, 0);
    const table = element('table', {role: 'table'},
      element('caption', {}, 'Findings, with what to change'),
      element('thead', {role: 'rowgroup'}, headRow()),
      ...found.slice(0, limit).map(body));
    holder.replaceChildren(table);
    shown.textContent = `${number.format(found.length)} of ${number.format(findings.length)} ` +
      `findings, ${number.format(attempts)} attempts`;
    if (found.length === 0)
      holder.append(element('p', {class: 'left'}, 'Nothing here.'));
    if (found.length <= limit)
      return;
    const more = element('button', {type: 'button', id: 'more'},
      `Show ${number.format(Math.min(found.length - limit, limit * 9))} more of ${number.format(found.length)}`);
    more.addEventListener('click', () => {
      limit *= 10;
      draw();
    });
    holder.append(more);
  }

  function change() {
    limit = PAGE;
    draw();
  }

  // ---- what comes up most ----------------------------------------------

  function tally(key) {
    const counts = new Map();
    for (const finding of findings)
      if (finding.kind === 0 && finding[key] !== '')
        counts.set(finding[key], (counts.get(finding[key]) || 0) + finding.count);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  function top(key, name) {
    const counts = tally(key);
    if (counts.length === 0)
      return [];
    const most = counts[0][1];
    const rows = counts.slice(0, 6).map(([value, count]) => {
      const button = element('button', {type: 'button', title: 'Search for this'}, value);
      button.addEventListener('click', () => {
        search.value = value;
        change();
        search.scrollIntoView({block: 'center'});
      });
      const bar = element('span', {class: 'bar', 'aria-hidden': 'true'});
      bar.style.width = `${Math.max(1, 100 * count / most)}%`;
      return element('tr', {}, element('th', {scope: 'row'}, button, bar),
        element('td', {}, number.format(count)));
    });
    const left = counts.length - rows.length;
    return [element('section', {}, element('h2', {}, `By ${name}`),
      element('table', {}, element('caption', {}, `Attempts by ${name}`),
        element('thead', {}, element('tr', {}, element('th', {scope: 'col'}, name),
          element('th', {scope: 'col'}, 'attempts'))),
        element('tbody', {}, ...rows)),
      ...(left > 0 ? [element('p', {class: 'left'}, `and ${number.format(left)} more`)] : []))];
  }

  kind.append(element('option', {value: ''}, 'everything'), ...KINDS
    .map((name, at) => element('option', {value: at}, name))
    .filter((_, at) => findings.some(finding => finding.kind === at)));
  search.addEventListener('input', change);
  kind.addEventListener('change', change);
  if (whole)
    document.getElementById('tops').append(...top('program', 'program'),
      ...top('title', 'destination'), ...top('variable', 'variable'));
  draw();
})();
