// Drawing: what is in view, as elements of the picture. Where there are too many, they are counted.

const SVG = "http://www.w3.org/2000/svg";
const picture = document.getElementById("view");
const MOST_MARKS = 900;
const MOST_ARROWS = 700;
const LEAST_LABEL = 12;

// The groups by importance: their labels have precedence where there is little room.
const IMPORTANCE = Object.keys(GROUPS);

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function text(x, y, content, attributes = {}) {
  const made = element("text", { x, y, ...attributes });
  made.textContent = content;
  return made;
}

function shorten(content, width) {
  const most = Math.max(3, Math.floor(width / 6.1));
  const line = content.replaceAll("\n", " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

function class_of(event) {
  const is_good = event.kind === "start" || event.kind === "resume";
  return is_good ? `${event.group} good` : event.group;
}

function draw() {
  view.width = picture.clientWidth || 1000;
  view.height = picture.clientHeight || 600;
  lay_out_columns();
  clamp();
  const scene = document.createDocumentFragment();
  const inside = element("g", {});
  scene.append(inside);
  const first = Math.max(0, first_from(row_of_y(HEAD) - 1));
  const last = first_from(row_of_y(view.height) + 1);
  const visible = layout.shown.slice(first, last);
  draw_selected(inside);
  draw_bands(inside);
  hosts.forEach((host) => draw_life(inside, host));
  draw_arrows(inside);
  if (visible.length > MOST_MARKS) draw_density(inside, visible);
  draw_marks(inside, visible);
  draw_end(inside);
  draw_times(scene, visible);
  draw_heads(scene);
  draw_map(scene);
  picture.replaceChildren(scene);
}

function draw_selected(scene) {
  const { selected } = view;
  if (!selected || !layout.position.has(selected.index)) return;
  const y = y_of_row(selected.row);
  scene.append(element("rect", { class: "selected", x: 0, y: y - 8, width: view.width - MAP, height: 16 }));
}

// Partitions, holds and rules that lose packets, from their beginning to their end.
function draw_bands(scene) {
  if (!view.on.has("rules")) return;
  for (const event of events) {
    if (!["partition", "block", "isolate", "hold"].includes(event.kind) || view.hidden.has(event.host)) continue;
    const [top, bottom] = [event, event.ended || END].map(row_of_event).map(y_of_row);
    if (bottom < HEAD || top > view.height) continue;
    const xs = [x_of(event.host)];
    if (event.other !== null && hosts[event.other]) xs.push(x_of(event.other));
    const half = event.other === null ? hosts[event.host].width / 2 - 4 : 0;
    const [left, right] = [Math.min(...xs) - half * 0.8, Math.max(...xs) + half * 1.2];
    const band = { class: "band", x: left, y: top, width: right - left, height: Math.max(1, bottom - top) };
    scene.append(element("rect", band));
    for (const y of event.ended ? [top, bottom] : [top]) {
      scene.append(element("line", { class: "bandline", x1: left, x2: right, y1: y, y2: y }));
    }
  }
}

// The line of a host, with its states, and the bars of its tasks.
function draw_life(scene, host) {
  const x = x_of(host.number);
  if (x < GUTTER - host.width || x > view.width) return;
  for (const { state, from, until } of host.states) {
    const [top, bottom] = [from, until].map(row_of_event).map(y_of_row);
    if (bottom < HEAD || top > view.height) continue;
    const [y1, y2] = [Math.max(top, HEAD - 5), Math.min(bottom, view.height + 5)];
    scene.append(element("line", { class: `life ${state}`, x1: x, x2: x, y1, y2 }));
  }
  if (view.hidden.has(host.number)) return;
  let drawn = 0;
  for (const task of host.tasks) {
    const [top, bottom] = [task.from, task.until].map(row_of_event).map(y_of_row);
    if (bottom < HEAD || top > view.height || drawn > 150) continue;
    drawn += 1;
    const bar = { class: "task", x: x + 7 + task.lane * 6, y: top, width: 4, height: Math.max(2, bottom - top), rx: 2 };
    const title = element("title", {});
    title.textContent = `task ${task.name} (${task.id})`;
    scene.append(element("rect", { ...bar, "data-event": task.from.index }, title));
  }
}

function draw_arrows(scene) {
  const [top, bottom] = [row_of_y(HEAD), row_of_y(view.height)];
  const taken = new Set();
  let count = 0;
  for (const event of layout.shown) {
    if (!event.packet || event.row_to === undefined || event.row > bottom || event.row_to < top) continue;
    // Arrows that would cover each other are drawn once.
    const [y1, y2] = [y_of_row(event.row), y_of_row(event.row_to)];
    const key = `${event.host} ${event.packet.to} ${event.kind} ${Math.round(y1 / 3)} ${Math.round(y2 / 3)}`;
    if (taken.has(key) || count > MOST_ARROWS) continue;
    taken.add(key);
    count += 1;
    draw_arrow(scene, event, y1, y2);
  }
}

function draw_arrow(scene, event, y1, y2) {
  const [x1, x2] = [x_of(event.host), x_of(event.packet.to)];
  const attributes = { "data-event": event.index, "data-to": event.packet.to };
  if (event.host === event.packet.to) {
    const d = `M ${x1} ${y1} C ${x1 - 34} ${y1}, ${x1 - 34} ${y2}, ${x1 - 4} ${y2}`;
    scene.append(element("path", { ...attributes, class: "arrow inner", d }));
    return;
  }
  const is_late = event.packet.fate === 1 || event.packet.fate === 2;
  const is_lost = event.kind === "fault" || state_at(event.packet.to, event.arrival) === "down";
  const [dx, dy] = [x2 - x1, y2 - y1];
  const part = event.kind === "fault" ? 0.45 : 1;
  const [x, y] = [x1 + dx * part, y1 + dy * part];
  const style = is_lost ? "lost" : is_late ? "late" : "";
  scene.append(element("line", { ...attributes, class: `arrow ${style}`, x1, y1, x2: x, y2: y }));
  if (is_lost) {
    const d = `M ${x - 4} ${y - 4} l 8 8 m 0 -8 l -8 8`;
    scene.append(element("path", { class: "cross", d }));
    return;
  }
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const [bx, by] = [x - 8 * ux, y - 8 * uy];
  const points = `${x},${y} ${bx - 3.5 * uy},${by + 3.5 * ux} ${bx + 3.5 * uy},${by - 3.5 * ux}`;
  scene.append(element("polygon", { class: `tip ${style}`, points }));
}

// The number of events of each group in each few pixels, as a bar beside the line of their host.
function draw_density(scene, visible) {
  const counts = new Map();
  for (const event of visible) {
    const y = Math.floor(y_of_row(event.row) / 4) * 4;
    const key = `${event.host} ${event.group} ${y}`;
    counts.set(key, (counts.get(key) || 0) + 1);
  }
  for (const [key, count] of counts) {
    const [host, group, y] = key.split(" ");
    const width = Math.min(hosts[host].width / 2 - 10, 3 + 5 * Math.log2(1 + count));
    scene.append(element("rect", { class: `density ${group}`, x: x_of(host) - width, y, width, height: 3 }));
  }
}

// Events with their labels: the important ones first, where there is no room for all.
function draw_marks(scene, visible) {
  const is_dense = visible.length > MOST_MARKS;
  const by_importance = view.row >= LEAST_LABEL ? visible : visible.toSorted((one, other) =>
    IMPORTANCE.indexOf(one.group) - IMPORTANCE.indexOf(other.group) || one.index - other.index);
  const rooms = new Map();
  let count = 0;
  for (const event of by_importance) {
    const y = y_of_row(event.row);
    const room = `${event.host} ${is_left(event)}`;
    if (!rooms.has(room)) rooms.set(room, new Set());
    const has_label = is_free(rooms.get(room), y);
    if ((is_dense && !has_label) || count > MOST_MARKS) continue;
    count += 1;
    scene.append(draw_mark(event, y, has_label));
  }
}

// Returns whether a label has room, and takes the room.
function is_free(taken, y) {
  const slot = Math.round(y / LEAST_LABEL);
  if (view.row < LEAST_LABEL && (taken.has(slot) || taken.has(slot - 1) || taken.has(slot + 1))) return false;
  taken.add(slot);
  return true;
}

// The label of a packet is on the side where its arrow is not.
function is_left(event) {
  return event.packet !== null && event.packet.to > event.host;
}

// Returns the room for a label. Where each event has a row, it may go on into the next column.
function room_right(host, x) {
  const columns = view.row >= LEAST_LABEL ? 1.6 : 0.55;
  return Math.min(host.width * columns, view.width - MAP - x - 4);
}

function draw_mark(event, y, has_label) {
  const host = hosts[event.host];
  const x = x_of(event.host);
  const is_strong = ["hosts", "rules", "notes"].includes(event.group);
  const mark = element("g", {
    class: `mark ${class_of(event)} ${event.kind} ${is_strong ? "strong" : ""}`,
    "data-event": event.index,
  });
  mark.append(element("circle", { class: "dot", cx: x, cy: y, r: is_strong ? 5 : 3 }));
  if (has_label) {
    const beside = 9 + host.lanes * 6;
    const label = is_left(event)
      ? text(x - 9, y + 4, shorten(event.label, host.width * 0.4), { class: "label", "text-anchor": "end" })
      : text(x + beside, y + 4, shorten(event.label, room_right(host, x + beside)), { class: "label" });
    mark.append(label);
  }
  return mark;
}

function draw_end(scene) {
  const y = y_of_row(row_of(end_of_run) + 0.6);
  if (y > view.height) return;
  const style = data.failure ? "fail" : "rowline";
  scene.append(element("line", { class: style, x1: GUTTER, x2: view.width - MAP, y1: y, y2: y }));
  const content = data.failure ? `failure: ${data.failure.split("\n")[0]}` : "end of the run";
  const room = shorten(content, view.width - GUTTER - MAP - 20);
  scene.append(text(GUTTER + 6, y + 14, room, { class: data.failure ? "failtext end" : "time end", style: "text-anchor: start" }));
}

function draw_times(scene, visible) {
  scene.append(element("rect", { class: "head", x: 0, y: 0, width: GUTTER - 6, height: view.height }));
  let [y_before, at_before] = [-100, null];
  for (const event of visible) {
    const y = y_of_row(event.row);
    if (y < HEAD || y - y_before < 13 || event.at === at_before) continue;
    scene.append(text(GUTTER - 12, y + 4, write_time(event.at), { class: "time" }));
    [y_before, at_before] = [y, event.at];
  }
}

function draw_heads(scene) {
  const width = view.width - MAP;
  scene.append(element("rect", { class: "head", x: 0, y: 0, width, height: HEAD - 6 }));
  scene.append(element("line", { class: "rowline", x1: 0, x2: width, y1: HEAD - 6, y2: HEAD - 6 }));
  const at_top = time_of_row(row_of_y(HEAD + 1));
  for (const host of hosts) {
    const x = x_of(host.number);
    if (x < GUTTER - host.width / 2 || x > view.width) continue;
    const is_hidden = view.hidden.has(host.number);
    const group = element("g", { class: `host ${is_hidden ? "hidden" : ""}`, "data-host": host.number });
    const name = shorten(is_hidden ? "+" : host.name, host.width);
    const title = element("title", {});
    title.textContent = `${is_hidden ? "show" : "hide"} host ${host.name}`;
    group.append(title, text(x, 17, name));
    if (!is_hidden) group.append(text(x, 30, state_at(host.number, at_top), { class: "state" }));
    scene.append(group);
  }
  const more = layout.width - view.left - (width - GUTTER);
  if (more > 1) scene.append(text(width - 4, 30, "more hosts →", { class: "time" }));
  if (view.left > 1) scene.append(text(GUTTER - 12, 30, "← more hosts", { class: "time" }));
}

// The whole run at the edge, with the part in view.
function draw_map(scene) {
  const x = view.width - MAP + 4;
  const height = view.height;
  const map = element("g", { id: "map" });
  map.append(element("rect", { class: "map", x, y: 0, width: MAP, height }));
  const slots = new Map();
  for (const event of layout.shown) {
    const slot = Math.floor((event.row / layout.total) * (height / 3));
    const [count, best] = slots.get(slot) || [0, IMPORTANCE.length - 1];
    slots.set(slot, [count + 1, Math.min(best, IMPORTANCE.indexOf(event.group))]);
  }
  for (const [slot, [count, best]] of slots) {
    const width = Math.min(MAP - 8, 3 + 4 * Math.log2(1 + count));
    map.append(element("rect", { class: `density ${IMPORTANCE[best]}`, x, y: slot * 3, width, height: 2.5 }));
  }
  const whole = layout.total * view.row;
  const top = (view.top / whole) * height;
  const part = Math.min(1, (view.height - HEAD) / whole) * height;
  map.append(element("rect", { class: "window", x, y: top, width: MAP - 5, height: Math.max(4, part) }));
  scene.append(map);
}
