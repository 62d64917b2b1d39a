/**
 * The system under Clang's WebAssembly, as text for the worker thread (`worker-source.ts`): the part of WASI preview 1 that a compiler needs. The package brings an implementation of its own, of which
 * every run costs 10 ms for a tree of 2,466 resource files and more for each write; and it hides the moment at which a program first asks for its arguments, where this one waits for the next request.
 *
 * `wasiHost(imports, { take, print, complain })`: the imports of an instance, by name. `take()` gives `{ args, files }` when the program asks for its arguments; `print(bytes, at, size)` and
 * `complain(bytes)` get what goes to standard output and to the error stream. Numbers in it are errno values and layouts of WASI preview 1.
 */
export const wasiSource = `
const BADF = 8, INVAL = 28, NOENT = 44, NOSYS = 52, NOTDIR = 54, SPIPE = 70;
const CHARACTERS = 2, FOLDER = 3, FILE = 4;
class Exit extends Error {
  constructor(code) {
    super("exit " + code);
    this.code = code;
  }
}
// "/a/./b/../c" as "a/c"; ".." at the beginning stays what it is, as in the names of the files that were sent.
function plain(path) {
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}
function wasiHost(imports, { take, print, complain }) {
  let memory = null, bytes = new Uint8Array(0), view = null, words = null;
  let args = null;
  let tree = null;
  const open = new Map();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  // A memory that has grown leaves views of no length behind.
  const look = () => {
    if (bytes.length !== 0) return;
    bytes = new Uint8Array(memory.buffer);
    view = new DataView(memory.buffer);
    words = new Uint32Array(memory.buffer);
  };
  const request = () => {
    if (args !== null) return;
    const asked = take();
    args = asked.args.map((text) => encoder.encode(text + "\\0"));
    tree = new Map([["", { kind: FOLDER, id: 1n, data: new Uint8Array(0) }]]);
    const enter = (path, kind, data) => {
      if (!tree.has(path)) tree.set(path, { kind, id: BigInt(tree.size + 1), data });
    };
    for (const [name, text] of Object.entries(asked.files)) {
      const path = plain(name);
      for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) enter(path.slice(0, slash), FOLDER, new Uint8Array(0));
      enter(path, FILE, typeof text === "string" ? encoder.encode(text) : text);
    }
    open.set(3, { entry: tree.get(""), at: 0 });
  };
  const find = (path, size) => tree.get(plain(decoder.decode(bytes.subarray(path, path + size))));
  const describe = (at, kind, id, size) => {
    bytes.fill(0, at, at + 64);
    view.setBigUint64(at + 8, id, true);
    bytes[at + 16] = kind;
    view.setBigUint64(at + 24, 1n, true);
    view.setBigUint64(at + 32, BigInt(size), true);
    return 0;
  };
  const read = (file, from, vectors, count, got) => {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const piece = file.entry.data.subarray(from + total, from + total + view.getUint32(vectors + 8 * i + 4, true));
      bytes.set(piece, view.getUint32(vectors + 8 * i, true));
      total += piece.length;
    }
    view.setUint32(got, total, true);
    return total;
  };
  const system = {
    args_sizes_get(count, size) {
      request();
      look();
      view.setUint32(count, args.length, true);
      view.setUint32(size, args.reduce((sum, arg) => sum + arg.length, 0), true);
      return 0;
    },
    args_get(list, at) {
      look();
      for (const arg of args) {
        view.setUint32(list, at, true);
        bytes.set(arg, at);
        list += 4;
        at += arg.length;
      }
      return 0;
    },
    environ_sizes_get(count, size) {
      look();
      view.setUint32(count, 0, true);
      view.setUint32(size, 0, true);
      return 0;
    },
    environ_get: () => 0,
    // The same at every run: output must not depend on it.
    clock_time_get(_id, _precision, at) {
      look();
      view.setBigUint64(at, 0n, true);
      return 0;
    },
    random_get(at, size) {
      look();
      for (let i = 0; i < size; i++) bytes[at + i] = 7 * i + 1;
      return 0;
    },
    fd_prestat_get(fd, at) {
      if (fd !== 3) return BADF;
      look();
      view.setUint32(at, 0, true);
      view.setUint32(at + 4, 1, true);
      return 0;
    },
    fd_prestat_dir_name(_fd, at, _size) {
      look();
      bytes[at] = 47;
      return 0;
    },
    fd_fdstat_get(fd, at) {
      look();
      const file = open.get(fd);
      if (fd > 2 && file === undefined) return BADF;
      bytes.fill(0, at, at + 24);
      bytes[at] = fd < 3 ? CHARACTERS : file.entry.kind;
      view.setBigUint64(at + 8, 0xffff_ffffn, true);
      view.setBigUint64(at + 16, 0xffff_ffffn, true);
      return 0;
    },
    fd_filestat_get(fd, at) {
      look();
      if (fd < 3) return describe(at, CHARACTERS, 0n, 0);
      const file = open.get(fd);
      return file === undefined ? BADF : describe(at, file.entry.kind, file.entry.id, file.entry.data.length);
    },
    path_filestat_get(_fd, _flags, path, size, at) {
      look();
      const entry = find(path, size);
      return entry === undefined ? NOENT : describe(at, entry.kind, entry.id, entry.data.length);
    },
    path_open(_fd, _follow, path, size, flags, _rights, _inheriting, _fdflags, at) {
      look();
      const entry = find(path, size);
      if (entry === undefined) return NOENT;
      if ((flags & 2) !== 0 && entry.kind !== FOLDER) return NOTDIR;
      let fd = 4;
      while (open.has(fd)) fd++;
      open.set(fd, { entry, at: 0 });
      view.setUint32(at, fd, true);
      return 0;
    },
    path_readlink: () => INVAL,
    fd_close: (fd) => (open.delete(fd) ? 0 : BADF),
    fd_read(fd, vectors, count, got) {
      look();
      const file = open.get(fd);
      if (file === undefined) return BADF;
      file.at += read(file, file.at, vectors, count, got);
      return 0;
    },
    fd_pread(fd, vectors, count, from, got) {
      look();
      const file = open.get(fd);
      if (file === undefined) return BADF;
      read(file, Number(from), vectors, count, got);
      return 0;
    },
    fd_seek(fd, by, whence, at) {
      const file = open.get(fd);
      if (file === undefined) return fd < 3 ? SPIPE : BADF;
      look();
      file.at = (whence === 0 ? 0 : whence === 1 ? file.at : file.entry.data.length) + Number(by);
      view.setBigUint64(at, BigInt(file.at), true);
      return 0;
    },
    // LLVM prints a module in tens of thousands of pieces of a few characters.
    fd_write(fd, vectors, count, written) {
      look();
      let total = 0;
      for (let i = vectors >> 2; count > 0; count--, i += 2) {
        const at = words[i], size = words[i + 1];
        if (fd === 1) print(bytes, at, size);
        else complain(bytes.slice(at, at + size));
        total += size;
      }
      words[written >> 2] = total;
      return 0;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
  };
  const given = Object.fromEntries(imports.map((name) => [name, system[name] ?? (() => NOSYS)]));
  return { given, use: (its) => { memory = its; } };
}
`;
