// Where things are: rows for the events that are shown, columns for hosts, and the part of all that is in view.

const GUTTER = 118;
const HEAD = 40;
const FOOT = 26;
const MAP = 46;
const NARROW = 34;
const WIDEST_ROW = 70;

const view = {
  filter: "",
  on: new Set(Object.keys(GROUPS).filter((group) => !GROUPS[group].off)),
  hidden: new Set(),
  is_linear: false,
  row: 20,
  top: 0,
  left: 0,
  selected: null,
  width: 800,
  height: 600,
};

// The events that are shown, in order, and the rows of the whole: `times` and `rows` belong together.
const layout = { shown: [], times: [0], rows: [0], total: 1 };

function is_shown(event, filter) {
  if (!view.on.has(event.group) || view.hidden.has(event.host)) return false;
  if (event.packet && view.hidden.has(event.packet.to)) return false;
  return filter === "" || search_text(event).includes(filter);
}

// Returns the rows that a stretch of time without events takes: few, and more for a longer one.
function gap_rows(nanos) {
  return nanos <= 0 ? 0 : Math.min(2.5, 0.2 * Math.log10(1 + nanos / 1000));
}

function lay_out() {
  const filter = view.filter.trim().toLowerCase();
  layout.shown = events.filter((event) => is_shown(event, filter));
  if (view.is_linear) lay_out_by_time();
  else lay_out_by_event();
  const indices = layout.shown.map((event, at) => [event.index, at]);
  layout.position = new Map(indices);
  document.body.dataset.shown = layout.shown.length;
}

function lay_out_by_time() {
  const rows = Math.max(layout.shown.length, 20);
  const scale = end_of_run > 0 ? rows / end_of_run : 1;
  layout.times = [0, end_of_run];
  layout.rows = [1, rows + 1];
  layout.total = rows + 3;
  for (const event of layout.shown) {
    event.row = 1 + event.at * scale;
    if (event.packet) event.row_to = 1 + arrival_of(event) * scale;
  }
}

function arrival_of(event) {
  return event.kind === "send" ? event.arrival : event.at;
}

// Each event has a row; an arrival takes a part of one.
function lay_out_by_event() {
  const sent = layout.shown.filter((event) => event.packet && event.kind === "send");
  sent.sort((one, other) => one.arrival - other.arrival);
  const [times, rows] = [[0], [0]];
  let [row, last, next] = [0, 0, 0];
  const step = (at, length) => {
    row += gap_rows(at - last) + length;
    last = at;
    times.push(at);
    rows.push(row);
    return row;
  };
  for (const event of layout.shown) {
    while (next < sent.length && sent[next].arrival <= event.at) {
      sent[next].row_to = step(sent[next].arrival, 0.4);
      next += 1;
    }
    event.row = step(event.at, 1);
    if (event.kind === "fault") event.row_to = event.row + 0.8;
  }
  for (; next < sent.length && sent[next].arrival <= end_of_run; next += 1) {
    sent[next].row_to = step(sent[next].arrival, 0.4);
  }
  step(Math.max(end_of_run, last), 1);
  // What would have arrived after the end.
  for (; next < sent.length; next += 1) sent[next].row_to = row + 1;
  Object.assign(layout, { times, rows, total: row + 2 });
}

// Returns the value for a key, in lists that both grow: between those of the keys around it.
function between(key, keys, values) {
  let [low, high] = [0, keys.length - 1];
  if (key >= keys[high]) return values[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (keys[middle] <= key) low = middle;
    else high = middle;
  }
  const span = keys[high] - keys[low];
  const part = span > 0 ? Math.max(0, (key - keys[low]) / span) : 0;
  return values[low] + part * (values[high] - values[low]);
}

function row_of(at) {
  return between(at, layout.times, layout.rows);
}

function time_of_row(row) {
  return between(row, layout.rows, layout.times);
}

// Returns the row of an event, or of its time if it is not shown.
function row_of_event(event) {
  return layout.position.has(event.index) ? event.row : row_of(event.at);
}

function y_of_row(row) {
  return HEAD + row * view.row - view.top;
}

function row_of_y(y) {
  return (y - HEAD + view.top) / view.row;
}

// The columns: the middle and the width of each host's.
function lay_out_columns() {
  const room = view.width - GUTTER - MAP;
  const open = hosts.filter((host) => !view.hidden.has(host.number)).length;
  const wide = Math.max(150, (room - NARROW * (hosts.length - open)) / Math.max(open, 1));
  let x = GUTTER;
  for (const host of hosts) {
    host.width = view.hidden.has(host.number) ? NARROW : wide;
    host.x = x + host.width * (view.hidden.has(host.number) ? 0.5 : 0.4);
    x += host.width;
  }
  layout.width = x - GUTTER;
  view.left = Math.max(0, Math.min(view.left, layout.width - room));
}

function x_of(host) {
  return hosts[host].x - view.left;
}

function least_row() {
  return Math.min(20, (view.height - HEAD - FOOT) / layout.total);
}

// Keeps what is in view within the whole.
function clamp() {
  view.row = Math.max(least_row(), Math.min(view.row, WIDEST_ROW));
  const most = layout.total * view.row + FOOT - (view.height - HEAD);
  view.top = Math.max(0, Math.min(view.top, most));
}

// Changes the zoom around a place.
function zoom(factor, y = HEAD + (view.height - HEAD) / 2) {
  const row = row_of_y(y);
  view.row *= factor;
  clamp();
  view.top = row * view.row - (y - HEAD);
  clamp();
}

// Returns the position of the first event that is shown at or below a row.
function first_from(row) {
  let [low, high] = [0, layout.shown.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (layout.shown[middle].row < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
