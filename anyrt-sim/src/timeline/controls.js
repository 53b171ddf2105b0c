// What a person does: filters, selection, movement; and the text around the picture.

const LINES = [
  "Arrow: a packet, from its departure to its arrival. With long dashes: delayed, or sent twice. With ✕: lost.",
  "Line of a host: whole while it is up, yellow dashes while it is paused, red dots after a crash.",
  "Grey bar: a task, from its start to its end.",
  "Red area: a partition, or a hold.",
];

let is_drawing = false;

function redraw() {
  if (is_drawing) return;
  is_drawing = true;
  requestAnimationFrame(() => {
    is_drawing = false;
    draw();
  });
}

function by_id(id) {
  return document.getElementById(id);
}

// Lays everything out again, and keeps the selected event, or the time at the top, in view.
function refresh() {
  lay_out();
  for (const chip of document.querySelectorAll(".chip")) {
    chip.setAttribute("aria-pressed", view.on.has(chip.dataset.group));
  }
  by_id("scale").textContent = view.is_linear ? "scale: time" : "scale: events";
  by_id("shown").textContent = `${layout.shown.length} of ${events.length} events`;
  if (view.selected && layout.position.has(view.selected.index)) reveal(view.selected);
  draw();
}

function reveal(event) {
  const y = y_of_row(event.row);
  if (y < HEAD + 20 || y > view.height - 30) view.top = event.row * view.row - (view.height - HEAD) / 2;
  const x = x_of(event.host);
  if (x < GUTTER || x > view.width - MAP) view.left += x - view.width / 2;
  clamp();
}

function show_header() {
  by_id("title").textContent = data.title;
  document.title = data.title;
  if (data.failure) {
    by_id("failure").hidden = false;
    by_id("failure-line").textContent = data.failure.split("\n")[0];
    by_id("failure-text").textContent = data.failure;
    by_id("failure").querySelector("details").hidden = !data.failure.includes("\n");
  }
  if (data.command) {
    by_id("command").hidden = false;
    by_id("command-text").textContent = data.command;
  }
  by_id("facts").textContent = data.facts;
}

function show_groups() {
  for (const [group, { text }] of Object.entries(GROUPS)) {
    const count = events.filter((event) => event.group === group).length;
    const chip = document.createElement("button");
    Object.assign(chip, { type: "button", className: `chip ${group}`, title: text });
    chip.dataset.group = group;
    chip.textContent = `${group} ${count}`;
    chip.disabled = count === 0;
    chip.addEventListener("click", () => {
      if (!view.on.delete(group)) view.on.add(group);
      refresh();
    });
    by_id("chips").append(chip);
    const item = document.createElement("li");
    const color = document.createElement("i");
    color.className = group;
    item.append(color, text);
    by_id("legend").append(item);
  }
  for (const line of LINES) {
    const item = document.createElement("li");
    item.textContent = line;
    by_id("legend").append(item);
  }
}

function details_of(event) {
  const { packet } = event;
  const rows = [["time", `${write_time(event.at)} (${event.at} ns)`], ["host", host_name(event.host)]];
  if (event.text !== null) rows.push([event.kind === "note" ? "text" : "name", event.text]);
  if (["poll", "spawn", "end"].includes(event.kind)) rows.push(["task", task_name(event.id, event.host)]);
  if (packet) {
    rows.push(["to", host_name(packet.to)], ["ports", `${packet.from_port} → ${packet.to_port}`]);
    if (packet.number) rows.push(["segment", packet.number]);
    rows.push(["bytes", packet.length], ["sent before", packet.attempts], ["fate", data.fates[packet.fate]]);
    if (event.kind === "send") {
      const state = state_at(packet.to, event.arrival);
      rows.push(["arrives", `${write_time(event.arrival)}, after ${write_time(event.arrival - event.at)}`]);
      rows.push(["receiver", `is ${state} then`]);
    }
  }
  if (event.ended) rows.push(["ends", write_time(event.ended.at)]);
  if (event.actor && !["poll", "thread", "advance"].includes(event.kind)) rows.push(["during", event.actor.label]);
  rows.push(["number", event.index]);
  return rows;
}

function select(event) {
  view.selected = event;
  const panel = by_id("detail");
  panel.replaceChildren();
  document.body.dataset.selected = event ? event.index : "";
  if (event) {
    const heading = document.createElement("h2");
    heading.textContent = event.label;
    const table = document.createElement("table");
    for (const [name, value] of details_of(event)) {
      const row = table.insertRow();
      const head = document.createElement("th");
      head.textContent = name;
      row.append(head);
      row.insertCell().textContent = value;
    }
    panel.append(heading, table);
    if (layout.position.has(event.index)) reveal(event);
  }
  redraw();
}

// Selects the event that is shown so many positions after the selected one.
function select_by(step) {
  const { shown, position } = layout;
  if (shown.length === 0) return;
  const here = view.selected ? position.get(view.selected.index) : undefined;
  const at = here === undefined ? first_from(row_of_y(HEAD)) : here + step;
  select(shown[Math.max(0, Math.min(at, shown.length - 1))]);
}

function toggle_host(number) {
  if (!view.hidden.delete(number)) view.hidden.add(number);
  refresh();
}

function toggle_scale() {
  const at = time_of_row(row_of_y(HEAD + 1));
  view.is_linear = !view.is_linear;
  lay_out();
  view.top = row_of(at) * view.row;
  refresh();
}

// Reads the part of the address after `#`: filter, on, off, hide, event, scale and row.
function read_fragment() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const list = (name) => (parts.get(name) || "").split(",").filter((part) => part !== "");
  if (parts.has("filter")) view.filter = by_id("filter").value = parts.get("filter");
  list("on").filter((group) => group in GROUPS).forEach((group) => view.on.add(group));
  list("off").forEach((group) => view.on.delete(group));
  for (const host of hosts) if (list("hide").includes(host.name)) view.hidden.add(host.number);
  if (parts.has("scale")) view.is_linear = parts.get("scale") === "time";
  if (parts.has("row")) view.row = Number(parts.get("row")) || view.row;
  const event = parts.has("event") ? events[Number(parts.get("event"))] : undefined;
  if (event) view.on.add(event.group);
  refresh();
  if (event) select(event);
  else if (data.failure && !document.body.dataset.ready) view.top = Infinity;
  draw();
}

function pressed(event) {
  const page = view.height - HEAD - 40;
  const actions = {
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: () => zoom(0),
    ArrowUp: () => (view.top -= 60), ArrowDown: () => (view.top += 60),
    ArrowLeft: () => (view.left -= 60), ArrowRight: () => (view.left += 60),
    PageUp: () => (view.top -= page), PageDown: () => (view.top += page), " ": () => (view.top += page),
    Home: () => (view.top = 0), End: () => (view.top = Infinity),
    j: () => select_by(1), k: () => select_by(-1), t: toggle_scale,
    "/": () => by_id("filter").focus(), Escape: () => select(null),
  };
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, button, summary")) return;
  if (!(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
  redraw();
}

function moved_by_wheel(event) {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 18 : 1;
  if (event.ctrlKey || event.metaKey) {
    zoom(Math.exp(-event.deltaY * unit * 0.004), event.clientY - picture.getBoundingClientRect().top);
  } else if (event.shiftKey) {
    view.left += event.deltaY * unit;
  } else {
    view.top += event.deltaY * unit;
    view.left += event.deltaX * unit;
  }
  redraw();
}

// Moves the view to a place of the map at the edge.
function go_to_map(y) {
  view.top = (y / view.height) * layout.total * view.row - (view.height - HEAD) / 2;
  redraw();
}

let drag = null;

function drag_begins(event) {
  const box = picture.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  drag = { x, y, top: view.top, left: view.left, is_map: x > view.width - MAP, has_moved: false };
  if (drag.is_map) go_to_map(y);
}

function drag_moves(event) {
  if (!drag || event.buttons === 0) return;
  const box = picture.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  if (drag.is_map) return go_to_map(y);
  if (!drag.has_moved && Math.hypot(x - drag.x, y - drag.y) < 4) return;
  if (!drag.has_moved) picture.setPointerCapture(event.pointerId);
  drag.has_moved = true;
  picture.classList.add("dragged");
  [view.top, view.left] = [drag.top - (y - drag.y), drag.left - (x - drag.x)];
  redraw();
}

function drag_ends() {
  picture.classList.remove("dragged");
}

function clicked(event) {
  const has_moved = drag && (drag.has_moved || drag.is_map);
  drag = null;
  if (has_moved) return;
  const host = event.target.closest("[data-host]");
  if (host) return toggle_host(Number(host.dataset.host));
  const found = event.target.closest("[data-event]");
  select(found ? events[Number(found.dataset.event)] : null);
}

function listen() {
  by_id("filter").addEventListener("input", (event) => {
    view.filter = event.target.value;
    refresh();
  });
  by_id("filter").addEventListener("keydown", (event) => event.key === "Escape" && event.target.blur());
  by_id("scale").addEventListener("click", toggle_scale);
  by_id("smaller").addEventListener("click", () => { zoom(1 / 1.3); redraw(); });
  by_id("larger").addEventListener("click", () => { zoom(1.3); redraw(); });
  by_id("fit").addEventListener("click", () => { zoom(0); redraw(); });
  by_id("copy").addEventListener("click", () => navigator.clipboard.writeText(data.command));
  picture.addEventListener("wheel", moved_by_wheel, { passive: false });
  picture.addEventListener("pointerdown", drag_begins);
  picture.addEventListener("pointermove", drag_moves);
  picture.addEventListener("pointerup", drag_ends);
  picture.addEventListener("click", clicked);
  window.addEventListener("keydown", pressed);
  window.addEventListener("resize", redraw);
  window.addEventListener("hashchange", read_fragment);
}

show_header();
show_groups();
listen();
read_fragment();
document.body.dataset.ready = "true";
