import { Errno } from "../errors.ts";
import { directory, Forest, text, type Directory, type TextFile, type TreeEntry } from "../drm/files/tree.ts";
import type { FileProvider, Vfs } from "../fs/vfs.ts";
import { formatFile, tracepoints } from "./formats.ts";
import { TraceInstance } from "./instance.ts";
import type { Tracer } from "./tracer.ts";

const ROOT = "/sys/kernel/tracing";
/** Only root may look (tracefs is mounted with mode 0700). */
const MODE = 0o640;

/** A switch for a set of events: "0", "1", or "X" when only some are on. */
function enable(instance: TraceInstance, names: readonly string[]): TextFile {
  return {
    mode: MODE,
    read: () => {
      const on = names.filter((name) => instance.enabled.has(name)).length;
      return on === 0 ? "0\n" : on === names.length ? "1\n" : "X\n";
    },
    write: (given) => {
      const word = given.trim();
      if (word !== "0" && word !== "1") return -Errno.EINVAL;
      for (const name of names) instance.set(name, word === "1");
      return given.length;
    },
  };
}

function events(instance: TraceInstance): Directory {
  const systems = [...new Set(tracepoints.map((name) => name.slice(0, name.indexOf(":"))))];
  return directory(() => ({
    enable: enable(instance, tracepoints),
    ...Object.fromEntries(systems.map((system) => {
      const own = tracepoints.filter((name) => name.startsWith(`${system}:`));
      return [system, directory((): Readonly<Record<string, TreeEntry>> => ({
        enable: enable(instance, own),
        ...Object.fromEntries(own.map((name) => [name.slice(system.length + 1), directory(() => ({
          enable: enable(instance, [name]), format: text(() => formatFile(name, tracepoints.indexOf(name) + 1)), id: text(() => `${tracepoints.indexOf(name) + 1}\n`),
        }))])),
      }))];
    })),
  }));
}

/** Files of one buffer. */
function files(instance: TraceInstance): Readonly<Record<string, TreeEntry>> {
  return {
    events: events(instance),
    set_event: {
      mode: MODE,
      read: () => [...instance.enabled].toSorted().map((name) => `${name}\n`).join(""),
      write: (given) => {
        // An empty line turns everything off, as opening with O_TRUNC does.
        if (given.trim() === "") instance.set("*:*", false);
        for (const word of given.split(/\s+/).filter((w) => w !== "")) if (!instance.set(word.replace(/^!/, ""), !word.startsWith("!"))) return -Errno.EINVAL;
        return given.length;
      },
    },
    trace: {
      mode: MODE,
      read: () => instance.text(),
      write: (given) => {
        instance.clear();
        return given.length;
      },
    },
    tracing_on: {
      mode: MODE,
      read: () => (instance.on ? "1\n" : "0\n"),
      write: (given) => {
        if (!/^\s*[01]\s*$/.test(given)) return -Errno.EINVAL;
        instance.on = given.trim() === "1";
        return given.length;
      },
    },
    current_tracer: text(() => "nop\n"),
  };
}

/**
 * tracefs (Documentation/trace/ftrace.rst): tracepoints chosen through events/ or set_event, shown by trace and trace_pipe. Directories made below instances/ are buffers of their own.
 */
export function mountTracefs(vfs: Vfs, tracer: Tracer): void {
  const instances = new Map<string, TraceInstance>();
  const top = new TraceInstance(tracer);
  const forest = new Forest();
  forest.add(ROOT, directory(() => ({
    available_events: text(() => `${tracepoints.join("\n")}\n`),
    available_tracers: text(() => "nop\n"),
    ...files(top),
    instances: directory(() => Object.fromEntries([...instances].map(([name, instance]) => [name, directory(() => files(instance))]))),
  })));
  const nameOf = (path: string): string | null => /^\/sys\/kernel\/tracing\/instances\/([^/]+)$/.exec(path)?.[1] ?? null;
  for (const [prefix, provider] of forest.providers()) {
    const made: FileProvider = {
      ...provider,
      mkdir(path) {
        const name = nameOf(path);
        if (name === null) return -Errno.EPERM;
        const instance = new TraceInstance(tracer);
        instances.set(name, instance);
        vfs.mknod(`${path}/trace_pipe`, () => instance.pipe(), { mode: MODE, uid: 0, gid: 0 });
        return 0;
      },
      rmdir(path) {
        const name = nameOf(path);
        const instance = name === null ? undefined : instances.get(name);
        if (instance === undefined) return name === null ? -Errno.EPERM : -Errno.ENOENT;
        instance.close();
        instances.delete(name!);
        vfs.unlink(`${path}/trace_pipe`);
        return 0;
      },
    };
    vfs.mount(prefix, made);
  }
  vfs.mknod(`${ROOT}/trace_pipe`, () => top.pipe(), { mode: MODE, uid: 0, gid: 0 });
}
