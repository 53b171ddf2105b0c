// The events of the run: what each is called, to which group it belongs, what happens to hosts and tasks.

const data = JSON.parse(document.getElementById("data").textContent);

// Groups of kinds, in the order of the filter. Those that explain little by themselves are off at first.
const GROUPS = {
  hosts: { kinds: ["start", "crash", "pause", "resume"], text: "start, crash, pause of a host" },
  rules: { kinds: ["rule", "partition", "block", "isolate", "hold", "bandwidth", "rule-end"], text: "partition, hold, or rule about packets" },
  faults: { kinds: ["fault"], text: "lost packet" },
  packets: { kinds: ["send"], text: "packet" },
  notes: { kinds: ["note"], text: "note of the program" },
  tasks: { kinds: ["spawn", "end"], text: "start and end of a task" },
  polls: { kinds: ["poll", "thread"], text: "step of a task or thread", off: true },
  choices: { kinds: ["choice"], text: "choice", off: true },
  clock: { kinds: ["advance"], text: "movement of the clock", off: true },
};
const GROUP_OF = {};
for (const [group, { kinds }] of Object.entries(GROUPS)) {
  for (const kind of kinds) GROUP_OF[kind] = group;
}

const hosts = data.hosts.map((name, number) => ({ number, name, states: [], tasks: [], lanes: 1 }));
const tasks = new Map();

function host_name(number) {
  return hosts[number] ? hosts[number].name : `host ${number}`;
}

function task_name(id, host) {
  const task = tasks.get(id);
  if (task) return `${task.name} (${id})`;
  return host === 0 ? "the main future" : `the main future of ${host_name(host)}`;
}

function packet_label(packet) {
  const parts = [data.packets[packet.kind]];
  if (packet.length > 0) parts.push(`${packet.length} B`);
  if (packet.attempts > 0) parts.push("again");
  const fate = data.fates[packet.fate];
  if (packet.fate > 0) parts.push(fate);
  return parts.join(" ");
}

function label_of(event) {
  const { kind, id, host, text, packet, other } = event;
  switch (kind) {
    case "spawn": return `spawn ${event.name}`;
    case "poll": return tasks.has(id) ? `step of ${tasks.get(id).name}` : "step of main";
    case "end": return tasks.has(id) ? `end of ${tasks.get(id).name}` : "end of main";
    case "advance": return "the clock moved";
    case "choice": return `choice ${id}`;
    case "thread": return `turn of thread ${id}`;
    case "send": return packet ? packet_label(packet) : "wait before sending again";
    case "fault": return packet ? packet_label(packet) : "a packet is lost";
    case "start": return event.again ? "starts again" : "starts";
    case "crash": return "crash";
    case "pause": return "pause";
    case "resume": return "goes on";
    case "note": return text;
    case "rule": return `rule ${id}`;
    case "partition": return `partition from ${host_name(other)}`;
    case "block": return `blocked towards ${host_name(other)}`;
    case "isolate": return "isolated";
    case "hold": return `holds packets from and to ${host_name(other)}`;
    case "bandwidth": return `bandwidth limit to ${host_name(other)}`;
    case "rule-end": return event.begun ? `end of: ${event.begun.label}` : `end of rule ${id}`;
    default: return kind;
  }
}

function packet_of([to, from_port, to_port, number, length, attempts, kind, fate]) {
  return { to, from_port, to_port, number, length, attempts, kind, fate };
}

function parse(row, index) {
  const [at, kind, host, id, detail] = row;
  const event = { index, at, kind: data.kinds[kind], host, id, text: null, packet: null, other: null };
  if (typeof detail === "string") event.text = detail;
  else if (Array.isArray(detail)) event.packet = packet_of(detail);
  else if (typeof detail === "number") event.other = detail;
  event.group = GROUP_OF[event.kind];
  if (event.kind === "send") {
    event.arrival = Number(id);
    if (!event.packet) event.group = "clock";
  }
  return event;
}

const events = data.events.map(parse);
const end_of_run = Math.max(data.elapsed, events.length ? events[events.length - 1].at : 0);

// What a state and a task end with, if not with an event.
const END = { at: end_of_run };

function set_state(host, event, state) {
  const { states } = hosts[host];
  if (states.length) states[states.length - 1].until = event;
  states.push({ state, from: event, until: END });
}

function end_task(task, event) {
  if (task.until === END) task.until = event;
}

function crash(event) {
  set_state(event.host, event, "down");
  for (const task of hosts[event.host].tasks) end_task(task, event);
}

// What events mean for hosts and tasks, in their order.
function follow() {
  const rules = new Map();
  let actor = null;
  set_state(0, { at: 0 }, "up");
  for (const event of events) {
    const host = hosts[event.host];
    event.actor = actor;
    switch (event.kind) {
      case "poll": case "thread": actor = event; break;
      case "advance": actor = null; break;
      case "start":
        event.again = host.states.length > 0;
        set_state(event.host, event, "up");
        break;
      case "crash": crash(event); break;
      case "pause": set_state(event.host, event, "paused"); break;
      case "resume": set_state(event.host, event, "up"); break;
      case "spawn": {
        event.name = event.text || `task ${event.id}`;
        const task = { id: event.id, name: event.name, from: event, until: END };
        tasks.set(event.id, task);
        host.tasks.push(task);
        break;
      }
      case "end":
        if (tasks.has(event.id)) end_task(tasks.get(event.id), event);
        else if (event.id !== 0) set_state(event.host, event, "ended");
        break;
      case "rule": case "partition": case "block": case "isolate": case "hold": case "bandwidth":
        rules.set(event.id, event);
        break;
      case "rule-end":
        event.begun = rules.get(event.id);
        if (event.begun) event.begun.ended = event;
        break;
    }
    event.label = label_of(event);
  }
}

// Gives each task a lane in the column of its host: the first that is free.
function assign_lanes(host) {
  const busy_until = [];
  for (const task of host.tasks) {
    let lane = busy_until.findIndex((until) => until <= task.from.at);
    if (lane < 0) lane = busy_until.length < MOST_LANES ? busy_until.length : MOST_LANES - 1;
    busy_until[lane] = Math.max(busy_until[lane] || 0, task.until.at);
    task.lane = lane;
  }
  host.lanes = busy_until.length;
}

const MOST_LANES = 6;
follow();
hosts.forEach(assign_lanes);

// Returns the state of a host at a time.
function state_at(host, at) {
  const { states } = hosts[host];
  const found = states.findLast(({ from }) => from.at <= at);
  return found ? found.state : "not started";
}

// Writes a time, in nanoseconds, in the largest unit that it has.
function write_time(nanos) {
  if (nanos === 0) return "0";
  const units = [["d", 86400e9], ["h", 3600e9], ["min", 60e9], ["s", 1e9], ["ms", 1e6], ["µs", 1e3]];
  const [name, size] = units.find(([, size]) => nanos >= size) || ["ns", 1];
  if (size <= 1e9) return `${Number((nanos / size).toFixed(6))} ${name}`;
  const whole = Math.floor(nanos / size);
  const rest = nanos - whole * size;
  return rest < 1e6 ? `${whole} ${name}` : `${whole} ${name} ${write_time(rest)}`;
}

function search_text(event) {
  if (event.search === undefined) {
    const parts = [event.label, event.kind, host_name(event.host)];
    if (event.packet) parts.push(host_name(event.packet.to), event.packet.from_port, event.packet.to_port);
    if (event.other !== null) parts.push(host_name(event.other));
    event.search = parts.join(" ").toLowerCase();
  }
  return event.search;
}
